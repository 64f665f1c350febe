"""Who is in a LiveKit room: persons, as far as the server knows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
from livekit import api
from livekit.protocol.models import ParticipantInfo

from bot.config import Settings
from bot.errors import LeadlineError
from bot.fleet.lonely import AskedFor, RoomWithoutBot

T = TypeVar("T")

ANSWER_TIMEOUT_S = 2.0
_PERSONS = (
    ParticipantInfo.Kind.STANDARD,
    ParticipantInfo.Kind.SIP,
    ParticipantInfo.Kind.INGRESS,
    ParticipantInfo.Kind.CONNECTOR,
)


class LiveKitRooms:
    """Asks LiveKit's server. Use it as an async context."""

    def __init__(self, settings: Settings) -> None:
        """Connects with the first use.

        Raises:
            SettingsError: LiveKit is not configured.
        """
        self._url, self._key, self._secret = settings.require_livekit()
        self._agent_name = settings.agent_name
        self._client: api.LiveKitAPI | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def has_caller(self, room: str) -> bool:
        """Whether a person is in the room.

        Raises:
            LeadlineError: the server does not answer.
        """
        return bool(await self.callers(room))

    async def callers(self, room: str) -> frozenset[str]:
        """The identities of the persons in the room; none if there is no such room.

        Raises:
            LeadlineError: the server does not answer.
        """
        return frozenset(p.identity for p in await self._participants(room) if p.kind in _PERSONS)

    async def without_a_bot(self) -> list[RoomWithoutBot]:
        """The rooms with persons and without an agent, and what was asked for them.

        Raises:
            LeadlineError: the server does not answer.
        """
        listed = await self._answer(lambda: self._api.room.list_rooms(api.ListRoomsRequest()))
        found: list[RoomWithoutBot] = []
        for room in listed.rooms if listed is not None else ():
            if not room.num_participants:
                continue
            present = await self._participants(room.name)
            callers = frozenset(p.identity for p in present if p.kind in _PERSONS)
            if callers and not any(p.kind == ParticipantInfo.Kind.AGENT for p in present):
                asked_for = await self._asked_for(room.name)
                found.append(RoomWithoutBot(name=room.name, callers=callers, asked_for=asked_for))
        return found

    async def _participants(self, room: str) -> Sequence[ParticipantInfo]:
        request = api.ListParticipantsRequest(room=room)
        answer = await self._answer(lambda: self._api.room.list_participants(request))
        return answer.participants if answer is not None else ()

    async def _asked_for(self, room: str) -> tuple[AskedFor, ...]:
        listed = await self._answer(lambda: self._api.agent_dispatch.list_dispatch(room))
        return tuple(
            AskedFor(
                dispatch_id=dispatch.id,
                metadata=dispatch.metadata,
                was_taken=bool(dispatch.state.jobs),
            )
            for dispatch in sorted(listed or (), key=lambda each: each.state.created_at)
            if dispatch.agent_name == self._agent_name
        )

    @property
    def _api(self) -> api.LiveKitAPI:
        if self._client is None:
            self._client = api.LiveKitAPI(self._url, self._key, self._secret, failover=False)
        return self._client

    async def _answer(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """None: there is no such room."""
        try:
            # The client hands no time-out of its own to its requests.
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await ask()
        except api.TwirpError as error:
            if error.code == api.TwirpErrorCode.NOT_FOUND:
                return None
            raise LeadlineError(f"LiveKit answered {error.code}") from None
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise LeadlineError("LiveKit does not answer") from None
