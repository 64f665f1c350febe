"""Speech on this machine, without keys: a recogniser and a voice, and their Pipecat services.

The models come from wheels of the registry. Nothing here is imported before it is used, so that
a worker with hosted providers pays neither the memory nor the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.services.local.recogniser import recognise
    from bot.services.local.stt import LocalSTTService
    from bot.services.local.tts import LocalTTSService
    from bot.services.local.voice import Voice, synthesise

__all__ = [
    "LocalSTTService",
    "LocalTTSService",
    "Voice",
    "preload",
    "recognise",
    "synthesise",
]

_HOMES = {
    "LocalSTTService": "stt",
    "LocalTTSService": "tts",
    "Voice": "voice",
    "recognise": "recogniser",
    "synthesise": "voice",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def preload() -> None:
    """Load both models and run each once (about two seconds). Blocks; call it at start.

    What is loaded stays for the life of the process, so the garbage collector need not look at it
    again (see `bot.heap`).
    """
    from bot import heap
    from bot.services.local.recogniser import preload_recogniser
    from bot.services.local.voice import preload_voice

    preload_voice()
    preload_recogniser()
    heap.settle()
