"""A playbook's faults are named by file, line and field, with what to do."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from flows.playbook import Verify
from flows.playbook_text import PlaybookError, parse_playbook
from tests.unit.flows.talk import default_playbook

TEXT = (files("flows") / "playbooks" / "b2b-software.yaml").read_text("utf-8")


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(PlaybookError) as caught:
        parse_playbook(text, source="my.yaml")
    return caught.value.problems


def line_of(text: str, part: str) -> int:
    return text[: text.index(part.strip())].count("\n") + 1


def test_the_default_asks_the_documented_fields_in_order() -> None:
    assert default_playbook().keys == (
        "name", "company", "need", "team_size", "budget", "timeline", "decision_maker", "email",
        "phone", "consent_to_contact", "meeting",
    )  # fmt: skip


def test_email_and_phone_are_read_back_and_names_amounts_and_dates_echoed() -> None:
    verify = {f.key: f.verify for f in default_playbook().fields}
    assert {k for k, v in verify.items() if v is Verify.READBACK} == {"email", "phone"}
    assert {k for k, v in verify.items() if v is Verify.ECHO} == {
        "name", "company", "team_size", "budget", "timeline", "meeting",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("kind: email", "kind: emial", "fields[7].kind", "did you mean 'email'?"),
        ("  style: warm", "  stile: warm", "persona.stile", "did you mean 'style'?"),
        (
            "    verify: readback\n",
            "    verify: reedback\n",
            "fields[7].verify",
            "did you mean 'readback'?",
        ),
        ("min: 1, max: 1000000", "min: 9, max: 2", "fields[3].validation", "greater than max"),
        ("field: meeting", "field: meating", "rubric[9].field", "no field 'meating'"),
        ("- key: company", "- key: name", "fields[1].key", "twice"),
        ("America/New_York", "America/Atlantis", "time_zone", "not a time zone"),
        ("region: US", "region: usa", "region", "match pattern"),
        ("the AI assistant", "the assistant", "greeting", "AI assistant"),
        ("{persona}, the AI", "{person}, the AI", "greeting", "{persona}"),
        ("score_at_least: 55", "score_at_least: lots", "dispositions.qualified", "integer"),
        ("Nice to meet you, {value}", "Hi {values}", "fields[0].acknowledgement", "{value}"),
    ],
)
def test_a_fault_names_file_line_field_and_remedy(
    old: str, new: str, where: str, says: str
) -> None:
    text = TEXT.replace(old, new, 1)
    first = problems(text)[0]
    line = TEXT[: TEXT.index(old)].count("\n") + 1
    assert first.startswith(f"my.yaml:{line}: {where}")
    assert says in first
    assert "\n" not in first


def test_a_missing_entry_is_named_where_it_belongs() -> None:
    text = re.sub(r"(?m)^    label: company\n", "", TEXT)
    line = line_of(text, "- key: company")
    assert problems(text) == (f"my.yaml:{line}: fields[1].label: is missing: add it",)


def test_every_fault_is_listed_from_top_to_bottom() -> None:
    text = TEXT.replace("kind: email", "kind: emial").replace("title:", "titel:")
    lines = [int(p.split(":")[1]) for p in problems(text)]
    assert len(lines) == 3
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    "text",
    [
        "", "just words", "- a\n- list", "fields: [", "a: &x [*x]", "\x00", "name: {a: b",
        "? [x]\n: y", "name: !!python/object:os.system x", "a: 1\na: 2", "1: 2", "x: " + "[" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_playbook_is_one_clear_line(text: str) -> None:
    first = problems(text)[0]
    assert re.match(r"my\.yaml(:\d+)?: \S", first)
    assert "\n" not in first


def test_a_key_given_twice_is_an_error_and_not_the_last_one_silently() -> None:
    text = TEXT.replace("currency: USD", "currency: USD\ncurrency: EUR")
    line = line_of(text, "currency: EUR")
    assert problems(text)[0] == f"my.yaml:{line}: currency: is there twice"
