"""The emulators as a process: `python -m tests.emulators [--real-speech] [--openai-port N ...]`.

Prints one line of JSON, `{"urls": {...}, "env": {...}}`, when all of them listen, and serves until
SIGINT or SIGTERM. Each is steered over its own `/_control/*` (see `server`).
"""

import argparse
import asyncio
import json
import signal
import sys

from tests.emulators.daily import DailyEmulator
from tests.emulators.deepgram import DeepgramEmulator
from tests.emulators.deepgram_session import DeepgramTiming
from tests.emulators.elevenlabs import DEFAULT_VOICE, ElevenLabsEmulator, RejectAt
from tests.emulators.elevenlabs_session import ElevenLabsTiming
from tests.emulators.openai import OpenAIEmulator, OpenAITiming
from tests.emulators.recognition import MoonshineRecogniser, ScriptedRecogniser
from tests.emulators.rig import ProviderRig


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.emulators", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    for name in ("deepgram", "openai", "elevenlabs", "daily"):
        parser.add_argument(f"--{name}-port", type=int, default=0, help="default: any free port")
    parser.add_argument("--voice", default=DEFAULT_VOICE, help="the only voice that exists")
    parser.add_argument("--reject-at", type=RejectAt, default=RejectAt.FIRST_MESSAGE)
    parser.add_argument("--real-speech", action="store_true", help="recognise what is really said")
    parser.add_argument("--say", action="append", default=[], help="a scripted transcript")
    parser.add_argument("--reply", action="append", default=[], help="a scripted reply of the LLM")
    parser.add_argument("--final-ms", type=float, default=DeepgramTiming.final_latency_ms)
    parser.add_argument("--first-token-ms", type=float, default=OpenAITiming.first_token_ms)
    parser.add_argument("--per-token-ms", type=float, default=OpenAITiming.per_token_ms)
    parser.add_argument("--first-audio-ms", type=float, default=ElevenLabsTiming.first_audio_ms)
    return parser.parse_args(arguments)


async def serve(options: argparse.Namespace) -> None:
    moonshine = MoonshineRecogniser() if options.real_speech else None
    if moonshine is not None:
        await moonshine.load()
    rig = ProviderRig(
        deepgram=DeepgramEmulator(
            host=options.host,
            port=options.deepgram_port,
            recogniser=ScriptedRecogniser(options.say, fallback=moonshine),
            timing=DeepgramTiming(final_latency_ms=options.final_ms),
        ),
        openai=OpenAIEmulator(
            host=options.host,
            port=options.openai_port,
            timing=OpenAITiming(
                first_token_ms=options.first_token_ms, per_token_ms=options.per_token_ms
            ),
        ),
        elevenlabs=ElevenLabsEmulator(
            host=options.host,
            port=options.elevenlabs_port,
            voices={options.voice: "Emulator"},
            reject_at=options.reject_at,
            timing=ElevenLabsTiming(first_audio_ms=options.first_audio_ms),
        ),
        daily=DailyEmulator(host=options.host, port=options.daily_port),
    )
    rig.openai.reply(*options.reply)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with rig:
        urls = {e.name: e.http_url for e in rig.emulators}
        sys.stdout.write(json.dumps({"urls": urls, "env": rig.env()}) + "\n")
        sys.stdout.flush()
        await stop.wait()
    if moonshine is not None:
        moonshine.close()


if __name__ == "__main__":
    asyncio.run(serve(parse()))
