"""`leadline chat`: the conversation in text, on stdin and stdout."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bot.chat import ChatSession, Reply
    from bot.config import Settings
    from bot.second_reader import SecondReader
    from bot.summariser import Summariser
    from flows.conversation import Conversation
    from flows.playbook import Playbook, PlaybookField

LONGEST_LINE = 8_000_000
"""Bytes of one line of input; the rest of a longer one is thrown away."""

app = typer.Typer(add_completion=False)


@app.command(
    epilog='Example: echo \'{"text": "I am Jane from Acme"}\' | leadline chat --scripted --json',
    help="The conversation in text, on stdin and stdout. The lead is kept.",
)
def chat(
    playbook: Annotated[
        str | None, typer.Option(help="A playbook's name, or a YAML file.", metavar="NAME|FILE")
    ] = None,
    scripted: Annotated[
        bool, typer.Option("--scripted", help="The rules speak, even with a key for an LLM.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help='Read {"text": "..."} a line, print one reply a line.')
    ] = False,
) -> None:
    """Talk by typing."""
    from bot.config import load_settings
    from bot.playbooks import load_playbook

    settings = load_settings()
    run_chat(
        settings=settings,
        playbook=load_playbook(playbook or settings.playbook),
        scripted=scripted,
        as_json=as_json,
    )


def run_chat(
    *, settings: Settings, playbook: Playbook, scripted: bool, as_json: bool, keep: bool = True
) -> None:
    """One chat until the end of input, or the conversation's end on a terminal.

    Raises:
        StorageError: the database cannot be used; before anything is printed.
    """
    import asyncio
    import contextlib

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_chat(settings, playbook, scripted=scripted, as_json=as_json, keep=keep))


async def _chat(
    settings: Settings, playbook: Playbook, *, scripted: bool, as_json: bool, keep: bool
) -> None:
    import asyncio
    from contextlib import AsyncExitStack
    from datetime import UTC, datetime
    from functools import partial

    from bot.chat import ChatSession, LLMSpeaker

    async with AsyncExitStack() as stack:
        speaker = second_reader = summariser = None
        if settings.openai_api_key is not None and not scripted:
            speaker = LLMSpeaker(settings, playbook)
            stack.push_async_callback(speaker.aclose)
            second_reader = partial(_second_reader, settings)
            summariser = partial(_summariser, settings)
        recorder = None
        if keep:
            from bot.delivery.deliverer import delivered_afterwards
            from bot.storage import Recorder, Store

            store = await stack.enter_async_context(Store.opened(settings))
            store.route(playbook.name, playbook.deliver_to)
            await stack.enter_async_context(delivered_afterwards(settings, store))
            recorder = await stack.enter_async_context(Recorder(store=store))
        session = ChatSession(
            playbook=playbook,
            clock=lambda: settings.now or datetime.now(UTC),
            recorded=settings.recorded,
            keeper=recorder,
            speaker=speaker,
            second_reader=second_reader,
            summariser=summariser,
        )
        talk = _talk_json if as_json else _talk_on_terminal
        try:
            await talk(session)
        except (BrokenPipeError, asyncio.CancelledError):
            # Whoever read the replies has gone, or Ctrl-C: the lead is kept all the same.
            pass
        finally:
            await session.finish()


def _second_reader(settings: Settings, conversation: Conversation) -> SecondReader:
    from bot.second_reader import SecondReader

    return SecondReader(settings=settings, conversation=conversation)


def _summariser(settings: Settings, conversation: Conversation) -> Summariser:
    from bot.summariser import Summariser

    return Summariser(settings=settings, conversation=conversation)


async def _talk_json(session: ChatSession) -> None:
    import asyncio

    _print_json(session.greet().document())
    while True:
        line = await asyncio.to_thread(_read_line)
        if line is None:
            return
        if not line.strip():
            continue
        text, error = _text_in(line)
        if error is not None:
            _print_json({"error": error})
            continue
        reply = await session.hear(text)
        _print_json(reply.document())


def _read_line() -> str | None:
    """The next line of stdin; None at its end. Never raises on bytes that are not UTF-8."""
    raw = sys.stdin.buffer.readline(LONGEST_LINE)
    if not raw:
        return None
    if len(raw) >= LONGEST_LINE and not raw.endswith(b"\n"):
        while (more := sys.stdin.buffer.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
            pass
        return "too long"
    return raw.decode("utf-8", errors="replace")


def _text_in(line: str) -> tuple[str, str | None]:
    expected = 'expected one JSON object a line, like {"text": "my name is Jane"}'
    try:
        document: Any = json.loads(line)
    except (ValueError, RecursionError):
        return "", f"not JSON; {expected}"
    if not isinstance(document, dict):
        return "", f"not a JSON object; {expected}"
    if "text" not in document:
        return "", f"text: missing; {expected}"
    text = document["text"]
    if not isinstance(text, str):
        return "", f"text: is not a string; {expected}"
    return text, None


def _print_json(document: dict[str, Any]) -> None:
    line = json.dumps(document, ensure_ascii=False, separators=(", ", ": "))
    sys.stdout.buffer.write(line.encode("utf-8", errors="replace") + b"\n")
    sys.stdout.buffer.flush()


async def _talk_on_terminal(session: ChatSession) -> None:
    import asyncio

    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    before: dict[str, Any] = {}
    reply = session.greet()
    while True:
        _show(console, reply, before, session.conversation.playbook)
        before = reply.lead
        if reply.done:
            break
        if sys.stdin.isatty():
            console.print("[bold cyan]you[/]  ", end="")
        line = await asyncio.to_thread(_read_line)
        if line is None:
            break
        line = line.strip()
        if not line:
            continue
        if not sys.stdin.isatty():
            console.print(Text.assemble(("you  ", "bold cyan"), line[:2000]))
        reply = await session.hear(line)
    conversation = session.conversation
    console.print()
    console.print(
        Text.assemble(
            (conversation.disposition.value, "bold"),
            f", score {conversation.score}. ",
            conversation.summary,
        )
    )
    console.print(Text(conversation.next_action, style="dim"))
    console.print(Text(f"leadline leads show {session.lead_id}", style="dim"))


_MARKS = {
    "confirmed": ("✓", "green"),
    "validated": ("•", "green"),
    "heard": ("?", "yellow"),
    "refused": ("–", "dim"),
    "unknown": ("?", "red"),
}


def _show(console: Any, reply: Reply, before: dict[str, Any], playbook: Playbook) -> None:
    from rich.text import Text

    for key, field in reply.lead.items():
        if field == before.get(key) or field["status"] == "open":
            continue
        mark, style = _MARKS[field["status"]]
        value = "" if field["value"] is None else f" {_spoken(playbook.field(key), field['value'])}"
        console.print(Text(f"     {mark} {key}: {field['status']}{value}", style=style))
    console.print(Text.assemble(("bot  ", "bold magenta"), reply.say))


def _spoken(field: PlaybookField, value: Any) -> str:
    from flows.speakable import say

    return value if isinstance(value, str) else say(field.kind, value)
