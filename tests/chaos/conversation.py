"""One short call on real audio with a fault in it, and what must be true of it all the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise
from typing import Any

from bot.playbooks import load_playbook
from bot.records import CallRecord
from bot.services.local import recognise
from flows.conversation import Conversation
from tests.e2e.conftest import StartBot
from tests.e2e.participant import HEARING_RATE, participant
from tests.emulators.faults import Fault
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

RATE = 48_000


class Moment(StrEnum):
    """Where in a call the fault strikes."""

    GREETING = "greeting"
    ANSWER = "answer"
    READBACK = "readback"


SAID = {
    Moment.GREETING: ["My name is Jane Doe."],
    Moment.ANSWER: ["My name is Jane Doe."],
    Moment.READBACK: ["My email is jane@acme.com.", "Yes, that is right."],
}


@dataclass
class Heard:
    """A call that is over, and the same conversation without a fault."""

    record: CallRecord
    sound: bytes
    held_at_greeting: int
    """How many stalled requests were still being waited for when the greeting was heard."""
    lead: dict[str, Any]
    due: Conversation
    replies: list[str]

    def must_be_whole(self) -> None:
        """Every utterance was answered, in full and once; the lead is that without the fault."""
        bot = [turn for turn in self.record.turns if turn.role == "bot"]
        assert [turn.heard_text for turn in bot] == self.replies
        assert statuses(self.lead) == statuses(self.due.lead_document())
        due, spoken = words(" ".join(self.replies)), words(recognise(self.sound, HEARING_RATE))
        ratio = SequenceMatcher(None, due, spoken, autojunk=False).ratio()
        assert ratio > 0.7, f"due {due}, spoken {spoken}"
        again = Counter(pairwise(spoken)) - Counter(pairwise(due))
        assert max(again.values(), default=0) <= 1, f"spoken twice: {again.most_common(3)}"


async def talk(
    start_bot: StartBot,
    providers: ProviderRig,
    server: LiveKitServer,
    speech: Callable[[str, int], bytes],
    *,
    fault: Callable[[], Fault | None],
    moment: Moment,
) -> Heard:
    """Hold the call; every wait in it is for an answer, and one that never comes fails."""
    said = SAID[moment]
    providers.deepgram.say(*said)
    injected = fault() if moment is Moment.GREETING else None
    async with (
        start_bot(**providers.env()) as bot,
        participant(server, room=bot.room) as caller,
    ):
        await caller.bot_speaks(since=caller.joined_at)
        held_at_greeting = injected.holding if injected else 0
        await caller.hears_reply(1)
        if moment is not Moment.GREETING:
            fault()
        for n, sentence in enumerate(said, start=1):
            await caller.say(speech(sentence, RATE))
            await caller.hears_reply(n + 1)
        await caller.leave()
        record = await bot.record()
        lead = bot.call._conversation.lead_document()
    due, replies = without_a_fault(said)
    return Heard(record, bytes(caller.heard), held_at_greeting, lead, due, replies)


def without_a_fault(said: list[str]) -> tuple[Conversation, list[str]]:
    """The conversation as the dialogue's own code holds it, and the bot's replies in it."""
    conversation = Conversation(
        playbook=load_playbook("b2b-software"), clock=lambda: datetime.now(UTC)
    )
    replies = [conversation.greeting()]
    conversation.bot_began()
    conversation.bot_heard(replies[0], complete=True)
    for sentence in said:
        conversation.caller_said(sentence)
        replies.append(conversation.reply())
        conversation.bot_began()
        conversation.bot_heard(replies[-1], complete=True)
    return conversation, replies


def statuses(document: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    """What a lead says, without when and how it was said."""
    return {key: (field["value"], field["status"]) for key, field in document.items()}


def words(text: str) -> list[str]:
    """Words as a recogniser may write them."""
    return re.findall(r"[a-z']+", text.lower().replace("a.i.", "ai"))
