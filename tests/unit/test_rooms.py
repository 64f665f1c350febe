"""Which names a room and a participant can have."""

from __future__ import annotations

import pytest

from bot.errors import UsageError
from bot.rooms import check_identity, check_room_name


@pytest.mark.parametrize(
    "name",
    ["demo-1", "sales call 7", "Büro", "営業", "a/b?c#d", "../../etc", "<b>", "😀", "x" * 256],
)
def test_a_name_that_can_be_read_and_fits_is_kept_as_it_is(name: str) -> None:
    assert check_room_name(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        (" demo", "begins or ends with a space"),
        ("demo\n", "begins or ends with a space"),
        ("a\tb", "cannot be seen"),
        ("a\0b", "cannot be seen"),
        ("a\x1b[31mb", "cannot be seen"),
        ("a\u200bb", "ZERO WIDTH SPACE"),
        ("a\u202eb", "RIGHT-TO-LEFT OVERRIDE"),
        ("a\udc80b", "cannot be seen"),
        ("x" * 300, "300 bytes long"),
        ("ü" * 129, "258 bytes long"),
    ],
)
def test_any_other_name_gets_one_line_that_names_the_argument(name: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_room_name(name)
    message = str(caught.value)
    assert message.startswith("ROOM: ")
    assert why in message
    assert message.isprintable(), "the message must not carry the characters that it complains of"
    assert len(message) < 200


def test_an_identity_is_checked_under_its_own_option() -> None:
    assert check_identity("jane") == "jane"
    with pytest.raises(UsageError, match=r"^--identity: "):
        check_identity("j\0")
