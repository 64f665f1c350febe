"""Hears the caller and keeps the lead: every final transcript goes through the pure capture code.

Sits right behind the recogniser. It handles the caller's words without awaiting anything, and
marks finals as uninterruptible: Pipecat deletes queued interruptible frames on a barge-in, and a
caller's word must never be lost to the caller's own next word.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from loguru import logger
from pipecat.frames.frames import Frame, LLMMessagesAppendFrame, TranscriptionFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from flows.capture import Word


class Hearing(Protocol):
    """What the processor tells of the caller. Called synchronously; must not block or raise."""

    def caller_said(
        self, text: str, *, words: Sequence[Word], alternatives: Sequence[str], typed: bool
    ) -> None:
        """One final transcript, or one typed message."""


class LeadQualificationProcessor(FrameProcessor):
    """Passes every frame on, after the caller's words in it have been read."""

    def __init__(self, *, hearing: Hearing, **kwargs: Any) -> None:
        """`hearing` keeps the lead."""
        super().__init__(**kwargs)
        self._hearing = hearing

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: Callable[[FrameProcessor, Frame, FrameDirection], Any] | None = None,
    ) -> None:
        """Protect the caller's words before they enter our queue, not when they leave it."""
        if isinstance(frame, TranscriptionFrame | LLMMessagesAppendFrame):
            frame.interruptible = False
        await super().queue_frame(frame, direction, callback)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Read finals and typed messages; pass everything on."""
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            if isinstance(frame, TranscriptionFrame):
                self._hear(frame)
            elif isinstance(frame, LLMMessagesAppendFrame):
                self._read_typed(frame)
        await self.push_frame(frame, direction)

    def _hear(self, frame: TranscriptionFrame) -> None:
        if frame.text.strip():
            words, alternatives = recogniser_evidence(frame.result)
            self._tell(frame.text, words=words, alternatives=alternatives, typed=False)

    def _read_typed(self, frame: LLMMessagesAppendFrame) -> None:
        for message in frame.messages:
            if isinstance(message, dict) and message.get("role") == "user":
                text = _text_of(message.get("content"))
                if text.strip():
                    self._tell(text, words=(), alternatives=(), typed=True)

    def _tell(
        self, text: str, *, words: Sequence[Word], alternatives: Sequence[str], typed: bool
    ) -> None:
        try:
            self._hearing.caller_said(text, words=words, alternatives=alternatives, typed=typed)
        except Exception as error:  # A rule's bug must not take the call down.
            # Where, but never with what: the message may quote the caller.
            frames = traceback.extract_tb(error.__traceback__)
            where = f"{frames[-1].filename}:{frames[-1].lineno}"
            logger.error("A capture rule failed: {} at {}", type(error).__name__, where)


def recogniser_evidence(result: Any) -> tuple[tuple[Word, ...], tuple[str, ...]]:
    """Words with confidences, and alternative transcripts, from a recogniser's raw result.

    Understands Deepgram's `Results` message (channel.alternatives[].words[]); of any other
    recogniser there is no evidence beyond the text.
    https://developers.deepgram.com/reference/speech-to-text/listen-streaming
    """
    alternatives = getattr(getattr(result, "channel", None), "alternatives", None)
    if not alternatives:
        return (), ()
    words = tuple(
        Word(
            text=str(getattr(word, "punctuated_word", None) or getattr(word, "word", "")),
            confidence=getattr(word, "confidence", None),
        )
        for word in getattr(alternatives[0], "words", None) or ()
    )
    others = tuple(text for other in alternatives[1:] if (text := getattr(other, "transcript", "")))
    return words, others


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(
            str(part.get("text", "")) for part in content if isinstance(part, dict)
        ).strip()
    return ""
