"""`leadline chat --json` against an LLM over HTTP that lies: callers who listen, and who do not.

The wide run is `leadline bench capture --llm lying --through chat`.
"""

from __future__ import annotations

from bot.bench.capture.through_chat import run
from tests.unit.flows.talk import default_playbook

CALLERS = 2
"""The second says yes to whatever is read back or claimed."""


async def test_nothing_that_was_not_read_back_is_confirmed_and_no_lie_is_believed() -> None:
    report = await run(playbook=default_playbook(), count=CALLERS, seed=11, half="development")
    assert sum(report.lies.values()) - report.lies["none"] > 2 * CALLERS
    assert report.unsaid == []
    assert report.misreported == []
    assert report.believed == []
    total = report.dialogue.total
    assert total.confirmed_wrong == 0
    assert total.exact / total.given >= 0.95
    assert report.dialogue.endless == 0
