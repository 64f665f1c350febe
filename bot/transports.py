"""The one module that knows the transports: LiveKit, Daily, SmallWebRTC, WebSocket.

A `Line` is a transport as the call sees it: who the caller is, whether they left on purpose, and
what they have heard. Differences between the transports end here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from loguru import logger
from pipecat.frames.frames import InputAudioRawFrame, UserAudioRawFrame
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.transports.base_transport import BaseTransport, TransportParams

from bot.config import Settings
from bot.errors import LeadlineError, UsageError
from processors.spoken_output import SpokenOutput, spoken

OUTPUT_QUEUE_MS = 200
"""LiveKit's own output queue: at 100 ms there were 27 dropouts a minute under load."""

BOT_IDENTITY_PREFIX = "leadline-"
SIP_NUMBER = "sip.phoneNumber"
"""An attribute of who comes by telephone. https://docs.livekit.io/sip/sip-participant"""
FIRST_SUBSCRIPTION_TIMEOUT_S = 1.0
REST_TIMEOUT_S = 5.0
TOKEN_TTL = timedelta(hours=6)


class LineListener(Protocol):
    """What a call wants to know of its line."""

    async def caller_joined(self, caller_id: str) -> None:
        """The caller is there and can hear us; also after they came back."""

    async def caller_left(self, caller_id: str, *, on_purpose: bool) -> None:
        """The caller hung up, or (`on_purpose=False`) the connection to them broke."""

    async def line_lost(self) -> None:
        """We are no longer connected to the room."""

    async def room_taken(self, identity: str) -> None:
        """Another Leadline bot was in the room before us."""


@dataclass
class Line:
    """One transport with a known output, ready to be wired into the chain."""

    name: str
    transport: BaseTransport
    output: SpokenOutput
    attach: Callable[[LineListener], None]
    phone_of: Callable[[str], str | None] = lambda _: None
    """The telephone number (E.164) of somebody on the line, if they come by telephone."""


def media_params(params_class: type[TransportParams] = TransportParams, **extra: Any) -> Any:
    """Audio both ways, and the end without added silence."""
    return params_class(
        audio_in_enabled=True, audio_out_enabled=True, audio_out_end_silence_secs=0, **extra
    )


# --- LiveKit ---------------------------------------------------------------------------------


def livekit_token(
    settings: Settings, *, room: str, identity: str, name: str, agent: bool = False
) -> str:
    """A token for one participant of one room.

    Raises:
        SettingsError: LiveKit's key or secret is not set.
    """
    from livekit import api

    _, key, secret = settings.require_livekit()
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        agent=agent,
        can_publish=True,
        can_subscribe=True,
        can_publish_data=True,
    )
    token = api.AccessToken(key, secret).with_identity(identity).with_name(name)
    if agent:
        token = token.with_kind("agent")
    return token.with_grants(grants).with_ttl(TOKEN_TTL).to_jwt()


async def check_livekit_room(settings: Settings, room: str) -> None:
    """Ask the server about the room, so that what is wrong is said before anything starts.

    Raises:
        SettingsError: LiveKit is not configured.
        LeadlineError: the server is down, refuses the key, or a Leadline bot is in the room.
    """
    import aiohttp
    from livekit import api

    url, key, secret = settings.require_livekit()
    http_url = url.replace("ws://", "http://", 1).replace("wss://", "https://", 1)
    timeout = aiohttp.ClientTimeout(total=REST_TIMEOUT_S)
    client = api.LiveKitAPI(http_url, key, secret, timeout=timeout)
    try:
        # The client's own time-out does not hold: it asks each request without one.
        async with asyncio.timeout(REST_TIMEOUT_S):
            response = await client.room.list_participants(api.ListParticipantsRequest(room=room))
    except api.TwirpError as error:
        if error.code == api.TwirpErrorCode.NOT_FOUND:
            return
        if error.status in (401, 403):
            raise UsageError(
                f"LIVEKIT_API_SECRET: the server at {url} refuses this key and secret; "
                "copy both from the server's configuration"
            ) from None
        raise LeadlineError(f"LiveKit at {url} answered {error.code}; try again") from None
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise LeadlineError(
            f"LiveKit does not answer at {url}; start it (`docker compose up`) or correct "
            "LIVEKIT_URL"
        ) from None
    finally:
        await client.aclose()
    for participant in response.participants:
        if participant.identity.startswith(BOT_IDENTITY_PREFIX):
            raise room_taken_error(room)


