"""The providers that fail and the server that does not: the emulators and livekit-server.

They live with the tests, whose servers they are; the benchmark runs from a clone.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.bench.faults.matrix import FaultClass, Injection, Moment, Service
from bot.config import Settings, load_settings
from bot.errors import LeadlineError

if TYPE_CHECKING:
    from tests.emulators.endpointing import Segment
    from tests.emulators.faults import Fault
    from tests.emulators.rig import ProviderRig
    from tests.emulators.server import Emulator

AT_THE_CONNECTION = frozenset(
    {
        FaultClass.REFUSE,
        FaultClass.UNAUTHORIZED,
        FaultClass.RATE_LIMITED,
        FaultClass.SERVER_ERROR,
    }
)
"""A connection that is open does not suffer these: it has to break first."""
MIDWAY_CHUNKS = (2, 8)
WHOLE_SHARE = 0.8
"""Of a sentence's length: its ends are quiet."""
INTO_THE_SENTENCE_S = 0.6
"""When a recogniser's connection is cut: the caller is in the middle of a sentence."""
_OTHER_PEOPLES = ("LIVEKIT_", "DAILY_", "REDIS_URL", "DATABASE_URL")


class KnownUtterance:
    """Writes a known sentence for the whole of its sound, at once as a hosted recogniser does.

    What is less than the whole is really recognised: a text for half of the sound would hide words
    that got lost, and a second one for the other half would invent them.
    """

    def __init__(self) -> None:
        """Nothing will be said yet."""
        self._text = ""
        self._spoken_s = math.inf

    def will_hear(self, text: str, *, spoken_s: float) -> None:
        """What is said next, and how long it takes. A connection keeps its recogniser, so that it
        is told and not exchanged."""
        self._text, self._spoken_s = text, spoken_s

    async def interim(self, segment: Segment) -> str:
        """None: they would only take time."""
        return ""

    async def final(self, segment: Segment) -> str:
        """The sentence, or what there is of it."""
        from bot.services.local import recognise

        if segment.duration_s >= WHOLE_SHARE * self._spoken_s:
            return self._text
        return await asyncio.to_thread(recognise, bytes(segment.pcm), segment.sample_rate)


class Rig:
    """Emulated providers, a real livekit-server, and the switch for faults."""

    def __init__(self, *, providers: ProviderRig, livekit_environment: dict[str, str]) -> None:
        """Use `rig()`."""
        self._providers = providers
        self._livekit_environment = livekit_environment
        self._recogniser = KnownUtterance()
        providers.deepgram.recogniser = self._recogniser
        self._cuts: list[asyncio.TimerHandle] = []

    @property
    def livekit_url(self) -> str:
        """Where the room is."""
        return self._livekit_environment["LIVEKIT_URL"]

    def settings(self, data_dir: Path) -> Settings:
        """The user's own tuning, nobody's providers but the emulated ones."""
        for field in Settings.model_fields.values():
            name = str(field.validation_alias)
            if not name.startswith("LEADLINE_") or name == "LEADLINE_LLM_FALLBACK_URL":
                os.environ.pop(name, None)
        os.environ["LEADLINE_ENV_FILE"] = os.devnull
        os.environ["LEADLINE_DATA_DIR"] = str(data_dir)
        os.environ.update(self._livekit_environment)
        provided = self._providers.env()
        os.environ.update({k: v for k, v in provided.items() if not k.startswith(_OTHER_PEOPLES)})
        return load_settings()

    def will_hear(self, text: str, *, spoken_s: float) -> None:
        """What the hosted recogniser writes for the next utterance, if it hears all of it."""
        self._recogniser.will_hear(text, spoken_s=spoken_s)

    def strike(self, injection: Injection, dice: random.Random) -> list[Fault]:
        """Switch a fault on; it lasts until `clear`."""
        faults: list[Fault] = []
        for service, emulator in self._struck_by(injection):
            faults.append(emulator.faults.inject(**_options(injection, service, dice)))
            if injection.moment is Moment.START or injection.kind not in AT_THE_CONNECTION:
                continue
            if service is Service.STT:
                loop = asyncio.get_running_loop()
                self._cuts.append(loop.call_later(INTO_THE_SENTENCE_S, emulator.abort_connections))
            else:
                emulator.abort_connections()
        return faults

    def clear(self) -> None:
        """Every provider is well again."""
        for cut in self._cuts:
            cut.cancel()
        self._cuts.clear()
        self._providers.clear_faults()

    def _struck_by(self, injection: Injection) -> Iterable[tuple[Service, Emulator]]:
        emulators: dict[Service, Emulator] = {
            Service.STT: self._providers.deepgram,
            Service.LLM: self._providers.openai,
            Service.TTS: self._providers.elevenlabs,
        }
        if injection.service is Service.ALL:
            return emulators.items()
        return ((injection.service, emulators[injection.service]),)


def _options(injection: Injection, service: Service, dice: random.Random) -> dict[str, Any]:
    from tests.emulators.faults import FaultKind, Point

    options: dict[str, Any] = {
        "kind": FaultKind(injection.kind.value),
        "times": None,
        "chunks": dice.randint(*MIDWAY_CHUNKS),
        "abrupt": dice.random() < 0.5,
    }
    if service is Service.STT and injection.moment is Moment.START:
        options["point"] = Point.CONNECT
    return options


@asynccontextmanager
async def rig(
    lines: Iterable[str], *, voice: Callable[[str, int], bytes] | None = None
) -> AsyncIterator[Rig]:
    """Everything that a call needs besides the bot.

    Args:
        lines: what will be spoken in it.
        voice: the provider's; `hosted_voice()` by default.

    Raises:
        LeadlineError: this is no clone with its tests, or there is no livekit-server.
    """
    try:
        from tests.e2e.obedient_llm import follow_the_directive
        from tests.emulators.openai import OpenAIEmulator
        from tests.emulators.rig import ProviderRig
        from tests.servers import livekit
    except ImportError as error:
        raise LeadlineError(
            "bench faults needs the provider emulators, which are part of a clone's tests "
            f"({error}): run ./leadline bench faults in a clone"
        ) from None
    program = await asyncio.to_thread(livekit.find_or_build_program)
    if program is None:
        raise LeadlineError(livekit.REMEDY)
    speak = voice or hosted_voice()
    providers = ProviderRig(openai=OpenAIEmulator(fallback=follow_the_directive))
    providers.elevenlabs.synthesise = speak
    await asyncio.to_thread(_speak_beforehand, speak, lines)
    with (
        tempfile.TemporaryDirectory(prefix="leadline-faults-") as folder,
        livekit.LiveKitServer(program=program, folder=Path(folder)) as server,
    ):
        async with providers:
            yield Rig(providers=providers, livekit_environment=server.environment)


def hosted_voice() -> Callable[[str, int], bytes]:
    """The emulated provider's voice: a little higher than the local one, each text made once."""
    from bot.services.local import Voice, synthesise

    voice = Voice(pitch=1.06, noise_scale=0.0, noise_width=0.0)

    @cache
    def speak(text: str, sample_rate: int) -> bytes:
        return synthesise(text, sample_rate=sample_rate, voice=voice)

    return speak


def _speak_beforehand(speak: Callable[[str, int], bytes], lines: Iterable[str]) -> None:
    """A provider's voice does not take our processor's time while a call is running."""
    from bot.call import SAMPLE_RATE_OUT_HZ

    for line in lines:
        for sentence in {line, *re.split(r"(?<=[.?!])\s+", line)}:
            speak(f"{sentence.strip()} ", SAMPLE_RATE_OUT_HZ)
