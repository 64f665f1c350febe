"""Killed at any instant of a call's last transaction: the old state or the new, nothing between."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.config import Settings
from bot.delivery.outbox import Outbox
from bot.storage.store import Store
from tests.integration.storage.conftest import environment_of
from tests.integration.storage.last_transactions import TURNS, last_of
from tests.unit.storage.samples import lead_of

pytestmark = pytest.mark.integration

INSTANTS = 50


async def test_fifty_kills_leave_the_old_state_or_the_new_and_each_value_once(
    settings: Settings,
) -> None:
    environment = environment_of(settings) | {
        "LEADLINE_DELIVERY_JSONL": str(settings.data_dir / "leads.jsonl")
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.storage.last_transactions", str(INSTANTS)),
        env=environment,
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    reports = [json.loads(line) for line in out.splitlines()]
    assert len(reports) == INSTANTS
    old = 0
    async with Store.opened(settings) as store:
        rows = {row.lead_id: row for row in await Outbox(store=store).deliveries(limit=1000)}
        for report in reports:
            name = report["call"].removeprefix("call-")
            is_old = await is_the_old_state(store, name, has_row=f"lead-{name}" in rows)
            old += is_old
            if not report["killed"]:
                assert not is_old
            # Who goes on with it, or tries again, comes to the new state and to no other.
            call, lead = last_of(name)
            await store.finish_call(call, lead, token=1)
            assert (await store.lead(f"lead-{name}")).revision == 2
        # Both were there, or the kills have missed what they were to hit.
        assert 0 < old < INSTANTS
        assert await counts(store) == [INSTANTS, INSTANTS, INSTANTS * TURNS, 2 * INSTANTS]


async def is_the_old_state(store: Store, name: str, *, has_row: bool) -> bool:
    call, lead = await store.call(f"call-{name}"), await store.lead(f"lead-{name}")
    last_call, last_lead = last_of(name)
    confirmed = {key for key, state in lead.fields.items() if state["status"] == "confirmed"}
    if call.ended_at is None:
        assert lead.fields == lead_of(name).fields
        assert (lead.revision, len(call.turns), has_row) == (1, TURNS - 1, False)
        assert confirmed == {"email"}
        return True
    assert lead.fields == last_lead.fields
    assert (lead.revision, lead.score, call.turns) == (2, last_lead.score, last_call.turns)
    assert confirmed == {"email", "company"}
    assert has_row
    return False


async def counts(store: Store) -> list[int]:
    """Calls, leads, turns and revisions: each once."""

    async def work(session: AsyncSession) -> list[int]:
        tables = ("calls", "leads", "turns", "lead_revisions")
        return [
            int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608
            for table in tables
        ]

    return await store.read(work)
