"""Reads what the calls have left: ``GET /calls/{id}``, ``GET /leads``, ``GET /leads/{id}``."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from loguru import logger
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, TypeAdapter

from bot.records import CallRecord, LeadRecord
from bot.storage.errors import ErasedError, StorageError, UnknownIdError
from bot.storage.store import Store
from bot.web.access import holder_of
from bot.web.keys import Scope
from bot.web.problems import Problem, responses

MAX_PAGE: Final = 200
RETRY_AFTER_S: Final = 5
# Whole ids only: the store itself also takes the beginning of one, as people type it.
_HEX: Final = r"^[0-9a-f]{32}$"
_ID = Path(pattern=_HEX, description="32 hexadecimal digits.")

_CURSOR = TypeAdapter(tuple[AwareDatetime, Annotated[str, StringConstraints(pattern=_HEX)]])

router = APIRouter()


class LeadPage(BaseModel):
    """Leads, newest first."""

    leads: list[LeadRecord]
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


@router.get(
    "/calls/{call_id}",
    summary="A call, with its transcript, latency and cost",
    tags=["calls"],
    dependencies=[holder_of(Scope.CALLS_READ)],
    responses=responses(401, 403, 404, 410, 422, 503),
)
async def call(request: Request, call_id: Annotated[str, _ID]) -> CallRecord:
    """Known from the moment when its bot has joined; `ended_at` is null while it runs."""
    store = await _store(request)
    with _named("call"):
        return await store.call(call_id)


@router.get(
    "/leads",
    summary="Leads, newest first",
    tags=["leads"],
    dependencies=[holder_of(Scope.LEADS_READ)],
    responses=responses(401, 403, 422, 503),
)
async def leads(
    request: Request,
    since: Annotated[
        AwareDatetime | None, Query(description="Only those made since: 2026-01-31T00:00:00Z.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="At most so many a page.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=200, description="`next` of the page before.")
    ] = None,
) -> LeadPage:
    """A page of leads. What was erased is not among them."""
    before = _read(cursor) if cursor is not None else None
    store = await _store(request)
    with _named("lead"):
        found = await store.leads(limit + 1, since, before)
    page = found[:limit]
    more = len(found) > limit
    return LeadPage(leads=page, next=_cursor(page[-1]) if more else None)


@router.get(
    "/leads/{lead_id}",
    summary="A lead",
    tags=["leads"],
    dependencies=[holder_of(Scope.LEADS_READ)],
    responses=responses(401, 403, 404, 410, 422, 503),
)
async def lead(request: Request, lead_id: Annotated[str, _ID]) -> LeadRecord:
    """The newest revision of one lead."""
    store = await _store(request)
    with _named("lead"):
        return await store.lead(lead_id)


async def _store(request: Request) -> Store:
    with _named("database"):
        store: Store = await request.app.state.store.get()
        return store


@contextmanager
def _named(noun: str) -> Iterator[None]:
    try:
        yield
    except UnknownIdError:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no {noun} with this id") from None
    except ErasedError:
        raise Problem(HTTPStatus.GONE, f"this {noun} was erased on request") from None
    except StorageError as error:
        logger.error("The database does not serve the HTTP API: {}", error)
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the database does not answer now; try again in a few seconds",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        ) from None


def _cursor(last: LeadRecord) -> str:
    text = json.dumps([last.created_at.isoformat(), last.lead_id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        created_at, lead_id = _CURSOR.validate_json(text)
    except ValueError:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "is not the `next` of a page; begin again without it",
            field="query.cursor",
        ) from None
    return created_at, lead_id
