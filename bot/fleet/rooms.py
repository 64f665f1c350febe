"""Who is in a LiveKit room: persons, as far as the server knows."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import aiohttp
from livekit import api
from livekit.protocol.models import ParticipantInfo

from bot.config import Settings
from bot.errors import LeadlineError

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
        if self._client is None:
            self._client = api.LiveKitAPI(self._url, self._key, self._secret, failover=False)
        request = api.ListParticipantsRequest(room=room)
        try:
            # The client hands no time-out of its own to its requests.
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                answer = await self._client.room.list_participants(request)
        except api.TwirpError as error:
            if error.code == api.TwirpErrorCode.NOT_FOUND:
                return frozenset()
            raise LeadlineError(f"LiveKit answered {error.code}") from None
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise LeadlineError("LiveKit does not answer") from None
        return frozenset(p.identity for p in answer.participants if p.kind in _PERSONS)
