"""Asks the fleet for a bot in a room.

A LiveKit dispatch is a hint that may be lost, not a queue: that it was accepted does not say that
a worker took it. Whoever needs to know watches the call.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Protocol, Self
from uuid import uuid4

import aiohttp
from livekit import api

from bot.config import Settings, SettingsError
from bot.errors import LeadlineError, UsageError
from bot.rooms import check_room_name

DISPATCH_TIMEOUT_S: Final = 5.0
METADATA_VERSION: Final = 1
# livekit-server's default `limit.max_metadata_size` is 64,000 bytes; ours leaves room around it.
MAX_METADATA_BYTES: Final = 16_000


class DispatchUnavailableError(LeadlineError):
    """LiveKit could not be asked now; trying again may help."""


class Dispatcher(Protocol):
    """What the command and the HTTP API ask for a bot."""

    async def dispatch(
        self,
        room: str,
        playbook: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        call_id: str | None = None,
        until: float | None = None,
    ) -> str:
        """Ask for one bot in `room`; returns the call's id.

        Args:
            room: its name; a room that does not exist is made.
            playbook: a playbook's name; the worker's own by default.
            metadata: what the caller of the API sends along, as JSON.
            call_id: the call's id; a new one by default. Asking again with the same id is a
                repetition of the same call.
            until: seconds since 1970 after which a worker must not begin the call any more.

        Raises:
            UsageError: the room's name, the metadata or LiveKit's key is wrong.
            DispatchUnavailableError: LiveKit is down or too slow.
        """


def dispatch_metadata(
    *,
    call_id: str,
    playbook: str | None,
    metadata: Mapping[str, Any] | None,
    until: float | None = None,
) -> str:
    """What a worker reads from its job: ``{"v", "call_id", "playbook", "metadata"}``,
    and ``"until"`` where there is one.

    Raises:
        UsageError: `metadata` is no JSON, or too long.
    """
    try:
        text = json.dumps(
            {
                "v": METADATA_VERSION,
                "call_id": call_id,
                "playbook": playbook,
                "metadata": dict(metadata or {}),
                **({"until": until} if until is not None else {}),
            },
            ensure_ascii=False,
            allow_nan=False,
        )
        length = len(text.encode())
    except (TypeError, ValueError, RecursionError):
        raise UsageError("metadata: cannot be written as JSON; give an object of JSON") from None
    if length > MAX_METADATA_BYTES:
        raise UsageError(
            f"metadata: is {length} bytes long with its frame; at most {MAX_METADATA_BYTES} are "
            "possible: shorten it"
        )
    return text


class LiveKitDispatcher:
    """A `Dispatcher` by LiveKit's own agent dispatch. Use it as an async context."""

    def __init__(
        self,
        *,
        url: str,
        key: str,
        secret: str,
        agent_name: str,
        timeout_s: float = DISPATCH_TIMEOUT_S,
    ) -> None:
        """Connects with the first use.

        Args:
            url: LiveKit's, ``ws(s)://`` or ``http(s)://``.
            key: its API key.
            secret: the key's secret.
            agent_name: what the workers are called by.
            timeout_s: how long one dispatch may take.
        """
        self._url = url
        self._key = key
        self._secret = secret
        self._agent_name = agent_name
        self._timeout_s = timeout_s
        self._client: api.LiveKitAPI | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The settings' LiveKit and agent name.

        Raises:
            SettingsError: LiveKit is not configured.
        """
        url, key, secret = settings.require_livekit()
        return cls(url=url, key=key, secret=secret, agent_name=settings.agent_name)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def dispatch(
        self,
        room: str,
        playbook: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        call_id: str | None = None,
        until: float | None = None,
    ) -> str:
        """See `Dispatcher`."""
        the_call = call_id or uuid4().hex
        request = api.CreateAgentDispatchRequest(
            agent_name=self._agent_name,
            room=check_room_name(room),
            metadata=dispatch_metadata(
                call_id=the_call, playbook=playbook, metadata=metadata, until=until
            ),
        )
        try:
            # The client's own time-out does not hold: it asks each request without one.
            async with asyncio.timeout(self._timeout_s):
                await self._livekit().agent_dispatch.create_dispatch(request)
        except api.TwirpError as error:
            raise self._named(error) from None
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise DispatchUnavailableError(
                f"LiveKit does not answer at {self._url}; start it (`docker compose up`) or "
                "correct LIVEKIT_URL"
            ) from None
        return the_call

    def _livekit(self) -> api.LiveKitAPI:
        if self._client is None:
            # The client itself turns ws:// into http://.
            self._client = api.LiveKitAPI(
                self._url,
                self._key,
                self._secret,
                failover=False,
            )
        return self._client

    def _named(self, error: api.TwirpError) -> LeadlineError:
        if error.status in (401, 403):
            return SettingsError(
                f"LIVEKIT_API_SECRET: the server at {self._url} refuses this key and secret; "
                "copy both from the server's configuration"
            )
        if error.code == api.TwirpErrorCode.INVALID_ARGUMENT:
            return UsageError(f"LiveKit refuses this dispatch: {error.message}")
        return DispatchUnavailableError(
            f"LiveKit at {self._url} answered {error.code} to a dispatch; try again"
        )
