"""What LiveKit says of its rooms: who came, who left and why, which room is over.

Hints, not truth: a webhook may be lost, late or doubled. The web service receives them and hands
them to its handlers; `RedisRoomEvents` passes them on to the workers.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

from livekit.protocol.models import DisconnectReason, ParticipantInfo
from livekit.protocol.webhook import WebhookEvent
from loguru import logger
from redis.asyncio import Redis

CHANNEL: Final = "leadline:room-events"
QUEUE_LIMIT: Final = 1000
REMEMBERED_EVENTS: Final = 2000
HANDLER_TIMEOUT_S: Final = 5.0
_PUBLISH_TIMEOUT_S: Final = 0.5


@dataclass(frozen=True)
class RoomEvent:
    """One event.

    `kind` is LiveKit's name for it: ``room_started``, ``room_finished``, ``participant_joined``,
    ``participant_left``, ``participant_connection_aborted``, ``track_published`` ...
    `participant_kind` is ``STANDARD``, ``AGENT``, ``SIP`` ...; `disconnect_reason` is
    ``CLIENT_INITIATED``, ``CONNECTION_TIMEOUT`` ..., both as in LiveKit's protocol.
    `created_at` counts seconds since 1970.
    """

    event_id: str
    kind: str
    room: str
    created_at: int
    participant: str | None = None
    participant_kind: str | None = None
    disconnect_reason: str | None = None

    @classmethod
    def of(cls, event: WebhookEvent) -> RoomEvent:
        """From LiveKit's webhook."""
        somebody = event.HasField("participant")
        left = event.event in ("participant_left", "participant_connection_aborted")
        return cls(
            event_id=event.id,
            kind=event.event,
            room=event.room.name,
            created_at=event.created_at,
            participant=event.participant.identity if somebody else None,
            participant_kind=(
                ParticipantInfo.Kind.Name(event.participant.kind) if somebody else None
            ),
            disconnect_reason=(
                DisconnectReason.Name(event.participant.disconnect_reason) if left else None
            ),
        )


RoomEventHandler = Callable[[RoomEvent], Awaitable[None]]
"""Takes one event; may be called twice for the same one, after a restart."""


class RoomEvents:
    """Hands events to handlers, in order, from a bounded queue with one owner."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._handlers: list[RoomEventHandler] = []
        self._queue: asyncio.Queue[RoomEvent] = asyncio.Queue(maxsize=QUEUE_LIMIT)
        self._seen: OrderedDict[str, None] = OrderedDict()

    def listen(self, handler: RoomEventHandler) -> None:
        """`handler` gets every event from now on; what it raises is logged."""
        self._handlers.append(handler)

    def publish(self, event: RoomEvent) -> bool:
        """Take an event; one that was taken already is dropped.

        Returns:
            False if too many are waiting: whoever sent it may send it again.
        """
        if event.event_id in self._seen:
            return True
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            return False
        self._seen[event.event_id] = None
        while len(self._seen) > REMEMBERED_EVENTS:
            self._seen.popitem(last=False)
        return True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hand events on while the context lasts."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            event = await self._queue.get()
            for handler in self._handlers:
                try:
                    await asyncio.wait_for(handler(event), HANDLER_TIMEOUT_S)
                except Exception as error:
                    logger.warning("A {} was not handled: {}", event.kind, type(error).__name__)


class RedisRoomEvents:
    """Passes events on to every process that follows them."""

    def __init__(self, url: str) -> None:
        """Connects with the first use. `url`: `redis://`, `rediss://` or `unix://`."""
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=_PUBLISH_TIMEOUT_S, socket_connect_timeout=_PUBLISH_TIMEOUT_S
        )

    async def publish(self, event: RoomEvent) -> None:
        """A `RoomEventHandler`."""
        await self._redis.publish(CHANNEL, json.dumps(asdict(event)))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


async def follow_room_events(redis: Redis) -> AsyncIterator[RoomEvent]:
    """The events that `RedisRoomEvents` passes on, from now on.

    Raises:
        redis.RedisError: the connection broke; follow anew.
    """
    async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(CHANNEL)
        async for message in pubsub.listen():
            event = _parsed(message["data"])
            if event is not None:
                yield event


def _parsed(raw: Any) -> RoomEvent | None:
    """Another version of the program may have written something else there."""
    try:
        return RoomEvent(**json.loads(raw))
    except (ValueError, TypeError):
        return None
