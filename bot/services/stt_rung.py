"""One recogniser of the ladder: what is known of it, and its connection."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from pipecat.services.stt_service import STTService

from bot.services.breaker import Breaker, BreakerState
from bot.services.patience import Patience

RECONNECT_S: Final = 0.3
MAX_RECONNECT_S: Final = 5.0
MAX_WAIT_S: Final = 30.0
"""How long a breaker that is open for good is not looked at: someone may reset it."""

CLOSE_TIMEOUT_S: Final = 1.0
"""A server that does not answer the closing handshake is not waited for."""


@dataclass(frozen=True)
class ConnectionEnd:
    """Why a connection did not come about, or is over. `permanent`: the next one will not either,
    until someone changes a setting."""

    reason: str
    permanent: bool = False


@runtime_checkable
class Connecting(Protocol):
    """A recogniser whose connection the ladder holds."""

    on_nothing_recognised: Callable[[bool], None]
    on_sign_of_life: Callable[[], None]
    """To be called with every message of the provider, whatever is in it."""

    async def hold_connection(self, *, up: Callable[[], None]) -> ConnectionEnd:
        """Connect, call `up`, return when it is over. Cancelling closes the connection."""


@dataclass
class SignsOfLife:
    """What a provider sends before it is asked for its last word. Times in monotonic seconds.

    Parameters:
        at: when it last sent anything.
        speaks_while_listening: it does so before the caller has finished, as most do.
        has_answered: it has given words.
    """

    at: float = float("-inf")
    speaks_while_listening: bool = False
    has_answered: bool = False

    def is_missing(self, *, since: float) -> bool:
        """Whether its silence means something; of one that never speaks early it does not."""
        is_expected = self.speaks_while_listening or not self.has_answered
        return is_expected and self.at < since


class SttRung:
    """One recogniser and what is known of it."""

    def __init__(
        self,
        *,
        name: str,
        service: STTService,
        breaker: Breaker,
        patience: Patience,
        tells_of_nothing: bool = False,
        can_forget: bool = False,
    ) -> None:
        """Describe a rung.

        Args:
            name: as in the records, e.g. `deepgram`.
            service: the recogniser; one that is `Connecting` is connected by the ladder.
            breaker: the provider's.
            patience: with the provider: from the end of speech to its last word.
            tells_of_nothing: it has an event `on_nothing_recognised`.
            can_forget: it obeys `ForgetSpeechFrame`.
        """
        self.name = name
        self.service = service
        self.breaker = breaker
        self.patience = patience
        self.tells_of_nothing = tells_of_nothing
        self.can_forget = can_forget
        self.started = asyncio.Event()
        self.is_connected = not isinstance(service, Connecting)
        self.reconnect = asyncio.Event()
        """Set: the connection must be made anew."""
        self.late_since: float | None = None
        """Left for being slow; since when its answer has been due."""
        self.fed = 0
        """Samples given since the connection was made."""
        self.origin = 0
        """The position at which its stream would have begun, had it been given everything."""
        self.life = SignsOfLife()
        self.times_told = 0
        """How often it was told to forget what it has heard."""
        self._forgetting: int | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it could serve now."""
        return (
            self.is_connected
            and self.late_since is None
            and not self.reconnect.is_set()
            and self.service.is_usable
            and not self.is_left_alone
        )

    @property
    def is_left_alone(self) -> bool:
        """Whether its breaker is open: found out here, or by another process."""
        return self.breaker.state is BreakerState.OPEN and self.breaker.retry_in_s > 0

    @property
    def speaks_of_the_past(self) -> bool:
        """Whether what it says is about speech that it was told to forget."""
        return self._forgetting is not None

    def forgets(self, frame_id: int) -> None:
        """It has been told to forget, with this frame."""
        self._forgetting = frame_id
        self.times_told += 1

    def has_forgotten(self, frame_id: int) -> None:
        """The frame has come out of it; only the newest counts."""
        if frame_id == self._forgetting:
            self._forgetting = None

    def connect_anew(self) -> None:
        """Make its connection again, if it has one: with it goes what is still to come on it."""
        if isinstance(self.service, Connecting):
            self.reconnect.set()


class ConnectionKeeper:
    """Connects a rung again and again, as its breaker allows. Nobody waits for it."""

    def __init__(
        self,
        rung: SttRung,
        service: Connecting,
        *,
        on_up: Callable[[], object],
        on_end: Callable[[SttRung, ConnectionEnd], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        """`on_up`: connected; `on_end`: not connected (any more), and we did not wish it."""
        self._rung = rung
        self._service = service
        self._on_up = on_up
        self._on_end = on_end
        self._clock = clock

    async def run(self) -> None:
        """Keep the rung connected until cancelled."""
        rung = self._rung
        await rung.started.wait()
        attempts = 0
        while True:
            if rung.breaker.retry_in_s > 0 or not rung.breaker.allow():
                wait_s = max(rung.breaker.retry_in_s, RECONNECT_S)
                await asyncio.sleep(min(wait_s, MAX_WAIT_S))
                continue
            rung.reconnect.clear()
            began_at = self._clock()
            end = await self._hold()
            if end is not None:
                await self._on_end(rung, end)
            attempts = 0 if self._clock() - began_at > MAX_RECONNECT_S else attempts + 1
            wait_s = min(RECONNECT_S * 2**attempts, MAX_RECONNECT_S)
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311

    async def _hold(self) -> ConnectionEnd | None:
        """Hold one connection until it ends (why) or is to be made anew (None)."""
        holding = asyncio.create_task(self._service.hold_connection(up=self._up))
        unwanted = asyncio.create_task(self._rung.reconnect.wait())
        try:
            await asyncio.wait({holding, unwanted}, return_when=asyncio.FIRST_COMPLETED)
            return holding.result() if holding.done() else None
        finally:
            self._rung.is_connected = False
            unwanted.cancel()
            holding.cancel()
            await asyncio.wait({holding, unwanted}, timeout=CLOSE_TIMEOUT_S)

    def _up(self) -> None:
        self._rung.fed = 0
        self._rung.is_connected = True
        self._on_up()
