"""One job of LiveKit's dispatch: one process, one call.

The functions here run in the job's process, which the worker's parent process has forked. They
are named at module level because the process finds them by their import path.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
from typing import TYPE_CHECKING, Any

from loguru import logger

from bot.config import Settings, load_settings
from bot.errors import LeadlineError
from bot.fleet.assignment import Assignment
from bot.storage.errors import StorageError

if TYPE_CHECKING:
    from livekit.agents import JobContext, JobProcess

    from bot.storage.live import LiveState
    from bot.storage.store import Store

_SETTINGS = "settings"
HANG_UP_TIMEOUT_S = 10.0
STORE_PATIENCE_S = 0.5
"""A database that is away must not keep a caller waiting; a journal takes what it would have."""


def _is_of_use(record: logging.LogRecord) -> bool:
    """The library misses its own connection to the room; ours is Pipecat's."""
    return "completed without establishing a connection" not in record.getMessage()


def prepare(process: JobProcess) -> None:
    """Do everything slow before a call is assigned: imports, models, the process's settings."""
    from bot.fleet.giving_way import give_way
    from bot.fleet.rehearsal import rehearse
    from bot.telemetry.logging import configure_logging
    from bot.turn_models import keep_turn_models
    from bot.warmup import warm_up

    give_way()
    settings = load_settings()
    configure_logging(settings.log_level, settings=settings)
    logging.getLogger("livekit.agents").addFilter(_is_of_use)
    warm_up(settings)
    rehearse(settings)
    keep_turn_models(settings)
    process.userdata[_SETTINGS] = settings
    logger.info("Process {} waits warm for a call", os.getpid())


async def serve(context: JobContext) -> None:
    """Begin the call and return: LiveKit's library ends a job at once only when nothing awaits."""
    settings: Settings = context.proc.userdata[_SETTINGS]
    call = asyncio.create_task(_hold(context, settings), name="call")

    async def hang_up() -> None:
        call.cancel()
        await asyncio.wait([call], timeout=HANG_UP_TIMEOUT_S)

    context.add_shutdown_callback(hang_up)


async def _hold(context: JobContext, settings: Settings) -> None:
    reason = "the call is over"
    try:
        await _talk(context, settings)
    except asyncio.CancelledError:
        reason = "told to go"
        raise
    except LeadlineError as error:
        reason = "it failed"
        logger.error("The call cannot be held: {}", error)
    except Exception as error:
        reason = "it failed"
        logger.exception("The call cannot be held: {}", type(error).__name__)
    finally:
        # Without it the process would wait for ever, and block a drain.
        context.shutdown(reason)


async def _talk(context: JobContext, settings: Settings) -> None:
    from bot.call import Call
    from bot.fleet.doorman import Doorman
    from bot.resumption import claim_call
    from bot.storage.live import LiveState
    from bot.storage.store import Store

    assignment = Assignment.read(context.job.metadata)
    room = context.job.room.name
    if assignment.is_outdated(time.time()):
        logger.warning("Nobody waits any more for a bot in {!r}: it is not begun", room)
        return
    async with (
        Store.opened(settings, patience_s=STORE_PATIENCE_S) as store,
        LiveState.opened(settings, store) as live,
    ):
        if await _is_over(assignment, live, store):
            logger.info("Call {} is over: a late dispatch is dropped", assignment.call_id)
            return
        claim = await claim_call(
            settings=settings,
            live=live,
            holder=holder_of(context.job.id),
            call_id=assignment.call_id,
            # Never by the room's name alone: who comes next into a room may be somebody else.
            playbook=assignment.playbook,
        )
        if claim is None:
            logger.info("Another bot has call {}: this one is not needed", assignment.call_id)
            return
        logger.info("Call {} is held by process {}", claim.call_id, os.getpid())
        doorman = Doorman(settings, room=room)
        try:
            call = Call(
                settings=settings,
                line=bot_line(settings, room=room, call_id=claim.call_id),
                room=room,
                store=store,
                # The HTTP API has counted a call for which it knows the number.
                refuses=None if "phone" in assignment.metadata else doorman.refuses,
                **claim.for_call(live),
            )
        except BaseException:
            await claim.lease.release(is_over=False)
            raise
        try:
            await call.run()
        finally:
            await doorman.aclose()


def holder_of(job_id: str) -> str:
    """The name of one bot, as its lease carries it: jobs are never used twice."""
    return f"{platform.node()}:{job_id}"


async def _is_over(assignment: Assignment, live: LiveState, store: Store) -> bool:
    """Whether this call was held to its end before this dispatch found a process."""
    if assignment.call_id is None:
        return False
    try:
        if await live.sessions.load(assignment.call_id) is not None:
            return False
        return (await store.call(assignment.call_id)).ended_at is not None
    except StorageError:
        return False


def bot_line(settings: Settings, *, room: str, call_id: str) -> Any:
    """The bot's own connection, with an identity that is the call's and not the job's.

    A bot that replaces a dead one thereby evicts its ghost from the room at once. With the job's
    own token LiveKit would look the job up by identity, and terminate the new one.
    """
    from bot import transports

    url, _, _ = settings.require_livekit()
    token = transports.livekit_token(
        settings,
        room=room,
        identity=f"{transports.BOT_IDENTITY_PREFIX}{call_id}",
        name="Leadline",
        agent=True,
    )
    return transports.livekit_line(url=url, token=token, room=room)
