"""Starts calls for whoever asks over HTTP: a room, a bot in it, a token for the caller."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import uuid4

import phonenumbers
from loguru import logger
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.call_limits import CallLimits
from bot.commands.token import person_token, websocket_url
from bot.config import Settings
from bot.errors import LeadlineError, UsageError
from bot.fleet.confirmed import FleetBusyError
from bot.fleet.dispatch import Dispatcher, DispatchUnavailableError
from bot.playbooks import built_in_playbooks
from bot.rooms import check_room_name
from bot.web.problems import Problem

TOKEN_TTL: Final = timedelta(hours=1)
"""As long as a dropped caller finds the session again."""
ROOM_PREFIX: Final = "call-"
RETRY_AFTER_S: Final = 5


def _phone_number(text: str) -> str:
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValueError("is no telephone number in international form, like +14155550132")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _room(text: str) -> str:
    try:
        return check_room_name(text)
    except UsageError as error:
        raise ValueError(str(error).removeprefix("ROOM: ")) from None


def _playbook(text: str) -> str:
    # Names only: a path would let whoever asks read files of the worker.
    if text not in built_in_playbooks():
        raise ValueError(f"there is no such playbook; there are {', '.join(built_in_playbooks())}")
    return text


class StartCall(BaseModel):
    """What is wanted. All of it is optional."""

    model_config = ConfigDict(extra="forbid")

    playbook: Annotated[str, AfterValidator(_playbook)] | None = Field(
        default=None, max_length=60, description="A playbook's name; the workers' own by default."
    )
    room: Annotated[str, AfterValidator(_room)] | None = Field(
        default=None,
        max_length=256,
        description=(
            "A room in which somebody waits already, e.g. made by a SIP dispatch rule: the bot is "
            "sent there, and no token is made. By default a new room is named."
        ),
    )
    phone: Annotated[str, AfterValidator(_phone_number)] | None = Field(
        default=None,
        max_length=40,
        description="The caller's number, for the limits by number: +14155550132.",
    )
    name: str | None = Field(
        default=None, max_length=80, description="How the caller is called in the room."
    )
    metadata: dict[str, Any] = Field(
        default_factory=dict, description="Goes along to the worker; at most 16,000 bytes."
    )


class StartedCall(BaseModel):
    """Connect to `url` with `token` (any LiveKit client), and the bot is there."""

    call_id: str = Field(description="For GET /calls/{call_id}, once the bot has joined.")
    room: str
    url: str = Field(description="LiveKit, as a browser reaches it.")
    token: str | None = Field(description="For one participant of this room; null if `room` came.")
    identity: str | None = Field(description="Who the token is for.")
    expires_at: datetime | None = Field(description="Until when one can join with the token.")


class CallDesk:
    """Starts calls, within the limits."""

    def __init__(self, *, settings: Settings, dispatcher: Dispatcher, limits: CallLimits) -> None:
        """`settings` must have a LiveKit server."""
        self._dispatcher = dispatcher
        self._limits = limits
        url, self._key, self._secret = settings.require_livekit()
        self.public_url = websocket_url(settings.livekit_public_url or url)

    async def start(self, wanted: StartCall, *, key: str) -> StartedCall:
        """Start one call for the API key named `key`.

        Raises:
            Problem: over a limit (429), metadata that cannot be sent (422), no LiveKit (503).
        """
        call_id = uuid4().hex
        room = wanted.room or f"{ROOM_PREFIX}{call_id}"
        refusal = await self._limits.admit(room, key=key, phone=wanted.phone)
        if refusal is not None:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                str(refusal),
                headers={"Retry-After": str(refusal.retry_after_s)},
            )
        try:
            await self._dispatch(room, wanted, call_id)
        except BaseException:
            await self._limits.release(room)
            raise
        if wanted.room is not None:
            return StartedCall(
                call_id=call_id,
                room=room,
                url=self.public_url,
                token=None,
                identity=None,
                expires_at=None,
            )
        identity = f"caller-{secrets.token_hex(6)}"
        token = person_token(
            key=self._key,
            secret=self._secret,
            room=room,
            identity=identity,
            ttl=TOKEN_TTL,
            name=wanted.name,
        )
        return StartedCall(
            call_id=call_id,
            room=room,
            url=self.public_url,
            token=token,
            identity=identity,
            expires_at=datetime.now(UTC) + TOKEN_TTL,
        )

    async def _dispatch(self, room: str, wanted: StartCall, call_id: str) -> None:
        metadata = dict(wanted.metadata)
        if wanted.phone is not None:
            metadata.setdefault("phone", wanted.phone)
        try:
            await self._dispatcher.dispatch(room, wanted.playbook, metadata, call_id=call_id)
        except UsageError as error:
            if str(error).startswith("metadata:"):
                detail = str(error).removeprefix("metadata: ")
                raise Problem(
                    HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="body.metadata"
                ) from None
            # The operator's mistake; whoever asked cannot do anything about it.
            raise self._not_now(error) from None
        except (DispatchUnavailableError, FleetBusyError) as error:
            raise self._not_now(error) from None

    def _not_now(self, error: LeadlineError) -> Problem:
        logger.error("A call could not be started: {}", error)
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "calls cannot be started now; try again in a few seconds",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