def room_taken_error(room: str) -> LeadlineError:
    """What a second bot in one room gets."""
    return LeadlineError(f"room {room!r} already has a Leadline bot; a room gets only one")


def livekit_line(*, url: str, token: str, room: str) -> Line:
    """A line in a LiveKit room. The first person in it is the caller, and stays it."""
    from pipecat.transports.livekit.transport import (
        LiveKitInputTransport,
        LiveKitParams,
        LiveKitTransport,
    )

    class CallerOnlyInput(LiveKitInputTransport):
        """Lets only the caller's audio in: a second voice must not become the caller."""

        caller_id: str | None = None
        wire_room: Callable[[Any], None] = staticmethod(lambda room: None)

        async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]
            # The room exists from here on, and its first events come while we still connect.
            await self._client.setup(setup)
            self.wire_room(self._client.room)
            await super().setup(setup)

        async def push_audio_frame(self, frame: InputAudioRawFrame) -> None:
            if not isinstance(frame, UserAudioRawFrame) or frame.user_id == self.caller_id:
                await super().push_audio_frame(frame)

    class LiveKitLine(LiveKitTransport):
        def input(self) -> CallerOnlyInput:
            if not isinstance(self._input, CallerOnlyInput):
                self._input = CallerOnlyInput(
                    self, self._client, self._params, name=self._input_name
                )
            return self._input

        def queued_samples(self) -> int:
            source = self._client._audio_source
            return int(source.queued_duration * source.sample_rate) if source else 0

    transport = LiveKitLine(
        url,
        token,
        room,
        params=media_params(LiveKitParams, audio_out_queue_size_ms=OUTPUT_QUEUE_MS),
    )
    output = spoken(transport.output(), queued_samples=transport.queued_samples)

    def attach(listener: LineListener) -> None:
        _LiveKitPresence(transport, transport.input(), listener)

    def phone_of(participant_id: str) -> str | None:
        participant = transport._client.room.remote_participants.get(participant_id)
        return participant.attributes.get(SIP_NUMBER) or None if participant else None

    return Line("livekit", transport, output, attach, phone_of)


