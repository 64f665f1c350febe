"""One multi-context connection to the ElevenLabs emulator: text in, speech out, context by context.

Message flow: https://elevenlabs.io/docs/developers/guides/cookbooks/multi-context-web-socket and
https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-multi-stream-input
(`text`, `context_id`, `voice_settings`, `flush`, `close_context`, `close_socket`; `audio`,
`alignment`, `normalizedAlignment`, `contextId`, `isFinal`). The texts of the errors are those that
clients report in public.
"""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.emulators.elevenlabs_params import (
    CHUNK_LENGTH_SCHEDULE,
    MAX_CONTEXTS,
    PolicyViolationError,
    StreamParams,
)
from tests.emulators.faults import Fault, FaultKind
from tests.emulators.server import cut
from tests.emulators.speech import Piece, Synthesiser, pieces

NORMAL_CLOSE = 1000
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
MAX_QUEUED_TEXTS = 256
_FIELDS = frozenset(
    {
        "text",
        "context_id",
        "voice_settings",
        "generation_config",
        "pronunciation_dictionary_locators",
        "flush",
        "close_context",
        "close_socket",
        "xi_api_key",
        "xi-api-key",
        "authorization",
        "try_trigger_generation",
    }
)
_VOICE_RANGES = {
    "stability": (0.0, 1.0),
    "similarity_boost": (0.0, 1.0),
    "style": (0.0, 1.0),
    "speed": (0.7, 1.2),
}


@dataclass(kw_only=True)
class ElevenLabsTiming:
    """`first_audio_ms` from a text to its first audio; speech comes in pieces of about `piece_ms`,
    `pace` times as long as it plays (0.1: ten times faster than real time)."""

    first_audio_ms: float = 150
    piece_ms: int = 250
    pace: float = 0.1


@dataclass
class _Context:
    id: str | None
    voice_settings: Any = None
    buffer: str = ""
    generations: int = 0
    texts: asyncio.Queue[tuple[str, float] | None] = field(
        default_factory=lambda: asyncio.Queue(MAX_QUEUED_TEXTS)
    )
    speaker: asyncio.Task[None] | None = None


class StreamSession:
    """Runs one connection until it is closed."""

    def __init__(
        self,
        *,
        ws: web.WebSocketResponse,
        request: web.Request,
        params: StreamParams,
        synthesise: Synthesiser,
        timing: ElevenLabsTiming,
        next_fault: Callable[[], Fault | None],
        on_message: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self._ws = ws
        self._request = request
        self._params = params
        self._synthesise = synthesise
        self._timing = timing
        self._next_fault = next_fault
        self._on_message = on_message
        self._contexts: dict[str | None, _Context] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        try:
            await self._receive()
        except PolicyViolationError as error:
            await refuse(self._ws, error)
        finally:
            tasks = [c.speaker for c in self._contexts.values() if c.speaker] + [*self._closing]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> None:
        while not self._ws.closed:
            timeout_s = self._params.inactivity_timeout_s
            try:
                message = await self._ws.receive(timeout=timeout_s)
            except TimeoutError:
                raise PolicyViolationError(
                    "input_timeout_exceeded",
                    f"Have not received a new text input within the timeout of {timeout_s}"
                    " seconds. Streaming input terminated.",
                ) from None
            if message.type is WSMsgType.TEXT:
                if not await self._obey(_parse(message.data)):
                    return
            elif message.type is WSMsgType.BINARY:
                raise _invalid("binary messages are not accepted")
            else:
                return

    async def _obey(self, message: dict[str, Any]) -> bool:
        """Handles a message; False when the connection is over."""
        await self._on_message(message)
        if message.get("close_socket"):
            await self._ws.close(code=NORMAL_CLOSE)
            return False
        context_id = message.get("context_id")
        text = message.get("text")
        # An empty text only keeps the connection alive and opens nothing.
        if text:
            self._take_text(self._open(context_id, message), text)
        context = self._contexts.get(context_id)
        if context is None:
            return True
        if message.get("flush"):
            self._generate(context)
        if message.get("close_context"):
            self._close(context)
        return True

    def _open(self, context_id: str | None, message: dict[str, Any]) -> _Context:
        settings = message.get("voice_settings")
        context = self._contexts.get(context_id)
        if context is None:
            if len(self._contexts) >= MAX_CONTEXTS:
                raise PolicyViolationError(
                    "max_active_conversations",
                    "Maximum simultaneous contexts per WebSocket connection exceeded"
                    f" ({MAX_CONTEXTS}). Please close an existing context before opening a new"
                    " one.",
                )
            context = _Context(context_id, voice_settings=settings)
            context.speaker = asyncio.create_task(self._speak(context))
            self._contexts[context_id] = context
        elif settings is not None and settings != context.voice_settings:
            raise PolicyViolationError(
                "voice_settings_changed",
                "voice_settings field must be provided in the first message and then either be"
                " not provided or not change.",
            )
        return context

    def _take_text(self, context: _Context, text: str) -> None:
        context.buffer += text
        schedule = CHUNK_LENGTH_SCHEDULE
        enough = schedule[min(context.generations, len(schedule) - 1)]
        if self._params.auto_mode or len(context.buffer) >= enough:
            self._generate(context)

    def _generate(self, context: _Context) -> None:
        text, context.buffer = context.buffer.strip(), ""
        if not text:
            return
        context.generations += 1
        due_s = time.monotonic() + self._timing.first_audio_ms / 1000
        # The service ends a text with a space, which also ends its last word for a client.
        context.texts.put_nowait((f"{text} ", due_s))

    def _close(self, context: _Context) -> None:
        """What was sent is still spoken; then comes isFinal. The slot is free at once."""
        self._generate(context)
        context.texts.put_nowait(None)
        del self._contexts[context.id]
        if context.speaker is not None:
            self._closing.add(context.speaker)
            context.speaker.add_done_callback(self._closing.discard)

    async def _speak(self, context: _Context) -> None:
        # The client may leave at any time; the receiving side notices by itself.
        with suppress(ConnectionError):
            fault: Fault | None = None
            is_first = True
            while (item := await context.texts.get()) is not None:
                if is_first:
                    fault, is_first = self._next_fault(), False
                if fault is not None and fault.kind is FaultKind.EMPTY:
                    continue
                text, due_s = item
                if not await self._say(context, text, due_s, fault):
                    return
                fault = None
            await self._ws.send_json({"isFinal": True, "contextId": context.id})

    async def _say(self, context: _Context, text: str, due_s: float, fault: Fault | None) -> bool:
        """Speaks one text; False when the connection broke off."""
        rate = self._params.sample_rate
        pcm = await asyncio.to_thread(self._synthesise, text, rate)
        await asyncio.sleep(due_s - time.monotonic())
        if fault is not None and fault.kind is FaultKind.STALL_BEFORE_FIRST:
            await fault.hold()
        elif fault is not None and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.delay_s)
        speech = list(pieces(text, pcm, rate, piece_ms=self._timing.piece_ms))
        # A text too short for the fault's place still suffers it, at its end.
        strikes_at = min(fault.chunks, len(speech)) if fault is not None else None
        for n, piece in enumerate([*speech, None]):
            if fault is not None and n == strikes_at and not await self._interfere(fault):
                return False
            if self._ws.closed:
                return False
            if piece is not None:
                await self._ws.send_json(_audio(context.id, piece))
                await asyncio.sleep(len(piece.pcm) / 2 / rate * self._timing.pace)
        return True

    async def _interfere(self, fault: Fault) -> bool:
        """Does what a fault does in the middle of speech; False when that ends the connection."""
        match fault.kind:
            case FaultKind.STALL_MIDWAY:
                await fault.hold()
            case FaultKind.GARBAGE:
                await self._ws.send_str('{"audio": "AAAA')
            case FaultKind.CLOSE_MIDWAY:
                if fault.abrupt:
                    cut(self._request)
                else:
                    await self._ws.close(code=INTERNAL_ERROR, message=b"Internal server error")
                return False
        return True


