"""The consent ledger: written with the lead, kept after its erasure, and about nobody by name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bot.config import Settings
from bot.records import ConsentRecord
from bot.storage.consents import KEY_FILE, Subjects
from bot.storage.store import Store
from tests.integration.storage.conftest import settings_for
from tests.integration.storage.test_erasure import everything_in
from tests.unit.storage.samples import BEGAN, PERSONAL, call_of, lead_of, turn_of

pytestmark = pytest.mark.integration

NAME, EMAIL, PHONE = PERSONAL


def consent_of(verdict: str = "given", **changes: Any) -> ConsentRecord:
    values: dict[str, Any] = {
        "matter": "contact",
        "verdict": verdict,
        "words": f"Yes please, I'm {NAME}",
        "turn": 3,
        "at": BEGAN,
        "source": "rules",
        "email": EMAIL,
        "phone": PHONE,
    }
    return ConsentRecord(**values | changes)


async def entries(store: Store, lead_id: str = "lead-1") -> list[tuple[str, str, str]]:
    return [(e.matter, e.verdict, e.words) for e in await store.consents(lead_id)]


async def test_it_is_written_with_the_lead_and_is_no_part_of_its_document(store: Store) -> None:
    lead = lead_of(consents=[consent_of()])
    await store.start_call(call_of(), lead)
    assert await entries(store) == [("contact", "given", f"Yes please, I'm {NAME}")]
    assert "consents" not in lead.model_dump(mode="json")
    assert "consents" not in (await store.lead("lead-1")).model_dump(mode="json")
    assert (await store.lead("lead-1")).revision == 1


async def test_writing_it_again_changes_nothing_and_a_later_entry_is_added(store: Store) -> None:
    first, later = consent_of(), consent_of("withdrawn", turn=7, words="remove me")
    await store.start_call(call_of(), lead_of(consents=[first]))
    for _ in range(2):
        await store.save_turn("call-1", turn_of(2), lead_of(consents=[first, later]))
    assert [entry[1] for entry in await entries(store)] == ["given", "withdrawn"]


async def test_no_later_lead_takes_an_entry_back(store: Store) -> None:
    await store.start_call(call_of(), lead_of(consents=[consent_of("refused")]))
    await store.finish_call(call_of(), lead_of(consents=[]))
    assert [entry[1] for entry in await entries(store)] == ["refused"]


async def test_whom_it_is_about_may_become_known_later_and_is_not_forgotten(store: Store) -> None:
    unknown = consent_of("withdrawn", email=None, phone=None)
    await store.start_call(call_of(), lead_of(consents=[unknown]))
    assert not await store.contact_forbidden(email=EMAIL)
    await store.save_turn("call-1", turn_of(2), lead_of(consents=[consent_of("withdrawn")]))
    await store.save_turn("call-1", turn_of(3), lead_of(consents=[unknown]))
    assert await store.contact_forbidden(email=EMAIL)


async def test_do_not_contact_is_honoured_after_the_erasure(store: Store) -> None:
    await store.start_call(call_of(), lead_of(consents=[consent_of("withdrawn")]))
    await store.erase_lead("lead-1")
    assert await store.contact_forbidden(email=EMAIL.upper())
    assert await store.contact_forbidden(phone=f"{PHONE};ext=12")
    assert not await store.contact_forbidden(email="somebody@else.example")
    assert not await store.contact_forbidden()


async def test_the_newest_word_counts_of_whichever_call(store: Store) -> None:
    no = consent_of("refused")
    yes = consent_of("given", at=BEGAN + timedelta(days=1))
    await store.start_call(call_of(), lead_of(consents=[no]))
    assert await store.contact_forbidden(phone=PHONE)
    await store.start_call(call_of("2"), lead_of("2", consents=[yes]))
    assert not await store.contact_forbidden(phone=PHONE)
    recording = consent_of("refused", matter="recording", at=BEGAN + timedelta(days=2))
    await store.start_call(call_of("3"), lead_of("3", consents=[recording]))
    assert not await store.contact_forbidden(phone=PHONE)


@pytest.mark.parametrize("erase", ["lead", "call"])
async def test_an_erasure_leaves_the_entry_and_nothing_about_the_person(
    store: Store, erase: str
) -> None:
    words = f"Yes please, contact me, I'm {NAME}, {EMAIL}, {PHONE}"
    await store.start_call(call_of(), lead_of(consents=[consent_of(words=words)]))
    if erase == "lead":
        await store.erase_lead("lead-1")
    else:
        await store.erase_call("call-1")
    assert await entries(store) == [("contact", "given", "Yes please contact me I'm …")]
    async with store._engine.connect() as connection:
        left = await everything_in(connection)
    assert not [word for word in PERSONAL if word in left]
    # A write that comes late brings nothing back.
    await store.save_turn("call-1", turn_of(9), lead_of(consents=[consent_of(words=words)]))
    assert [entry[2] for entry in await entries(store)] == ["Yes please contact me I'm …"]


async def test_it_does_not_hang_on_the_call_or_the_lead(store: Store) -> None:
    await store.start_call(call_of(), lead_of(consents=[consent_of("refused")]))
    async with store._writing_engine.begin() as connection:
        for table in ("lead_fields", "lead_revisions", "leads", "turns", "calls"):
            await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
    assert [entry[1] for entry in await entries(store)] == ["refused"]
    assert await store.contact_forbidden(email=EMAIL)


def test_without_the_key_a_hash_says_nothing(tmp_path: Path) -> None:
    one = Subjects.of(settings_for(tmp_path / "one"))
    other = Subjects.of(settings_for(tmp_path / "other"))
    again = Subjects.of(settings_for(tmp_path / "one"))
    assert one.email(EMAIL) == again.email(EMAIL) != other.email(EMAIL)
    assert one.email(EMAIL) != one.phone(EMAIL)
    assert (tmp_path / "one" / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_workers_with_the_same_setting_have_the_same_key(tmp_path: Path) -> None:
    def subjects(folder: str) -> Subjects:
        settings = Settings(
            _env_file=None,
            data_dir=tmp_path / folder,
            consent_key=SecretStr("a key of many characters"),
        )
        return Subjects.of(settings)

    assert subjects("one").phone(PHONE) == subjects("other").phone(PHONE)
    assert not (tmp_path / "one").exists()


def test_a_data_directory_that_cannot_be_used_costs_the_hash_and_not_the_entry(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("no directory")
    assert Subjects.of(settings_for(tmp_path / "file")).email(EMAIL) is None
