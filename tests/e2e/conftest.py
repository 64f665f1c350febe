"""What end-to-end tests share: recorded speech, emulated providers, one bot in one room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest

from bot.call import SAMPLE_RATE_OUT_HZ, Call
from bot.config import Settings, load_settings
from bot.playbooks import load_playbook
from bot.records import CallRecord
from bot.services.local import Voice, preload, synthesise
from bot.storage.store import Store
from bot.transports import BOT_IDENTITY_PREFIX, livekit_line, livekit_token
from flows.conversation import Conversation
from tests.e2e.obedient_llm import follow_the_directive
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

# Without the voice model's randomness: a test that recognises speech must hear the same each time.
CALLER_VOICE = Voice(pitch=1.12, noise_scale=0.0, noise_width=0.0)
HOSTED_VOICE = Voice(pitch=1.06)
PATIENT = {
    "LEADLINE_STT_TIMEOUT_MIN_S": "5",
    "LEADLINE_STT_TIMEOUT_MAX_S": "5",
    "LEADLINE_FIRST_TOKEN_FLOOR_S": "8",
    "LEADLINE_FIRST_TOKEN_TIMEOUT_S": "8",
    "LEADLINE_FIRST_AUDIO_FLOOR_S": "8",
    "LEADLINE_FIRST_AUDIO_TIMEOUT_S": "8",
}
"""For calls without a fault: emulators share the processor with the bot, and may be slow."""


@pytest.fixture
def speech() -> Callable[[str, int], bytes]:
    """Spoken text as 16-bit mono PCM, in a voice that is not the bot's."""

    def speak(text: str, sample_rate: int) -> bytes:
        return synthesise(text, sample_rate=sample_rate, voice=CALLER_VOICE)

    return speak


@cache
def hosted_voice(text: str, sample_rate: int) -> bytes:
    """The emulated provider's voice, a little higher than the local one."""
    return synthesise(text, sample_rate=sample_rate, voice=HOSTED_VOICE)


def greeting() -> str:
    """What the bot says first."""
    playbook = load_playbook("b2b-software")
    return Conversation(playbook=playbook, clock=lambda: datetime.now(UTC)).greeting()


@pytest.fixture
async def providers() -> AsyncIterator[ProviderRig]:
    """Deepgram, OpenAI and ElevenLabs on loopback; the LLM obeys, the voice is a real one."""
    preload()  # A voice that is still loading would be a provider that does not answer.
    rig = ProviderRig(openai=OpenAIEmulator(fallback=follow_the_directive))
    rig.elevenlabs.synthesise = hosted_voice
    # A provider's voice does not share our processor: its longest text is ready beforehand.
    await asyncio.to_thread(hosted_voice, f"{greeting()} ", SAMPLE_RATE_OUT_HZ)
    async with rig:
        yield rig


@dataclass
class RunningBot:
    """A bot in a room, in this process."""

    call: Call
    task: asyncio.Task[CallRecord]
    settings: Settings
    room: str
    finished: list[CallRecord] = field(default_factory=list)

    async def record(self, timeout_s: float = 30.0) -> CallRecord:
        """The call's record, once it is over."""
        return await asyncio.wait_for(asyncio.shield(self.task), timeout_s)


StartBot = Callable[..., AbstractAsyncContextManager[RunningBot]]


@pytest.fixture
def start_bot(
    livekit_server: LiveKitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StartBot:
    """Starts a bot in a room of its own; environment variables may be given as keywords."""

    @asynccontextmanager
    async def start(**environment: str) -> AsyncIterator[RunningBot]:
        for name, value in {
            **livekit_server.environment,
            "LEADLINE_DATA_DIR": str(tmp_path),
            **environment,
        }.items():
            monkeypatch.setenv(name, value)
        settings = load_settings()
        room = f"room-{uuid4().hex[:8]}"
        token = livekit_token(
            settings,
            room=room,
            identity=f"{BOT_IDENTITY_PREFIX}{uuid4().hex[:8]}",
            name="Leadline",
            agent=True,
        )
        async with Store.opened(settings) as store:
            call = Call(
                settings=settings,
                playbook=load_playbook(settings.playbook),
                line=livekit_line(url=livekit_server.url, token=token, room=room),
                room=room,
                store=store,
            )
            task = asyncio.create_task(call.run())
            try:
                yield RunningBot(call, task, settings, room)
            finally:
                if not task.done():
                    await call.hang_up("drained")
                await asyncio.wait({task}, timeout=15)

    return start


WaitFor = Callable[[Callable[[], bool]], Awaitable[None]]
