"""When an utterance counts as answered."""

from __future__ import annotations

from typing import Literal

import pytest

from bot.bench.faults.call import Watcher, is_answered
from bot.bench.faults.rig import KnownUtterance
from bot.records import TurnRecord
from tests.emulators.endpointing import Segment


def watcher(*roles: Literal["bot", "caller"]) -> Watcher:
    watching = Watcher()
    for n, role in enumerate(roles, start=1):
        watching.turn_ended(
            TurnRecord(n=n, role=role, text="x", heard_text="x", start_s=n, end_s=n + 1)
        )
    return watching


@pytest.mark.parametrize(
    ("roles", "answered"),
    [
        (["bot"], False),
        (["bot", "caller"], False),
        (["bot", "caller", "bot"], True),
        (["bot", "bot"], False),
        (["bot", "bot", "caller"], False),
        (["bot", "bot", "caller", "bot"], True),
    ],
)
def test_an_answer_is_a_turn_behind_the_callers(
    roles: list[Literal["bot", "caller"]], *, answered: bool
) -> None:
    assert is_answered(watcher(*roles), {1}, spoken=True) == answered


def test_the_greeting_answers_who_has_not_spoken() -> None:
    assert not is_answered(watcher(), set(), spoken=False)
    assert is_answered(watcher("bot"), set(), spoken=False)


async def test_a_caller_turn_that_grows_is_one_turn() -> None:
    watching = watcher("bot", "caller", "caller")
    longer = watching.turns[-1].model_copy(update={"text": "x y"})
    watching.turn_ended(longer)
    assert len(watching.turns) == 3
    assert await watching.until(lambda: longer in watching.turns, within_s=0.01)
    assert not await watching.until(lambda: bool(watching.replies[1:]), within_s=0.01)


async def test_only_the_whole_of_a_sentence_is_known_beforehand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.services.local.recogniser.recognise", lambda *_: "half of it")
    ears = KnownUtterance()
    ears.will_hear("All of it.", spoken_s=2.0)

    def segment(length_s: float) -> Segment:
        pcm = bytearray(2 * int(length_s * 16_000))
        return Segment(
            start_s=0, speech_end_s=length_s, sample_rate=16_000, continues=False, pcm=pcm
        )

    assert await ears.final(segment(1.9)) == "All of it."
    assert await ears.final(segment(0.9)) == "half of it"
