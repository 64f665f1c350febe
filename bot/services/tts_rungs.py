"""What a ladder of voices stands on: any TTS service of Pipecat, asked for one text at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import uuid4

import numpy as np
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    MetricsFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.tts_service import TTSService
from pipecat.utils.context.word_timestamp_tracker import WordTimestamp
from websockets.exceptions import ConnectionClosed

from bot.services.hosting import RungFailedError, ServiceHost, failure_of

PIECES_AT_MOST: Final = 10_000
"""Pieces of sound and words waiting for the ladder: minutes of speech."""

AUDIBLE_PEAK: Final = 64
"""The largest sample of 32,768 (-54 dBFS) below which nobody hears anything."""

POLICY_VIOLATION: Final = 1008
"""WebSocket close code with which ElevenLabs refuses a key or a voice.
https://elevenlabs.io/docs/api-reference/websockets"""


@dataclass(frozen=True)
class SpokenWord:
    """A word and where it begins, in seconds from the start of the text's sound."""

    text: str
    start_s: float


Piece = bytes | SpokenWord
"""16-bit mono PCM at the service's sample rate, or a word in it."""


def is_audible(sound: bytes) -> bool:
    """Whether there is anything to hear in 16-bit PCM.

    >>> is_audible(bytes(640)), is_audible(b"\\x00\\x10" * 320)
    (False, True)
    """
    samples = np.frombuffer(sound[: len(sound) // 2 * 2], dtype=np.int16)
    return bool(samples.size) and int(np.abs(samples.astype(np.int32)).max()) >= AUDIBLE_PEAK


class Voice(Protocol):
    """Who can speak a text."""

    name: str

    def speak(self, text: str) -> AsyncGenerator[Piece, None]:
        """The text's sound and words as they come. Closing it stops the voice.

        Raises RungFailedError.
        """


class HostedVoice:
    """A Pipecat TTS service beside the chain.

    Sound and words are taken where every TTS service of Pipecat puts them, on the way into its
    audio context; what its own playback makes of them ends in the host.
    """

    def __init__(
        self,
        name: str,
        service: TTSService,
        *,
        may_work_ahead: Callable[[], bool] = lambda: True,
    ) -> None:
        """Stand a service beside the chain.

        Args:
            name: for the records.
            service: must not have been set up yet.
            may_work_ahead: whether it may be asked for what will probably not be needed.
        """
        self.name = name
        self.may_work_ahead = may_work_ahead
        self.on_usage: Callable[[MetricsFrame], None] = lambda _: None
        self.on_idle_failure: Callable[[RungFailedError], None] = lambda _: None
        self._pieces: asyncio.Queue[Piece | RungFailedError | None] | None = None
        self._context_id = ""
        self._odd = b""
        _tap(service, self)
        self.host = ServiceHost(service, on_frame=self._take)

    async def speak(self, text: str) -> AsyncGenerator[Piece, None]:
        """Speak in an audio context of its own."""
        pieces = self._pieces = asyncio.Queue(PIECES_AT_MOST)
        self._context_id = uuid4().hex
        self._odd = b""
        ended = False
        try:
            await self.host.give(TTSSpeakFrame(text, append_to_context=False))
            while True:
                piece = await pieces.get()
                if piece is None:
                    ended = True
                    return
                if isinstance(piece, RungFailedError):
                    raise piece
                yield piece
        finally:
            if self._pieces is pieces:
                self._pieces = None
            if not ended:
                await self.host.interrupt()

    @property
    def context_id(self) -> str:
        """The audio context of the text that is spoken now."""
        return self._context_id

    def into_context(self, context_id: str | None, item: Frame | WordTimestamp | None) -> None:
        """The service has put something into an audio context."""
        if context_id != self._context_id:
            return  # An abandoned text: nothing of it may be heard or remembered.
        if isinstance(item, TTSAudioRawFrame):
            self._put(item.audio)
        elif isinstance(item, WordTimestamp):
            self._put(SpokenWord(item.word, item.timestamp))
        elif isinstance(item, ErrorFrame):
            self._fail(failure_of(item, content_may_be_at_fault=False))
        elif item is None or isinstance(item, TTSStoppedFrame):
            self._put(None)

    def whole_samples(self, context_id: str | None, sound: bytes) -> bytes:
        """A provider may cut its sound in the middle of a sample: the other half comes next."""
        if context_id == self._context_id:
            sound = self._odd + sound
        even = len(sound) // 2 * 2
        self._odd = sound[even:]
        return sound[:even]

    def connection_lost(self, error: Exception | None) -> None:
        """The service's connection has ended, or has brought something that cannot be read."""
        code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd else None
        self._fail(
            RungFailedError(
                f"closed the connection ({code or type(error).__name__})",
                permanent=code == POLICY_VIOLATION,
            )
        )

    def _take(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, MetricsFrame):
            self.on_usage(frame)
        elif isinstance(frame, ErrorFrame):
            self._fail(failure_of(frame, content_may_be_at_fault=False))
        elif isinstance(frame, TTSStoppedFrame) and frame.context_id == self._context_id:
            self._put(None)

    def _fail(self, failure: RungFailedError) -> None:
        if self._pieces is None:
            if failure.permanent:
                self.on_idle_failure(failure)
        else:
            self._put(failure)

    def _put(self, piece: Piece | RungFailedError | None) -> None:
        if self._pieces is not None and not self._pieces.full():
            self._pieces.put_nowait(piece)


class _Tapped(TTSService):
    """Goes in front of a TTS service's own class: tells the voice what it puts into contexts."""

    _tapped_by: HostedVoice

    def create_context_id(self) -> str:
        return self._tapped_by.context_id

    async def append_to_audio_context(
        self, context_id: str | None, frame: Frame | WordTimestamp | None
    ) -> None:
        if isinstance(frame, TTSAudioRawFrame):
            frame.audio = self._tapped_by.whole_samples(context_id, frame.audio)
            if not frame.audio:
                return
        self._tapped_by.into_context(context_id, frame)
        await super().append_to_audio_context(context_id, frame)

    async def _receive_messages(self) -> None:
        try:
            await super()._receive_messages()  # type: ignore[misc]
        except Exception as error:
            self._tapped_by.connection_lost(error)
            raise
        self._tapped_by.connection_lost(None)


def _tap(service: TTSService, voice: HostedVoice) -> None:
    """Pipecat builds no hook into where its services put their sound: exchange the class."""
    cls = type(service)
    members: dict[str, Any] = {"_tapped_by": voice}
    if not hasattr(cls, "_receive_messages"):
        members["_receive_messages"] = None
    service.__class__ = type(f"Tapped{cls.__name__}", (_Tapped, cls), members)
