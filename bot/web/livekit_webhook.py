"""Receives LiveKit's webhooks: ``POST /livekit/webhook``."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from livekit.api import TokenVerifier, WebhookReceiver
from loguru import logger

from bot.fleet.room_events import RoomEvent, RoomEvents
from bot.web.problems import Problem, responses

router = APIRouter(tags=["livekit"])


def webhook_receiver(key: str, secret: str) -> WebhookReceiver:
    """Checks signatures made with LiveKit's key and secret."""
    return WebhookReceiver(TokenVerifier(key, secret))


@router.post(
    "/livekit/webhook",
    summary="For LiveKit: what happens in its rooms",
    status_code=204,
    response_class=Response,
    responses=responses(401, 413, 503),
)
async def webhook(request: Request) -> None:
    """LiveKit signs it with the API key of its configuration (`webhook.api_key`).

    It repeats an event that is not answered with success.
    """
    receiver: WebhookReceiver = request.app.state.webhook_receiver
    events: RoomEvents = request.app.state.room_events
    body = await request.body()
    try:
        event = receiver.receive(body.decode(), request.headers.get("authorization", ""))
    except Exception as error:  # The library and its own libraries raise a dozen kinds.
        logger.warning("A webhook was refused: {}", type(error).__name__)
        raise Problem(
            HTTPStatus.UNAUTHORIZED, "the signature does not fit this body and LiveKit's key"
        ) from None
    if not events.publish(RoomEvent.of(event)):
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "too many events are waiting; send it again",
            headers={"Retry-After": "1"},
        )
