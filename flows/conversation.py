"""One call's dialogue: pure, synchronous, and quick enough to be asked at any time.

It is event-sourced in small: a committed state, the heard words of the present bot turn, and the
finals of the open caller turn. Every method recomputes from the committed state, so that words
may arrive late, twice or in pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flows import scripted
from flows.caller_turn import read_turn
from flows.capture import Surroundings, Word
from flows.consent import Consent, Matter, Verdict, certain, latest
from flows.dialogue import DialogueState, Directive, Ending, decide
from flows.heard import Heard, analyse
from flows.lead import Lead, Source, Status, same_value
from flows.playbook import Disposition, Playbook, PlaybookField, filled
from flows.proposals import accept_proposal
from flows.score import ScoreReason, disposition, next_action, score, score_reasons, summary
from flows.summary import Summary, best, is_worth_it, material
from flows.turn import Final, cleaned

SNAPSHOT_VERSION = 1
FINALS_AT_MOST = 50
"""Finals of one open turn; a recogniser that never stops must not slow the call down."""


class SnapshotError(ValueError):
    """A snapshot cannot be continued: another version, or another playbook."""


class Conversation:
    def __init__(
        self, *, playbook: Playbook, clock: Callable[[], datetime], recorded: bool = False
    ) -> None:
        """`clock` gives an aware datetime; `recorded` says whether the call is recorded."""
        self.playbook = playbook
        self._clock = clock
        self._recorded = recorded
        self._committed = DialogueState(lead=Lead.empty(playbook.keys))
        self._bot_text = ""
        self._bot_complete = False
        self._bot_directive: Directive | None = None
        self._finals: list[Final] = []
        self._now = self._bot_spoke_at = self._local_now()
        self._state = self._committed
        self._heard = Heard()
        self._directive: Directive | None = None
        self._heard_once: tuple[str, Heard] | None = None
        self._line_closed = False

    # What is known

    @property
    def lead(self) -> Lead:
        return self._state.lead

    @property
    def done(self) -> bool:
        """The caller has heard the last words."""
        return self._state.closed

    @property
    def outcome(self) -> str | None:
        """How it ended, by the names of a call's `end_reason`; None while it goes on."""
        if not self.done:
            return None
        if self.lead.do_not_contact:
            return "do_not_contact"
        return "handed_over" if self._state.ending is Ending.HUMAN else "completed"

    @property
    def disposition(self) -> Disposition:
        return disposition(self.lead, self.playbook, self._now)

    @property
    def score(self) -> int:
        return score(self.score_reasons)

    @property
    def score_reasons(self) -> tuple[ScoreReason, ...]:
        return score_reasons(self.lead, self.playbook, self._now)

    @property
    def summary(self) -> str:
        return summary(self.lead, self.playbook)

    @property
    def next_action(self) -> str:
        wants_human = self._state.ending is Ending.HUMAN
        return next_action(self.lead, self.playbook, self._now, wants_human=wants_human)

    @property
    def is_worth_a_summary(self) -> bool:
        """Whether an LLM may be asked for a summary (`summary_material`)."""
        return is_worth_it(self.lead, self.playbook)

    @property
    def summary_material(self) -> str:
        """What an LLM gets to see for a summary, as JSON."""
        return material(self.lead, self.playbook, disposition=self.disposition, now=self._now)

    def best_summary(self, proposal: object) -> Summary:
        """An LLM's `{"summary", "next_action"}` as far as the lead bears it out, or ours."""
        return best(
            proposal,
            Summary(self.summary, self.next_action),
            lead=self.lead,
            playbook=self.playbook,
            disposition=self.disposition,
            score=self.score,
        )

    @property
    def heard(self) -> Heard:
        """What the heard words of the present bot turn asked for and read back."""
        return self._heard

    @property
    def now(self) -> datetime:
        """The moment of the newest caller turn, in the playbook's time zone."""
        return self._now

    @property
    def last_said(self) -> str:
        """The caller's newest turn, open or closed; empty before the first one."""
        return self._state.said[-1] if self._state.said else ""

    @property
    def last_heard(self) -> str:
        """The words of the present bot turn that the caller has heard."""
        return self._bot_text

    @property
    def open_fields(self) -> tuple[PlaybookField, ...]:
        """The fields of which nothing is known."""
        lead = self.lead
        return tuple(f for f in self.playbook.fields if lead[f.key].status is Status.OPEN)

    @property
    def consents(self) -> tuple[Consent, ...]:
        """The ledger as it may be written down now; a yes counts when its turn is over."""
        open_turns = 1 if self._finals and not self._line_closed else 0
        return certain(self.lead.consents, closed_turns=self._state.turn - open_turns)

    @property
    def recording_forbidden(self) -> bool:
        """The caller does not want the call to be recorded."""
        said = latest(self.lead.consents, Matter.RECORDING)
        return said is not None and said.verdict is not Verdict.GIVEN

    def lead_document(self) -> dict[str, Any]:
        """Every field of the playbook as `{"value", "status", "evidence", "candidates"?}`."""
        return self.lead.document()

    @property
    def must_be_scripted(self) -> bool:
        """The last reply was to read a value back, was heard whole, and did not do it.

        An LLM that does so gets no second chance: the scripted words are to be spoken now.
        """
        told = self._bot_directive
        if told is None or not self._bot_complete:
            return False
        due = self.directive().readback
        return any(
            key in due and not same_value(value, self._heard.read_back.get(key))
            for key, value in told.readback.items()
        )

    # What happens

    def caller_said(
        self,
        text: str,
        *,
        words: tuple[Word, ...] = (),
        alternatives: tuple[str, ...] = (),
        over_bot: bool = False,
        source: Source = Source.RULES,
    ) -> bool:
        """One final transcript or typed message. Returns whether the lead changed.

        `over_bot`: it was spoken while the bot was audible and the bot went on; its values
        count, a yes in it confirms nothing.
        """
        text = cleaned(text)
        if not text or len(self._finals) >= FINALS_AT_MOST:
            return False
        if not self._finals:
            self._now = self._local_now()
        before = self.lead
        self._finals.append(Final(text, words, alternatives, over_bot, source))
        self._recompute()
        return self.lead != before

    def bot_began(self) -> None:
        """The bot becomes audible: the open caller turn is over, a new bot turn begins."""
        self._bot_directive = self.directive()
        self._committed = self._state.copy()
        self._committed.read_back = {}
        self._committed.echoed = {}
        self._committed.wrap_up_heard = self._committed.other_question = False
        self._finals = []
        self._heard_once = None
        self._bot_text, self._bot_complete = "", False
        # The bot's words mean what they meant when they were said; and what was read in them once
        # is remembered, and not read again when the caller answers.
        self._bot_spoke_at = self._now
        self._recompute()

    def bot_heard(self, text: str, *, complete: bool) -> None:
        """All words of the present bot turn that the caller has really heard so far.

        May be called again with more of them, and also after the caller has begun to answer.
        `complete`: the reply was heard to its end.
        """
        self._bot_text, self._bot_complete = text, complete
        self._recompute()

    def line_closed(self) -> None:
        """Nobody will say anything more: the open turn is over."""
        self._line_closed = True

    def propose(self, field: str, value: Any, text_evidence: str) -> bool:
        """The second reader's value. False: its words were not said, or rules know better."""
        accepted = accept_proposal(
            self._committed,
            field,
            value,
            text_evidence,
            heard=self._state,
            playbook=self.playbook,
            now=self._now,
        )
        if accepted:
            self._heard_once = None
            self._recompute()
        return accepted

    # What to say

    def directive(self) -> Directive:
        """What the next reply must do. Pure: may be asked any number of times."""
        if self._directive is None:
            self._directive = decide(
                self._state, self.playbook, closing_name=self._closing_name(), now=self._now
            )
        return self._directive

    def reply(self) -> str:
        """The scripted words for `directive()`."""
        return scripted.words_for(self.directive())

    def essential_line(self) -> str:
        """What the next reply cannot do without: the read-back, the question or the goodbye."""
        return self._open_question()

    def greeting(self) -> str:
        """Who speaks, that it is an AI, the notice of a recording, and the first question."""
        hello = scripted.greeting(self.playbook, recorded=self._recorded)
        return f"{hello} {scripted.words_for(self.directive())}".strip()

    def silence(self, nth: int) -> str | None:
        """What to say after the `nth` silence of the caller in a row (from 1); None: nothing."""
        if self.done or nth < 1:
            return None
        lines = self.playbook.silence
        if nth == 1:
            return lines.still_there
        if nth == 2:
            return f"{lines.rephrase} {self._open_question()}".strip()
        return lines.goodbye if nth == 3 else None

    def resume_line(self, *, welcome_back: bool = False) -> str:
        """What to say after the line was cut: where the two were, and the open question.

        `welcome_back`: it was the caller who had gone.
        """
        parts = [self.playbook.welcome_back if welcome_back else self.playbook.resume]
        asked = self.directive().ask or self._state.asked
        if asked is not None:
            topic = f"the {self.playbook.field(asked).label}"
            parts.append(filled(self.playbook.resume_topic, {"topic": topic}))
        parts.append(self._open_question())
        return " ".join(part for part in parts if part)

    def _open_question(self) -> str:
        directive = self.directive()
        if directive.readback_lines:
            return " ".join(directive.readback_lines)
        return directive.ask_line or directive.closing_line or ""

    def _closing_name(self) -> str:
        if self._state.ending is Ending.HUMAN:
            return "handed_over"
        return self.disposition.value

    # State

    def _recompute(self) -> None:
        state = self._committed.copy()
        self._heard = self._apply_heard(state) if self._bot_directive is not None else Heard()
        if self._finals:
            state = read_turn(
                state,
                self._finals,
                playbook=self.playbook,
                now=self._now,
                recorded=self._recorded,
            )
        self._state = state
        self._directive = None

    def _apply_heard(self, state: DialogueState) -> Heard:
        text, directive = self._bot_text, self._bot_directive
        if directive is None or not text.strip():
            return Heard()
        heard = self._read_in(text, state, directive)
        state.read_back = dict(heard.read_back)
        state.echoed = dict(heard.in_passing)
        state.wrap_up_heard = heard.wrap_up
        state.other_question = heard.question and heard.asked is None and not heard.wrap_up
        state.notice_heard |= self._recorded and self.playbook.recording_notice in text
        if state.holding and heard.asked is None:
            heard = replace(heard, waiting_for=state.asked)
        state.remarks = []
        state.holding = False
        if heard.asked is not None:
            state.asked = heard.asked
            held = state.lead[heard.asked]
            held.asked += 1
            line = directive.ask_line
            if line is not None and heard.asked == directive.ask and line not in held.lines:
                held.lines.append(line)
        elif heard.wrap_up:
            state.asked = None
            state.wrap_ups += 1
        elif state.other_question:
            state.asked = None
        for key, value in heard.read_back.items():
            if same_value(value, state.lead.value(key)):
                state.lead[key].readbacks += 1
        for key, value in heard.in_passing.items():
            if same_value(value, state.lead.value(key)):
                state.lead[key].echoed = value
        if self.playbook.silence.goodbye in text:
            state.ending, state.closed = Ending.SILENCE, self._bot_complete
        elif directive.done and self._bot_complete and heard.asked is None:
            state.closed = True
        return heard

    def _read_in(self, text: str, state: DialogueState, directive: Directive) -> Heard:
        """What the words mean; the same words are read once, and not again with every answer."""
        if self._heard_once is None or self._heard_once[0] != text:
            around = Surroundings(
                now=self._bot_spoke_at,
                region=self.playbook.region,
                currency=self.playbook.currency,
                language=self.playbook.language,
            )
            heard = analyse(
                text, playbook=self.playbook, lead=state.lead, directive=directive, around=around
            )
            self._heard_once = (text, heard)
        return self._heard_once[1]

    def _local_now(self) -> datetime:
        return self._clock().astimezone(self.playbook.zone)

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The finals of the caller's turn that no reply has closed yet."""
        return tuple(final.text for final in self._finals)

    def open_turn_snapshot(self) -> dict[str, Any]:
        """The part of `snapshot` that the caller's words change before they are answered."""
        return {
            "now": self._now.isoformat(),
            "bot_text": self._bot_text,
            "bot_complete": self._bot_complete,
            "finals": [final.snapshot() for final in self._finals],
        }

    def snapshot(self) -> dict[str, Any]:
        """JSON-able; `restore` continues from it exactly here."""
        return {
            "version": SNAPSHOT_VERSION,
            "playbook": self.playbook.name,
            "fields": list(self.playbook.keys),
            "recorded": self._recorded,
            "committed": self._committed.snapshot(),
            "bot_directive": _directive_snapshot(self._bot_directive),
            **self.open_turn_snapshot(),
        }

    @classmethod
    def restore(
        cls, snapshot: Mapping[str, Any], *, playbook: Playbook, clock: Callable[[], datetime]
    ) -> Conversation:
        """Raises SnapshotError for a snapshot of another version or another playbook."""
        version = snapshot.get("version")
        if version != SNAPSHOT_VERSION:
            raise SnapshotError(
                f"the snapshot has version {version!r}; this program reads {SNAPSHOT_VERSION}"
            )
        if snapshot["playbook"] != playbook.name or snapshot["fields"] != list(playbook.keys):
            raise SnapshotError(
                f"the snapshot belongs to the playbook {snapshot['playbook']!r} with the fields "
                f"{', '.join(snapshot['fields'])}; give that one"
            )
        conversation = cls(playbook=playbook, clock=clock, recorded=snapshot["recorded"])
        conversation._now = datetime.fromisoformat(snapshot["now"]).astimezone(playbook.zone)
        conversation._bot_spoke_at = conversation._now
        conversation._committed = DialogueState.from_snapshot(snapshot["committed"])
        conversation._bot_text = snapshot["bot_text"]
        conversation._bot_complete = snapshot["bot_complete"]
        conversation._bot_directive = _directive_from(snapshot["bot_directive"])
        conversation._finals = [Final.from_snapshot(f) for f in snapshot["finals"]]
        conversation._recompute()
        return conversation


def _directive_snapshot(directive: Directive | None) -> dict[str, Any] | None:
    """Only what the analysis of heard words needs."""
    if directive is None:
        return None
    return {
        "ask": directive.ask,
        "ask_line": directive.ask_line,
        "echo": dict(directive.echo),
        "echo_lines": list(directive.echo_lines),
        "readback": dict(directive.readback),
        "done": directive.done,
    }


def _directive_from(document: Mapping[str, Any] | None) -> Directive | None:
    if document is None:
        return None
    return Directive(
        ask=document["ask"],
        ask_line=document["ask_line"],
        echo=document["echo"],
        echo_lines=tuple(document.get("echo_lines", ())),
        readback=document["readback"],
        done=document["done"],
    )