async def refuse(ws: web.WebSocketResponse, error: PolicyViolationError) -> None:
    """Ends a connection as ElevenLabs does: a message that says why, then close 1008."""
    if ws.closed:
        return
    await ws.send_json({"message": error.message, "error": error.error, "code": POLICY_VIOLATION})
    # A close reason has at most 123 bytes (RFC 6455, 5.5).
    await ws.close(code=POLICY_VIOLATION, message=error.message.encode()[:123])


def _parse(raw: str) -> dict[str, Any]:
    try:
        message = json.loads(raw)
    except ValueError:
        raise _invalid("the message is not JSON") from None
    if not isinstance(message, dict):
        raise _invalid("the message is not an object")
    if unknown := set(message) - _FIELDS:
        raise _invalid(f"unknown field {sorted(unknown)[0]!r}")
    if not {"text", "flush", "close_context", "close_socket"} & set(message):
        raise _invalid("text is missing")
    if not isinstance(message.get("text", ""), str):
        raise _invalid("text must be a string")
    if not isinstance(message.get("context_id", ""), str):
        raise _invalid("context_id must be a string")
    _check_voice_settings(message.get("voice_settings"))
    return message


def _check_voice_settings(settings: Any) -> None:
    if settings is None:
        return
    if not isinstance(settings, dict):
        raise _invalid("voice_settings must be an object")
    for name, (low, high) in _VOICE_RANGES.items():
        value = settings.get(name, low)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _invalid(f"voice_settings.{name} must be a number")
        if not low <= value <= high:
            raise _invalid(f"voice_settings.{name} must be from {low} to {high}")


def _invalid(why: str) -> PolicyViolationError:
    return PolicyViolationError("invalid_message", f"Invalid message received: {why}")


def _audio(context_id: str | None, piece: Piece) -> dict[str, Any]:
    alignment = {
        "chars": piece.chars,
        "charStartTimesMs": piece.starts_ms,
        "charDurationsMs": piece.durations_ms,
    }
    return {
        "audio": base64.b64encode(piece.pcm).decode(),
        "isFinal": None,
        "alignment": alignment,
        "normalizedAlignment": alignment,
        "contextId": context_id,
    }
