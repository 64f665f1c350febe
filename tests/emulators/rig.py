"""All providers at once, with the environment that points a bot at them.

async with ProviderRig() as rig:
    rig.deepgram.say("My name is Jane Doe.")
    rig.openai.reply("Nice to meet you, Jane.")
    process = await asyncio.create_subprocess_exec(..., env=os.environ | rig.env())
"""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from tests.emulators.daily import DailyEmulator
from tests.emulators.deepgram import DeepgramEmulator
from tests.emulators.deepgram_session import DeepgramTiming
from tests.emulators.elevenlabs import DEFAULT_VOICE, ElevenLabsEmulator
from tests.emulators.elevenlabs_session import ElevenLabsTiming
from tests.emulators.openai import OpenAIEmulator, OpenAITiming
from tests.emulators.recognition import MoonshineRecogniser, ScriptedRecogniser
from tests.emulators.server import Emulator
from tests.emulators.speech import Synthesiser, tone_burst


class ProviderRig:
    """The four emulators. Each can be steered in process, or over its `/_control/*`.

    Args:
        real_speech: Deepgram really recognises what the script does not say (moonshine, tiny).
        synthesise: ElevenLabs' voice; by default a tone burst.
        quick: no latencies worth mentioning, for tests of behaviour rather than of timing.
    """

    def __init__(
        self,
        *,
        deepgram: DeepgramEmulator | None = None,
        openai: OpenAIEmulator | None = None,
        elevenlabs: ElevenLabsEmulator | None = None,
        daily: DailyEmulator | None = None,
        real_speech: bool = False,
        synthesise: Synthesiser = tone_burst,
        quick: bool = False,
    ) -> None:
        self._moonshine = MoonshineRecogniser() if real_speech else None
        timing: dict[str, Any] = {}
        if quick:
            timing = {
                "deepgram": DeepgramTiming(final_latency_ms=5, interim_latency_ms=1),
                "openai": OpenAITiming(first_token_ms=1, per_token_ms=0),
                "elevenlabs": ElevenLabsTiming(first_audio_ms=1, pace=0.0),
            }
        self.deepgram = deepgram or DeepgramEmulator(
            timing=timing.get("deepgram"),
            recogniser=ScriptedRecogniser(fallback=self._moonshine),
        )
        self.openai = openai or OpenAIEmulator(timing=timing.get("openai"))
        self.elevenlabs = elevenlabs or ElevenLabsEmulator(
            timing=timing.get("elevenlabs"), synthesise=synthesise
        )
        self.daily = daily or DailyEmulator()
        self._stack = AsyncExitStack()

    @property
    def emulators(self) -> tuple[Emulator, ...]:
        return (self.deepgram, self.openai, self.elevenlabs, self.daily)

    def env(self) -> dict[str, str]:
        """What a bot's environment must say to use these providers."""
        return {
            "DEEPGRAM_API_KEY": self.deepgram.api_key,
            "DEEPGRAM_BASE_URL": self.deepgram.ws_url,
            "OPENAI_API_KEY": self.openai.api_key,
            "OPENAI_BASE_URL": self.openai.base_url,
            "ELEVENLABS_API_KEY": self.elevenlabs.api_key,
            "ELEVENLABS_BASE_URL": self.elevenlabs.ws_url,
            "ELEVENLABS_VOICE_ID": next(iter(self.elevenlabs.voices), DEFAULT_VOICE),
            "DAILY_API_KEY": self.daily.api_key,
            "DAILY_API_URL": self.daily.api_url,
        }

    def clear_faults(self) -> None:
        for emulator in self.emulators:
            emulator.faults.clear()

    async def __aenter__(self) -> Self:
        if self._moonshine is not None:
            # The first utterance of a call must not wait for the model.
            await self._moonshine.load()
            self._stack.callback(self._moonshine.close)
        for emulator in self.emulators:
            await self._stack.enter_async_context(emulator)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
