"""Names of rooms and of participants: what LiveKit takes, and what a person can read."""

from __future__ import annotations

import unicodedata

from bot.errors import UsageError

# livekit-server's default limits (`limit.max_room_name_length` and
# `limit.max_participant_identity_length` in its config package), in bytes of UTF-8.
MAX_ROOM_NAME_BYTES = 256
MAX_IDENTITY_BYTES = 256
_SHOWN_CHARACTERS = 24


def check_room_name(name: str) -> str:
    """The name itself, if a room can have it.

    Raises:
        UsageError: blank, too long for LiveKit, or with a character that cannot be seen.
    """
    return _checked("ROOM", "room name", name, MAX_ROOM_NAME_BYTES)


def check_identity(name: str) -> str:
    """The name itself, if a participant can have it as identity.

    Raises:
        UsageError: blank, too long for LiveKit, or with a character that cannot be seen.
    """
    return _checked("--identity", "name", name, MAX_IDENTITY_BYTES)


def _checked(parameter: str, noun: str, name: str, max_bytes: int) -> str:
    def wrong(what: str) -> UsageError:
        shown = ascii(name[:_SHOWN_CHARACTERS])[1:-1] + ("..." if name[_SHOWN_CHARACTERS:] else "")
        return UsageError(f"{parameter}: the {noun} '{shown}' {what}")

    if not name.strip():
        raise UsageError(f"{parameter}: the {noun} is empty; give one, for example demo-1")
    if name != name.strip():
        raise wrong("begins or ends with a space; remove it")
    hidden = next((character for character in name if not character.isprintable()), None)
    if hidden is not None:
        code = unicodedata.name(hidden, f"U+{ord(hidden):04X}")
        raise wrong(f"has a character that cannot be seen ({code}); remove it")
    length = len(name.encode())
    if length > max_bytes:
        raise wrong(f"is {length} bytes long; at most {max_bytes} are possible: shorten it")
    return name
