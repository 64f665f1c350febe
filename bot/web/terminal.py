"""The demo in the terminal: what is said, what is learnt, how fast; nothing else."""

from __future__ import annotations

import sys
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.commands.stored import plain
from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord
from bot.web.values import written

_MARK = {
    "heard": ("◔", "yellow"),
    "validated": ("◑", "cyan"),
    "confirmed": ("✓", "green"),
    "refused": ("✕", "red"),
    "unknown": ("?", "red"),
}
_NAME_WIDTH = 9
_TIME_WIDTH = 6
WIDTH_IN_A_PIPE = 120


class Terminal:
    """Draws on one console. On a terminal the newest words appear as they are spoken; in a pipe
    only what is settled is printed."""

    def __init__(self, console: Console | None = None) -> None:
        """`console` is stdout's unless given."""
        # In a pipe, wide enough that no address is cut.
        width = None if sys.stdout.isatty() else WIDTH_IN_A_PIPE
        self.console = console or Console(highlight=False, width=width)
        self._live: Live | None = None

    def say(self, *what: RenderableType) -> None:
        """Print above the words that are still moving."""
        for each in what:
            self.console.print(each)

    def watch(self, title: str, *, caller: str, colour: str) -> WatchedCall:
        """A listener of one call that begins now; `colour` marks its lines among other calls'."""
        return WatchedCall(self, title, caller=caller, colour=colour)

    def moving(self, words: RenderableType | None) -> None:
        """Show words that may still change; None removes them."""
        if not self.console.is_terminal:
            return
        if words is None:
            self.close()
            return
        if self._live is None:
            self._live = Live(console=self.console, transient=True, refresh_per_second=12)
            self._live.start()
        self._live.update(words)

    def close(self) -> None:
        """Remove what is still moving."""
        if self._live is not None:
            self._live.stop()
            self._live = None


class WatchedCall:
    """A `CallListener` that prints a call."""

    def __init__(self, terminal: Terminal, title: str, *, caller: str, colour: str) -> None:
        self._terminal = terminal
        self._title = title
        self._caller = caller
        self._colour = colour
        self._shown: dict[str, tuple[str, str]] = {}
        self._fresh: list[RenderableType] = []
        self._open_turn: TurnRecord | None = None
        self._latency: dict[int, float] = {}
        self.lead: LeadRecord | None = None
        self.call: CallRecord | None = None

    # CallListener -------------------------------------------------------------------------------

    def call_started(self, call_id: str) -> None:
        """The caller is there."""
        self._terminal.say("", self._marked(Text(self._title, style="bold")), "")

    def turn_ended(self, turn: TurnRecord) -> None:
        """A caller's turn may grow under the same number, so it waits for what follows it."""
        if self._open_turn is not None and self._open_turn.n != turn.n:
            self._settle()
        if turn.role == "caller":
            self._open_turn = turn
            self._terminal.moving(self._line(turn))
        else:
            self._settle()
            self._terminal.moving(None)
            self._terminal.say(self._line(turn, latency_ms=self._latency.get(turn.n)))

    def latency_measured(self, latency: TurnLatency) -> None:
        """How long the caller waited for the bot's turn `n`."""
        if latency.voice_to_voice_ms is not None:
            self._latency[latency.n] = latency.voice_to_voice_ms

    def lead_changed(self, lead: LeadRecord) -> None:
        """Fields are printed when their value or status has changed."""
        self.lead = lead
        for name, field in lead.fields.items():
            now = (str(field.get("status")), written(field.get("value")))
            if now != self._shown.get(name, ("open", "")):
                self._shown[name] = now
                self._fresh.append(self._field(name, *now))

    def call_ended(self, call: CallRecord) -> None:
        """The call is over and saved."""
        self.call = call
        self._settle()
        self._terminal.moving(None)
        if self.lead is not None:
            self._terminal.say("", sheet(self.lead, call), "")

    # --------------------------------------------------------------------------------------------

    def words(self, message: dict[str, Any]) -> None:
        """Take an RTVI message: words as they are spoken."""
        data = message.get("data") or {}
        if message["type"] == "user-transcription" and not data.get("final"):
            self._terminal.moving(
                self._row("", "caller", plain(str(data.get("text", "")), "dim italic"))
            )
        elif message["type"] == "bot-output" and data.get("spoken_progress"):
            progress = data["spoken_progress"]
            words = plain(progress["accumulated_text"]) + plain(" ", "")
            words.append_text(plain(progress["remaining_text"], "dim"))
            self._terminal.moving(self._row("", "bot", words))

    def _settle(self) -> None:
        if self._open_turn is not None:
            self._terminal.moving(None)
            self._terminal.say(self._line(self._open_turn))
            self._open_turn = None
        if self._fresh:
            self._terminal.say(*self._fresh)
            self._fresh = []

    def _line(self, turn: TurnRecord, latency_ms: float | None = None) -> RenderableType:
        words = plain(turn.heard_text or turn.text)
        if turn.interrupted:
            words.append("  interrupted", style="yellow")
        if latency_ms is not None:
            words.append(f"  {latency_ms / 1000:.2f} s", style="dim")
        minutes, seconds = divmod(int(turn.start_s), 60)
        return self._row(f"{minutes}:{seconds:02d}", turn.role, words)

    def _row(self, time: str, role: str, words: Text) -> RenderableType:
        row = Table.grid(padding=(0, 1))
        row.add_column(width=_TIME_WIDTH, justify="right", style="dim", no_wrap=True)
        row.add_column(width=_NAME_WIDTH, no_wrap=True)
        row.add_column()
        who, style = ("Leadline", "cyan") if role == "bot" else (self._caller, "magenta")
        row.add_row(time, Text(who, style=style), words)
        return self._marked(row)

    def _field(self, name: str, status: str, value: str) -> RenderableType:
        mark, style = _MARK.get(status, ("○", "dim"))
        if status == "open":
            mark, style, status = "↺", "yellow", "to be asked again"
        text = Text(f"{mark} ", style=style)
        text.append(f"{name.replace('_', ' ')} ", style="dim")
        text.append_text(plain(f"{value}  " if value else "", "bold"))
        text.append(status, style=style)
        return self._marked(Padding(text, (0, 0, 0, _TIME_WIDTH + _NAME_WIDTH + 2)))

    def _marked(self, what: RenderableType) -> RenderableType:
        row = Table.grid()
        row.add_column(width=1)
        row.add_column()
        row.add_row(Text("▌", style=self._colour), what)
        return row


def sheet(lead: LeadRecord, call: CallRecord) -> RenderableType:
    """The lead as it is at the call's end."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", min_width=26)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, field in lead.fields.items():
        status = str(field.get("status"))
        mark, style = _MARK.get(status, ("○", "dim"))
        evidence = (field.get("evidence") or [{}])[-1].get("text", "")
        table.add_row(
            Text(name.replace("_", " "), style="dim"),
            plain(written(field.get("value")), "bold"),
            Text(f"{mark} {status}", style=style),
            plain(f"“{evidence}”" if evidence else "", "dim"),
        )
    head = Text("Lead  ", style="bold")
    head.append(lead.disposition.replace("_", " "), style="green" if lead.score >= 55 else "yellow")
    head.append(f", score {lead.score}")
    foot = Text(style="dim")
    if call.latency.p50_ms is not None:
        foot.append(f"Answers began after {call.latency.p50_ms / 1000:.2f} s (median). ")
    foot.append(f"Saved: leadline leads show {lead.lead_id}")
    return Group(head, Padding(table, (1, 0, 1, 2)), foot)