class _LiveKitPresence:
    """Who is the caller in a LiveKit room, and whether they really left."""

    def __init__(self, transport: Any, caller_input: Any, listener: LineListener) -> None:
        self._transport = transport
        self._input = caller_input
        self._listener = listener
        self._caller_id: str | None = None
        self._audible = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        caller_input.wire_room = self._wire
        transport.add_event_handler("on_connected", self._on_connected)
        transport.add_event_handler("on_disconnected", self._on_disconnected)
        transport.add_event_handler("on_participant_connected", self._on_participant_connected)
        transport.add_event_handler("on_audio_track_subscribed", self._on_audio_track_subscribed)

    @property
    def _room(self) -> Any:
        return self._transport._client.room

    def _wire(self, room: Any) -> None:
        room.on("participant_disconnected", self._on_participant_disconnected)
        room.on("local_track_subscribed", lambda *_: self._audible.set())

    async def _on_connected(self, _transport: Any) -> None:
        for participant in list(self._room.remote_participants.values()):
            if participant.identity.startswith(BOT_IDENTITY_PREFIX):
                await self._listener.room_taken(participant.identity)
                return

    async def _on_disconnected(self, _transport: Any) -> None:
        # The client closes these only when it is we who leave; a bot that is replaced in its room
        # would hear on into nothing.
        client = self._transport._client
        await client._close_all_streams()
        await client._close_output_sources()
        await self._listener.line_lost()

    async def _on_participant_connected(self, _transport: Any, participant_id: str) -> None:
        if not self._is_the_caller(participant_id):
            logger.info("Somebody else joined; the line stays with the caller")
            return
        # The first words are lost to a caller whose client has not subscribed to us yet.
        try:
            await asyncio.wait_for(self._audible.wait(), FIRST_SUBSCRIPTION_TIMEOUT_S)
        except TimeoutError:
            logger.warning("The caller has not subscribed to the bot's audio; greeting anyway")
        await self._listener.caller_joined(participant_id)

    async def _on_audio_track_subscribed(self, _transport: Any, participant_id: str) -> None:
        # Tracks may be announced before their participant is.
        if self._is_the_caller(participant_id):
            return
        participant = self._room.remote_participants.get(participant_id)
        for publication in participant.track_publications.values() if participant else ():
            publication.set_subscribed(False)

    def _on_participant_disconnected(self, participant: Any) -> None:
        from livekit import rtc

        if participant.identity != self._caller_id:
            return
        on_purpose = participant.disconnect_reason in (
            rtc.DisconnectReason.CLIENT_INITIATED,
            rtc.DisconnectReason.PARTICIPANT_REMOVED,
            rtc.DisconnectReason.ROOM_DELETED,
        )
        task = asyncio.create_task(
            self._listener.caller_left(participant.identity, on_purpose=on_purpose)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_the_caller(self, participant_id: str) -> bool:
        if self._caller_id is None and self._is_person(participant_id):
            self._caller_id = self._input.caller_id = participant_id
        return participant_id == self._caller_id

    def _is_person(self, participant_id: str) -> bool:
        from livekit import rtc

        participant = self._room.remote_participants.get(participant_id)
        kind = participant.kind if participant else rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
        return kind in (
            rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD,
            rtc.ParticipantKind.PARTICIPANT_KIND_SIP,
            rtc.ParticipantKind.PARTICIPANT_KIND_INGRESS,
            rtc.ParticipantKind.PARTICIPANT_KIND_CONNECTOR,
        )


# --- one peer: SmallWebRTC, WebSocket, Daily ------------------------------------------------------


def webrtc_line(connection: Any) -> Line:
    """A line to one browser by SmallWebRTC: no server in between."""
    from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport

    transport = SmallWebRTCTransport(webrtc_connection=connection, params=media_params())
    return peer_line("webrtc", transport)


def daily_line(*, room_url: str, token: str | None) -> Line:
    """A line in a Daily room."""
    from pipecat.transports.daily.transport import DailyParams, DailyTransport

    transport = DailyTransport(room_url, token, "Leadline", params=media_params(DailyParams))
    return peer_line("daily", transport)


def peer_line(name: str, transport: BaseTransport) -> Line:
    """A line whose transport itself says who its one client is."""

    def attach(listener: LineListener) -> None:
        async def joined(_transport: Any, client: Any) -> None:
            await listener.caller_joined(_client_id(transport, client))

        async def left(_transport: Any, client: Any, *_reason: Any) -> None:
            await listener.caller_left(_client_id(transport, client), on_purpose=True)

        transport.add_event_handler("on_client_connected", joined)
        transport.add_event_handler("on_client_disconnected", left)

    return Line(name, transport, spoken(transport.output()), attach)  # type: ignore[arg-type]


def _client_id(transport: BaseTransport, client: Any) -> str:
    try:
        return str(transport.get_client_id(client))
    except (AttributeError, KeyError, TypeError, NotImplementedError):
        return "caller"


def require_daily(settings: Settings) -> str:
    """Daily's key, or a `UsageError` that says where to get one."""
    if settings.daily_api_key is None:
        raise UsageError(
            "DAILY_API_KEY: not set, but the Daily transport needs it; get one at "
            "https://dashboard.daily.co/developers and set it in the environment or in .env"
        )
    return settings.daily_api_key.get_secret_value()


async def create_daily_room(settings: Settings, room: str) -> tuple[str, str]:
    """Find or create a Daily room and a token for the bot.

    Returns:
        The room's URL and the token.

    Raises:
        UsageError: DAILY_API_KEY is not set.
        LeadlineError: Daily refuses or does not answer.
    """
    import aiohttp
    from pipecat.transports.daily.utils import DailyRESTHelper, DailyRoomParams

    from bot.services.endpoints import daily_api_url

    key = require_daily(settings)
    base_url = daily_api_url(settings.daily_api_url)
    timeout = aiohttp.ClientTimeout(total=REST_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        rest = DailyRESTHelper(daily_api_key=key, daily_api_url=base_url, aiohttp_session=session)
        headers = {"Authorization": f"Bearer {key}"}
        try:
            async with session.get(f"{base_url}/rooms/{room}", headers=headers) as response:
                known = await response.json() if response.status == 200 else None
            if known is None:
                room_url = (await rest.create_room(DailyRoomParams(name=room))).url
            else:
                room_url = known["url"]
            token = await rest.get_token(room_url, owner=True)
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise LeadlineError(
                f"Daily does not answer at {base_url}; check the network or DAILY_API_URL"
            ) from None
        except Exception as error:  # Pipecat's helper raises bare Exceptions.
            raise LeadlineError(
                f"Daily refused room {room!r}: {error}; check DAILY_API_KEY and the room's name"
            ) from None
    return room_url, token
