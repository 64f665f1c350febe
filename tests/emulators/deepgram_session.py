"""One streaming connection to the Deepgram emulator: audio in, results out, in order.

Message flow: https://developers.deepgram.com/docs/finalize, /docs/close-stream,
/docs/audio-keep-alive, /docs/interim-results; close codes:
https://developers.deepgram.com/docs/stt-troubleshooting-websocket-data-and-net-errors
"""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

from tests.emulators import deepgram_results as wire
from tests.emulators.deepgram_params import ListenParams
from tests.emulators.endpointing import DEFAULT_SPEECH_RMS, Segment, SpeechDetector
from tests.emulators.faults import Fault, FaultKind
from tests.emulators.recognition import Recogniser
from tests.emulators.server import cut

NET_0001 = (
    "NET-0001: Deepgram did not receive audio data or a text message within the timeout window."
)
DATA_0000 = "DATA-0000: The payload cannot be decoded as audio or as a known message."
NORMAL_CLOSE = 1000
MAX_QUEUED_RESULTS = 256


@dataclass(kw_only=True)
class DeepgramTiming:
    """Latencies and thresholds, in milliseconds and seconds.

    Args:
        final_latency_ms: from the end of speech (or Finalize) to the final result.
        interim_latency_ms: from the audio to the interim result.
        interim_interval_ms: how often interim results come while somebody speaks.
        min_pause_ms: the shortest pause that the emulator's energy detector can tell from the
            closure of a consonant; `endpointing` below it acts as if it were this.
        utterance_gap_ms: silence after which the next speech is another utterance (of the script).
        speech_rms: loudness of 16-bit samples from which audio counts as speech.
        idle_timeout_s: without audio or KeepAlive for this long the connection is closed.
    """

    final_latency_ms: float = 250
    interim_latency_ms: float = 100
    interim_interval_ms: float = 500
    min_pause_ms: int = 200
    utterance_gap_ms: int = 700
    speech_rms: float = DEFAULT_SPEECH_RMS
    idle_timeout_s: float = 10.0


@dataclass(kw_only=True)
class SessionStats:
    """What a connection really received. `audio_s` against `wall_s` unmasks a wrong sample rate:
    48 kHz audio announced as 16 kHz plays three times too long."""

    audio_s: float = 0.0
    wall_s: float = 0.0
    utterances: int = 0
    close_code: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Outgoing:
    due_s: float
    segment: Segment | None = None
    is_final: bool = False
    speech_final: bool = False
    from_finalize: bool = False
    message: dict[str, Any] | None = None
    fault: Fault | None = None


