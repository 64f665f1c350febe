"""A call as its next bot needs it: the checkpoint after each turn, and the turn in progress.

Both are JSON with a schema version. An older one is migrated, a step a version; a newer one, or
one that is damaged, is refused whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.records import Cost, EndReason, TurnLatency, TurnRecord
from bot.storage.errors import SessionUnreadableError
from bot.storage.mapping import storable

SESSION_VERSION: Final = 1
SESSION_TTL_S: Final = 3600.0
"""A caller who comes back within the hour is welcomed back; later it is another call."""
PROGRESS_TTL_S: Final = 300.0
"""No turn takes longer; what was said before that is no answer to an open question any more."""

Document = dict[str, Any]

MIGRATIONS: dict[int, Callable[[Document], Document]] = {}
"""By the version that it takes: gives the next one, all but its "version". Steps stay for good."""


class _Live(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Session(_Live):
    """One checkpoint. A higher (`token`, `n`) is newer, whatever the clocks say.

    `conversation` is `Conversation.snapshot()`. `greeted`: the greeting was heard to its end;
    `ended`: why the last bot left, None while the call goes on.
    """

    call_id: str
    lead_id: str
    room: str
    transport: str
    playbook: str
    started_at: datetime
    resumed: int = 0
    token: int = 0
    n: int = 0
    saved_at: datetime
    greeted: bool = False
    caller_id: str | None = None
    ended: EndReason | None = None
    conversation: Document
    turns: list[TurnRecord] = Field(default_factory=list)
    latencies: list[TurnLatency] = Field(default_factory=list)
    cost: Cost = Field(default_factory=Cost)

    @property
    def age(self) -> tuple[int, int]:
        """For comparisons: the newest is the greatest."""
        return self.token, self.n

    @property
    def is_epitaph(self) -> bool:
        """Whether it says nothing but that the call is over, where an older session may be."""
        return self.ended is not None and not self.conversation

    def epitaph(self) -> Session:
        """Newer than this session, and without a word of it."""
        return self.model_copy(
            update={
                "n": self.n + 1,
                "ended": self.ended or "completed",
                "caller_id": None,
                "conversation": {},
                "turns": [],
                "latencies": [],
            }
        )


class Progress(_Live):
    """What the caller has said since the checkpoint `n`, and nobody has answered yet.

    `conversation` are the parts of the snapshot that words change before they are answered.
    """

    call_id: str
    token: int
    n: int
    conversation: Document


def dump_session(session: Session) -> str:
    """As it is stored."""
    return _dump(session)


def dump_progress(progress: Progress) -> str:
    """As it is stored."""
    return _dump(progress)


Stored = TypeVar("Stored", Session, Progress)


def load_session(text: str) -> Session:
    """Raises SessionUnreadableError for what this version cannot read as a whole."""
    return _load(text, Session, MIGRATIONS)


def load_progress(text: str) -> Progress:
    """Raises SessionUnreadableError for what this version cannot read as a whole."""
    return _load(text, Progress, {})


def with_progress(session: Session, progress: Progress | None) -> Session:
    """The session with the words that came after it; those of another checkpoint do not count."""
    if progress is None or (progress.token, progress.n) != session.age:
        return session
    return session.model_copy(update={"conversation": session.conversation | progress.conversation})


def _dump(document: Session | Progress) -> str:
    data = {"version": SESSION_VERSION, **storable(document.model_dump(mode="json"))}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _load(
    text: str, kind: type[Stored], steps: dict[int, Callable[[Document], Document]]
) -> Stored:
    try:
        data = json.loads(text)
    except ValueError:
        raise SessionUnreadableError(
            "a session is damaged: it is not JSON; it is left out"
        ) from None
    version = data.pop("version", None) if isinstance(data, dict) else None
    if not isinstance(version, int) or version > SESSION_VERSION:
        raise SessionUnreadableError(
            f"a session has version {version!r}, but this Leadline reads only up to "
            f"{SESSION_VERSION}: it was written by a newer version; upgrade this worker"
        )
    while version < SESSION_VERSION:
        if version not in steps:
            raise SessionUnreadableError(
                f"a session has version {version}, which this Leadline cannot read any more"
            )
        data = steps[version](data)
        version += 1
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise SessionUnreadableError(
            f"a session is damaged at {field or 'its top'}; it is left out"
        ) from None
