"""Deepgram as a rung of the ladder: one connection, whose end is told and not mended here.

Pipecat's service holds the pipeline's start until it is connected, retries by itself (with a log
line and an error each time), takes a 429 for permanent, and does not pass on that nothing was
recognised. Here the ladder decides when to connect again, and hears of empty results.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

from deepgram.core.api_error import ApiError
from deepgram.core.events import EventType
from deepgram.listen.v1.types import ListenV1Finalize, ListenV1KeepAlive
from deepgram.listen.v1.types.listen_v1results import ListenV1Results
from pipecat.frames.frames import Frame, VADUserStoppedSpeakingFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.stt_service import STTService

from bot.services.stt_rung import ConnectionEnd

CONNECT_TIMEOUT_S: Final = 4.0
SEND_TIMEOUT_S: Final = 1.0
"""A socket that takes no audio for so long is as good as closed."""

KEEP_ALIVE_S: Final = 4.0
"""Deepgram closes a connection without audio or KeepAlive after 10 seconds.
https://developers.deepgram.com/docs/audio-keep-alive"""

_PERMANENT_STATUS: Final = frozenset({400, 401, 402, 403, 404, 405})
"""Bad parameters, key, credit, rights, model: another attempt gets the same answer.
https://developers.deepgram.com/docs/errors"""


class DeepgramRung(DeepgramSTTService):
    """Deepgram's recogniser over a connection that the ladder opens with `hold_connection`."""

    _connection: Any  # Pipecat leaves it untyped

    def __init__(self, **kwargs: Any) -> None:
        """Arguments as of `DeepgramSTTService`."""
        super().__init__(**kwargs)
        self.on_nothing_recognised: Callable[[bool], None] = lambda _is_last: None
        self.on_sign_of_life: Callable[[], None] = lambda: None
        self._broken: ConnectionEnd | None = None
        self._has_broken = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        """Whether audio would be taken now."""
        return self._connection is not None and self._broken is None

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
        """Set up without connecting."""
        await STTService.setup(self, setup)

    async def hold_connection(self, *, up: Callable[[], None]) -> ConnectionEnd:
        """Connect, call `up`, and return when the connection is over, for whatever reason.

        Cancelling it closes the connection.
        """
        self._broken = None
        self._has_broken.clear()
        connecting = self._client.listen.v1.connect(**self._build_connect_kwargs())
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    connection = await stack.enter_async_context(connecting)
                connection.on(EventType.MESSAGE, self._on_message)
                connection.on(EventType.ERROR, self._on_error)
                self._connection = connection
                up()
                await self._listen(connection)
        except ApiError as error:
            status = error.status_code
            reason = f"refused the connection with status {status}"
            return ConnectionEnd(reason, permanent=status in _PERMANENT_STATUS)
        except TimeoutError:
            return ConnectionEnd(f"no connection within {CONNECT_TIMEOUT_S:.0f} s")
        except Exception as error:
            return ConnectionEnd(f"connection failed: {type(error).__name__}")
        finally:
            self._connection = None
        return self._broken or ConnectionEnd("closed the connection")

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Send audio; what comes of it arrives by itself."""
        connection = self._connection
        if connection is not None and self._broken is None:
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await connection.send_media(audio)
            except Exception as error:
                self._break(f"does not take audio: {type(error).__name__}")
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """As Pipecat's, but that a broken connection raises nothing."""
        await STTService.process_frame(self, frame, direction)
        connection = self._connection
        if isinstance(frame, VADUserStoppedSpeakingFrame) and connection is not None:
            self.request_finalize()  # type: ignore[no-untyped-call]
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await connection.send_finalize(ListenV1Finalize(type="Finalize"))
            except Exception as error:
                self._break(f"does not take messages: {type(error).__name__}")

    async def _connect(self) -> None:
        """The ladder connects."""

    async def _disconnect(self) -> None:
        """The ladder disconnects."""

    async def _listen(self, connection: Any) -> None:
        tasks = [
            asyncio.ensure_future(connection.start_listening()),
            asyncio.ensure_future(self._keep_alive(connection)),
            asyncio.ensure_future(self._has_broken.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_alive(self, connection: Any) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            with suppress(Exception):  # whoever sends audio or listens will notice
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await connection.send_keep_alive(ListenV1KeepAlive(type="KeepAlive"))

    async def _on_message(self, message: Any) -> None:
        self.on_sign_of_life()
        await super()._on_message(message)  # type: ignore[no-untyped-call]
        if isinstance(message, ListenV1Results) and message.is_final:
            alternatives = message.channel.alternatives if message.channel else []
            if not alternatives or not alternatives[0].transcript:
                self.on_nothing_recognised(bool(message.from_finalize))

    async def _on_error(self, error: Any) -> None:
        self._break(f"connection broke: {type(error).__name__}")

    def _break(self, reason: str) -> None:
        if self._broken is None:
            self._broken = ConnectionEnd(reason)
        self._has_broken.set()
