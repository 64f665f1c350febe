"""What only a journal knows is saved though its bot lost the call; what others heard stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.records import ConsentRecord, LeadRecord
from bot.storage.backlog import FinishWrite, StartWrite, TurnWrite, Write
from bot.storage.journal import encode, journal_folder
from bot.storage.replay import replay_journals
from bot.storage.store import Store
from tests.unit.storage.samples import BEGAN, call_of, field_of, lead_of, turn_of

pytestmark = pytest.mark.integration

ENDED = BEGAN + timedelta(minutes=3)
CONSENT = ConsentRecord(
    matter="contact", verdict="given", words="yes, call me", turn=2, at=BEGAN, source="rules"
)


def unknown_fields(**known: Any) -> dict[str, Any]:
    return dict.fromkeys(("name", "email", "budget", "company"), field_of(None, "open")) | known


def left_behind(folder: Path, *writes: Write, token: int = 1) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = b"".join(encode(write, token) for write in writes)
    (folder / f"call-1-{token}.journal").write_bytes(content)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return journal_folder(tmp_path)


def turn_with(lead: LeadRecord) -> TurnWrite:
    return TurnWrite(call_id="call-1", turn=turn_of(4), lead=lead, latency=None)


async def test_a_bot_that_began_anew_without_the_session_does_not_cost_the_first_ones_lead(
    store: Store, folder: Path
) -> None:
    left_behind(folder, turn_with(lead_of()))
    anew = lead_of(lead_id="lead-anew", fields=unknown_fields(), score=0, score_reasons=[])
    await store.finish_call(
        call_of(lead_id="lead-anew", ended_at=ENDED, end_reason="completed"), anew, token=2
    )
    report = await replay_journals(store, folder)
    assert (report.salvaged, report.refused) == (1, 0)
    assert (await store.lead("lead-1")).fields == lead_of().fields
    assert (await store.lead("lead-anew")).fields == anew.fields
    assert list(folder.iterdir()) == []


async def test_what_the_next_bot_never_heard_is_added_to_its_lead_as_a_revision(
    store: Store, folder: Path
) -> None:
    left_behind(folder, turn_with(lead_of(consents=[CONSENT])))
    heard = {"company": field_of("Acme", "validated"), "name": field_of("Jane Doe", "heard")}
    await store.finish_call(
        call_of(resumed=1, ended_at=ENDED, end_reason="completed"),
        lead_of(fields=unknown_fields(**heard), score=0, score_reasons=[]),
        token=2,
    )
    assert (await replay_journals(store, folder)).salvaged == 1
    lead = await store.lead("lead-1")
    assert lead.revision == 2
    # Confirmed, and the next bot did not know it.
    assert lead.fields["email"] == lead_of().fields["email"]
    # What the next bot heard stays, whatever was known before.
    assert lead.fields["company"]["value"] == "Acme"
    assert lead.fields["name"] == heard["name"]
    assert [entry.words for entry in await store.consents("lead-1")] == ["yes, call me"]
    assert (await store.call("call-1")).resumed == 1
    left_behind(folder, turn_with(lead_of()))
    assert (await replay_journals(store, folder)).refused == 1
    assert (await store.lead("lead-1")).revision == 2


async def test_a_call_that_was_only_declared_over_ends_as_its_bot_knows_it_ended(
    store: Store, folder: Path
) -> None:
    await store.start_call(call_of(), lead_of(fields=unknown_fields(), score=0), token=1)
    turns = [turn_of(n) for n in (1, 2, 3)]
    left_behind(
        folder,
        turn_with(lead_of(score=5)),
        FinishWrite(
            call=call_of(ended_at=ENDED, end_reason="completed", turns=turns),
            lead=lead_of(score=70),
        ),
    )
    # The watch, which knew the last checkpoint only.
    await store.finish_call(
        call_of(ended_at=ENDED, end_reason="caller_left"), lead_of(fields=unknown_fields()), token=2
    )
    assert (await replay_journals(store, folder)).salvaged == 1
    call = await store.call("call-1")
    assert call.end_reason == "completed"
    assert [turn.n for turn in call.turns] == [1, 2, 3, 4]
    lead = await store.lead("lead-1")
    assert (lead.score, lead.fields) == (70, lead_of().fields)


async def test_a_call_that_goes_on_is_waited_for(store: Store, folder: Path) -> None:
    left_behind(folder, turn_with(lead_of()))
    running = call_of(resumed=1, started_at=datetime.now(UTC))
    await store.start_call(running, lead_of(fields=unknown_fields()), token=2)
    assert (await replay_journals(store, folder)).waiting == 1
    assert len(list(folder.iterdir())) == 1
    ended = running.model_copy(update={"ended_at": datetime.now(UTC), "end_reason": "completed"})
    await store.finish_call(ended, lead_of(fields=unknown_fields()), token=2)
    assert (await replay_journals(store, folder)).salvaged == 1
    assert (await store.lead("lead-1")).fields == lead_of().fields


async def test_an_erased_call_is_not_brought_back(store: Store, folder: Path) -> None:
    left_behind(folder, StartWrite(call=call_of(), lead=lead_of()), turn_with(lead_of(score=1)))
    await store.start_call(call_of(), lead_of(), token=2)
    await store.erase_call("call-1")
    assert (await replay_journals(store, folder)).refused == 1
    assert await store.leads() == []
