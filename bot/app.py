"""The bot by Pipecat's runner convention: `bot(runner_args)`.

Pipecat's development runner, its evals, its prebuilt client and Pipecat Cloud start it like this:
`python -m bot.app -t webrtc`.
"""

from __future__ import annotations

import asyncio

from pipecat.runner.types import (
    DailyRunnerArguments,
    LiveKitRunnerArguments,
    RunnerArguments,
    SmallWebRTCRunnerArguments,
    WebSocketRunnerArguments,
)

from bot.call import Call
from bot.config import Settings, load_settings
from bot.delivery.deliverer import delivered_afterwards
from bot.errors import UsageError
from bot.playbooks import load_playbook
from bot.records import CallRecord
from bot.services.experience import shared_experience
from bot.storage.journal import journal_folder
from bot.storage.replay import replay_journals
from bot.storage.store import Store
from bot.transports import (
    Line,
    daily_line,
    livekit_line,
    media_params,
    peer_line,
    webrtc_line,
)


async def bot(runner_args: RunnerArguments) -> None:
    """Serve one call on the connection that the runner hands over."""
    settings = load_settings()
    line, room = await line_of(runner_args)
    await serve(settings, line=line, room=room)


async def serve(settings: Settings, *, line: Line, room: str) -> CallRecord:
    """One call with the playbook and the store of the settings."""
    playbook = load_playbook(settings.playbook)
    async with Store.opened(settings) as store, delivered_afterwards(settings, store):
        # What an earlier process could not write any more; no caller waits for it.
        replaying = asyncio.create_task(replay_journals(store, journal_folder(settings.data_dir)))
        try:
            return await Call(
                settings=settings,
                playbook=playbook,
                line=line,
                room=room,
                store=store,
                # The runner's process holds many calls: what one finds out, the next one knows.
                experience=shared_experience(settings),
            ).run()
        finally:
            await replaying


async def line_of(runner_args: RunnerArguments) -> tuple[Line, str]:
    """The line and the room's name for each of the runner's argument classes.

    Raises:
        UsageError: arguments of a transport that Leadline does not serve.
    """
    if isinstance(runner_args, LiveKitRunnerArguments):
        room = runner_args.room_name
        return livekit_line(url=runner_args.url, token=runner_args.token, room=room), room
    if isinstance(runner_args, DailyRunnerArguments):
        room = runner_args.room_url.rstrip("/").rpartition("/")[2]
        return daily_line(room_url=runner_args.room_url, token=runner_args.token), room
    if isinstance(runner_args, SmallWebRTCRunnerArguments):
        connection = runner_args.webrtc_connection
        return webrtc_line(connection), f"webrtc-{connection.pc_id}"
    if isinstance(runner_args, WebSocketRunnerArguments):
        return await _websocket_line(runner_args), "websocket"
    raise UsageError(f"{type(runner_args).__name__}: this transport is not one of Leadline's")


async def _websocket_line(runner_args: WebSocketRunnerArguments) -> Line:
    """Evals, telephony providers and plain WebSockets: the runner's own factory knows them."""
    from pipecat.evals.transport import EvalTransportParams
    from pipecat.runner.utils import create_transport
    from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams

    kinds = ("websocket", "twilio", "telnyx", "plivo", "exotel")
    params = {kind: lambda: media_params(FastAPIWebsocketParams) for kind in kinds}
    params["eval"] = lambda: media_params(EvalTransportParams)
    transport = await create_transport(runner_args, params)
    return peer_line("websocket", transport)


if __name__ == "__main__":
    from pipecat.runner.run import main

    main()
