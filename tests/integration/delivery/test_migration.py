"""A database of the revision before the outbox is upgraded, and its leads stay."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from bot.config import Settings
from bot.storage import schema
from bot.storage.engine import WRITES, make_engine
from bot.storage.store import Store
from tests.integration.delivery.conftest import finished_call, outbox

pytestmark = pytest.mark.integration

_CALL = """
INSERT INTO calls (call_id, lead_id, room, transport, playbook, started_at, resumed,
                   latency_missing, cost_usd, cost_lines)
VALUES ('call-old', 'lead-old', 'room', 'webrtc', 'b2b-software', '2026-03-05 15:00:00', 0,
        0, 0, '[]')
"""


async def test_from_0001(settings: Settings) -> None:
    def to_0001(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(schema._LOCATION))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    engine = make_engine(settings)
    async with engine.execution_options(**WRITES).begin() as connection:
        await connection.run_sync(to_0001)
        await connection.execute(text(_CALL))
    await engine.dispose()
    async with Store.opened(settings) as store:
        assert (await store.call("call-old")).room == "room"
        await finished_call(store)
        assert [row.lead_id for row in await outbox(store)] == ["lead-1"]
