"""Taking a call: a new one, one whose bot died, or one whose caller comes back.

::

    async with Store.opened(settings) as store, LiveState.opened(settings, store) as live:
        claim = await claim_call(settings=settings, live=live, holder=holder, room=room)
        if claim is None:
            return                              # another bot has this call
        call = Call(settings=settings, line=line, room=room, store=store,
                    **claim.for_call(live))
        await call.run()                        # gives the lease back at its end
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict
from uuid import uuid4

from loguru import logger

from bot.clock import call_clock
from bot.config import Settings
from bot.playbooks import load_playbook
from bot.storage.errors import StorageError
from bot.storage.session import Session
from flows.conversation import Conversation, SnapshotError
from flows.playbook import Playbook

if TYPE_CHECKING:
    from bot.storage.leases import Lease
    from bot.storage.live import LiveState
    from bot.storage.sessions import SessionStore


class CallArguments(TypedDict):
    """What a claim gives to `Call`."""

    playbook: Playbook
    call_id: str
    lease: Lease
    resume: Session | None
    sessions: SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to hold a call; `session` is what its last bot left."""

    call_id: str
    playbook: Playbook
    lease: Lease
    session: Session | None

    def for_call(self, live: LiveState) -> CallArguments:
        """The keyword arguments of `Call`."""
        return {
            "playbook": self.playbook,
            "call_id": self.call_id,
            "lease": self.lease,
            "resume": self.session,
            "sessions": live.sessions,
        }


async def claim_call(
    *,
    settings: Settings,
    live: LiveState,
    holder: str,
    call_id: str | None = None,
    room: str | None = None,
    playbook: str | None = None,
) -> Claim | None:
    """Take a call. None: another bot has it.

    Args:
        settings: the default playbook.
        live: where sessions and leases are.
        holder: names this one bot; never used again.
        call_id: the call; without it the room's unfinished call, or a new one.
        room: its session is looked for only if there is no `call_id`: the room's name must be one
            call's own.
        playbook: of a new call; a resumed one keeps its own.

    Raises:
        LeadlineError: the playbook cannot be loaded.
    """
    session = await _session(live, call_id, room)
    wanted = call_id or (session.call_id if session is not None else uuid4().hex)
    token = session.token if session is not None else 0
    lease = await live.leases.acquire(wanted, holder, at_least=token)
    if lease is None:
        return None
    try:
        if session is not None:
            # Its last bot may have written between our first look and the lease.
            session = await _session(live, wanted, None) or session
        chosen = load_playbook(session.playbook if session else playbook or settings.playbook)
        if session is not None and not _can_go_on(session, chosen, settings):
            session = None
    except BaseException:
        await lease.release(is_over=False)
        raise
    return Claim(call_id=wanted, playbook=chosen, lease=lease, session=session)


async def _session(live: LiveState, call_id: str | None, room: str | None) -> Session | None:
    try:
        if call_id is not None:
            return await live.sessions.load(call_id)
        return await live.sessions.find(room) if room is not None else None
    except StorageError as error:
        logger.error("The call begins anew, its session cannot be had: {}", error)
        return None


def _can_go_on(session: Session, playbook: Playbook, settings: Settings) -> bool:
    try:
        Conversation.restore(
            session.conversation, playbook=playbook, clock=call_clock(settings.now)
        )
    except (SnapshotError, KeyError, TypeError, ValueError) as error:
        # The values in a snapshot are the caller's; only our own error is without them.
        reason = str(error) if isinstance(error, SnapshotError) else type(error).__name__
        logger.error("Call {} begins anew: {}", session.call_id, reason)
        return False
    return True