class ListenSession:
    """Runs one connection until it is closed."""

    def __init__(
        self,
        *,
        ws: web.WebSocketResponse,
        request: web.Request,
        params: ListenParams,
        recogniser: Recogniser,
        timing: DeepgramTiming,
        confidence: float,
        next_fault: Callable[[], Fault | None],
        on_text: Callable[[dict[str, Any]], Awaitable[None]],
        request_id: str,
    ) -> None:
        self._ws = ws
        self._request = request
        self._params = params
        self._recogniser = recogniser
        self._timing = timing
        self._confidence = confidence
        self._next_fault = next_fault
        self._on_text = on_text
        self._request_id = request_id
        pause_ms = params.endpointing_ms
        self._detector = SpeechDetector(
            sample_rate=params.sample_rate,
            pause_ms=None if pause_ms is None else max(pause_ms, timing.min_pause_ms),
            utterance_gap_ms=timing.utterance_gap_ms,
            speech_rms=timing.speech_rms,
        )
        self._out: asyncio.Queue[_Outgoing] = asyncio.Queue(MAX_QUEUED_RESULTS)
        self._fault: Fault | None = None
        self._last_interim_s = 0.0
        self._last_word_end_s: float | None = None
        self._opened_s = time.monotonic()
        self.stats = SessionStats()

    async def run(self) -> SessionStats:
        sender = asyncio.create_task(self._send_results())
        try:
            await self._receive()
        finally:
            sender.cancel()
            with suppress(asyncio.CancelledError):
                await sender
            self.stats.wall_s = time.monotonic() - self._opened_s
            self.stats.close_code = self._ws.close_code
        return self.stats

    async def _receive(self) -> None:
        while not self._ws.closed:
            try:
                message = await self._ws.receive(timeout=self._timing.idle_timeout_s)
            except TimeoutError:
                await self._ws.close(code=1011, message=NET_0001.encode())
                return
            if message.type is WSMsgType.BINARY:
                # An empty message is the old way to say CloseStream.
                if not message.data:
                    await self._close_stream()
                    return
                await self._hear(message.data)
            elif message.type is WSMsgType.TEXT:
                if not await self._obey(message.data):
                    return
            else:
                return

    async def _obey(self, text: str) -> bool:
        """Handles a text message; False when the connection is over."""
        try:
            message = json.loads(text)
            kind = message["type"]
        except (ValueError, KeyError, TypeError):
            kind = message = None
        if isinstance(message, dict):
            await self._on_text(message)
        match kind:
            case "KeepAlive":
                return True
            case "Finalize":
                await self._finalize(from_finalize=True)
                return True
            case "CloseStream":
                await self._close_stream()
                return False
        await self._ws.send_json(wire.schema_error(text))
        await self._ws.close(code=1008, message=DATA_0000.encode())
        return False

    async def _hear(self, data: bytes) -> None:
        pcm = _mono(data, self._params.channels)
        self.stats.audio_s += len(pcm) / 2 / self._params.sample_rate
        for event, segment in self._detector.feed(pcm):
            if event == "started":
                await self._speech_started(segment)
            else:
                await self._finish(segment, speech_final=True, from_finalize=False)
        await self._maybe_interim()
        await self._maybe_utterance_end()

    async def _speech_started(self, segment: Segment) -> None:
        if not segment.continues:
            self.stats.utterances += 1
            self._fault = self._next_fault()
        self._last_interim_s = segment.start_s
        if self._params.vad_events:
            await self._ws.send_json(wire.speech_started(segment.start_s))

    async def _maybe_interim(self) -> None:
        segment = self._detector.segment
        interval_s = self._timing.interim_interval_ms / 1000
        if segment is None or self._detector.now_s - self._last_interim_s < interval_s:
            return
        self._last_interim_s = self._detector.now_s
        fault = self._fault
        if fault is not None and fault.kind is FaultKind.CLOSE_MIDWAY:
            self._fault = None
            await self._break_off(fault)
            return
        # A recogniser that is behind must not be asked for what nobody needs any more.
        if self._params.interim_results and self._out.qsize() < 2:
            snapshot = replace(segment, pcm=bytearray(segment.pcm))
            due_s = time.monotonic() + self._timing.interim_latency_ms / 1000
            await self._out.put(_Outgoing(due_s=due_s, segment=snapshot))

    async def _maybe_utterance_end(self) -> None:
        after_ms = self._params.utterance_end_ms
        last_s = self._last_word_end_s
        if after_ms is None or last_s is None or self._detector.segment is not None:
            return
        if self._detector.now_s - last_s >= after_ms / 1000:
            self._last_word_end_s = None
            message = wire.utterance_end(last_s)
            await self._out.put(_Outgoing(due_s=time.monotonic(), message=message))

    async def _finalize(self, *, from_finalize: bool) -> None:
        segment = self._detector.finish()
        if segment is not None:
            await self._finish(segment, speech_final=False, from_finalize=from_finalize)
        elif from_finalize:
            await self._out.put(
                _Outgoing(due_s=time.monotonic(), is_final=True, from_finalize=True)
            )

    async def _finish(self, segment: Segment, *, speech_final: bool, from_finalize: bool) -> None:
        fault, self._fault = self._fault, None
        self._last_word_end_s = segment.speech_end_s
        await self._out.put(
            _Outgoing(
                due_s=time.monotonic() + self._timing.final_latency_ms / 1000,
                segment=segment,
                is_final=True,
                speech_final=speech_final,
                from_finalize=from_finalize,
                fault=fault,
            )
        )

    async def _close_stream(self) -> None:
        await self._finalize(from_finalize=False)
        await self._out.join()
        if self._ws.closed:
            return
        await self._ws.send_json(
            wire.metadata(
                request_id=self._request_id,
                duration_s=self.stats.audio_s,
                channels=self._params.channels,
            )
        )
        await self._ws.close(code=NORMAL_CLOSE)

    async def _send_results(self) -> None:
        while True:
            outgoing = await self._out.get()
            try:
                await self._deliver(outgoing)
            except ConnectionError:
                return  # The client left; the receiving side notices by itself.
            finally:
                self._out.task_done()

    async def _deliver(self, outgoing: _Outgoing) -> None:
        message = outgoing.message or await self._recognised(outgoing)
        await asyncio.sleep(outgoing.due_s - time.monotonic())
        fault = outgoing.fault
        if fault is not None:
            match fault.kind:
                case FaultKind.STALL_BEFORE_FIRST | FaultKind.STALL_MIDWAY:
                    await fault.hold()
                case FaultKind.SLOW:
                    await asyncio.sleep(fault.delay_s)
                case FaultKind.CLOSE_MIDWAY:
                    await self._break_off(fault)
                    return
                case FaultKind.GARBAGE:
                    await self._ws.send_str('{"type":"Results","channel":{"alternati')
                    return
                case FaultKind.EMPTY:
                    message = self._results("", outgoing)
        if not self._ws.closed and (outgoing.is_final or message is not None):
            await self._ws.send_json(message)

    async def _recognised(self, outgoing: _Outgoing) -> dict[str, Any] | None:
        segment = outgoing.segment
        if segment is None:
            return self._results("", outgoing)
        if outgoing.is_final:
            return self._results(await self._recogniser.final(segment), outgoing)
        text = await self._recogniser.interim(segment)
        return self._results(text, outgoing) if text else None

    def _results(self, transcript: str, outgoing: _Outgoing) -> dict[str, Any]:
        return wire.results(
            transcript=transcript if self._params.formatted else wire.plain(transcript),
            segment=outgoing.segment,
            request_id=self._request_id,
            model=self._params.model,
            now_s=self._detector.now_s,
            confidence=self._confidence,
            is_final=outgoing.is_final,
            speech_final=outgoing.speech_final,
            from_finalize=outgoing.from_finalize,
        )

    async def _break_off(self, fault: Fault) -> None:
        if fault.abrupt:
            cut(self._request)
        else:
            await self._ws.close(code=1011, message=b"NET-0000: internal error")


def new_request_id() -> str:
    return str(uuid.uuid4())


def _mono(data: bytes, channels: int) -> bytes:
    if channels == 1:
        return data
    frames = np.frombuffer(data[: len(data) - len(data) % (2 * channels)], dtype=np.int16)
    return bytes(frames.reshape(-1, channels).mean(axis=1).astype(np.int16).tobytes())
