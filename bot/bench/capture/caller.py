"""The simulated caller: hears a reply, answers truthfully, corrects, spells and grumbles.

It knows only what it hears: the words, and which value they ask for or read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from bot.bench.capture.personas import Persona
from bot.bench.capture.spoken import (
    PLAIN_WORDS,
    Said,
    formatted,
    groups,
    lead_in,
    value_said,
)
from bot.bench.capture.spoken import email as say_email
from bot.bench.capture.spoken import phone as say_phone

YES = (
    "yes", "yes", "Yes, that's right.", "correct", "yep", "that's correct", "yeah, that's it",
    "exactly", "that is right", "yes, perfect",
)  # fmt: skip
NO = ("no", "no, that's not right", "nope, that's wrong", "no no")
GRUMBLES = ("I already told you,", "oh come on,", "ugh,", "seriously,")
QUESTIONS = ("how much does it cost?", "why do you need that?", "is there a free trial?")
REFUSALS = ("I'd rather not say", "I'd prefer not to share that", "I don't want to say")
ASKED_FOR_WORDS = ("word for each letter", "with words for letters")


@dataclass(frozen=True)
class Reply:
    """What the caller hears: the words, and what they ask, read back and say in passing."""

    say: str
    ask: str | None
    readback: Mapping[str, Any]
    echo: Mapping[str, Any]


def by_ear(text: Any) -> str:
    """A name as it sounds: nobody hears where its words end."""
    return "".join(c for c in str(text).casefold() if c.isalnum())


class Caller:
    """One caller in one call."""

    def __init__(self, persona: Persona, rng: Random) -> None:
        self._who = persona
        self._rng = rng
        self._times: dict[str, int] = {}
        self._went_back = False
        self._last: list[Said] = []

    def answer(self, reply: Reply) -> list[Said]:
        """The clauses of the next turn."""
        self._last = self._answer(reply)
        return [self._as_written(clause) for clause in self._last]

    def _answer(self, reply: Reply) -> list[Said]:
        wrong = [k for k, v in reply.echo.items() if self._is_wrong(k, v)]
        if wrong:
            return self._object_to_echo(wrong[0], reply.echo[wrong[0]])
        if reply.readback:
            return self._answer_read_back(reply)
        if reply.ask is not None:
            return self._answer_question(reply)
        if "?" not in reply.say and self._last:
            return self._last  # The bot waits: the caller says it once more.
        return self._nothing_to_add()

    def _as_written(self, clause: Said) -> Said:
        """With a capital and a full stop, where the recogniser writes sentences."""
        if not self._who.formatted or clause.form == "typed":
            return clause
        if clause.before:
            before = clause.before[:1].upper() + clause.before[1:]
            if not clause.value and before[-1] not in ".?!":
                before += "."
            return replace(clause, before=before)
        return replace(clause, value=clause.value[:1].upper() + clause.value[1:])

    # --- answers to values ----------------------------------------------------------------------

    def _is_wrong(self, key: str, value: Any) -> bool:
        truth = self._who.values.get(key)
        if key in ("name", "company"):
            return by_ear(truth) != by_ear(value)
        if key == "need":
            return by_ear(value) not in by_ear(truth)
        if isinstance(truth, str) and isinstance(value, str):
            return truth.casefold() != value.casefold()
        if isinstance(truth, dict) and isinstance(value, dict):
            # Nobody objects to an amount because "a year" is not said along with it.
            return any(truth.get(k) != value.get(k) for k in ("min", "max"))
        return bool(truth != value)

    def _answer_read_back(self, reply: Reply) -> list[Said]:
        wrong = [k for k, v in reply.readback.items() if self._is_wrong(k, v)]
        if not wrong:
            return [Said("", before=self._rng.choice(YES))]
        key = wrong[0]
        self._count(f"wrong-{key}")
        if key not in self._who.values:
            return [Said("", before=f"no, {self._rng.choice(REFUSALS)}")]
        draw = self._rng.random()
        if draw < 0.3:
            return [Said("", before=self._grumbling(self._rng.choice(NO)))]
        if draw < 0.6 or key not in ("email", "phone"):
            return [self._correction(key, self._value(key, "plain"), "plain")]
        return [self._partial_correction(key, str(reply.readback[key]))]

    def _partial_correction(self, key: str, heard: str) -> Said:
        truth = str(self._who.values[key])
        small = self._small_correction(key, truth, heard)
        if small is not None:
            return small
        if key == "phone":
            same = truth[:-4] == heard[:-4] and ";" not in truth
            if same:
                last = say_phone(truth, "last4", self._rng)
                return Said(last, before="no, the last four are", field=key, form="last4")
            return self._correction(key, self._value(key, "digits"), "digits")
        local, _, domain = truth.partition("@")
        heard_local, _, heard_domain = heard.partition("@")
        if local == heard_local:
            said = say_email(truth, "domain", self._rng)
            return Said(said, before="no, it's at", field=key, form="domain")
        if domain == heard_domain:
            form = self._rng.choice(("local", "local_spelled", "local_words"))
            said = say_email(truth, form, self._rng)
            return Said(
                said, before="no, the part before the at is", field=key,
                form="local_words" if form == "local_words" else form,
            )  # fmt: skip
        form = self._rng.choice(("plain", "spelled", "words"))
        return self._correction(key, self._value(key, form), form)

    def _small_correction(self, key: str, truth: str, heard: str) -> Said | None:
        """ "No, it's dot net, not dot com", "no, the ending is four two", "no, b as in boy"."""
        if key != "email" or self._rng.random() < 0.4:
            return None
        base, _, ending = truth.rpartition(".")
        heard_base, _, heard_ending = heard.rpartition(".")
        if base == heard_base and ending != heard_ending:
            said = f"dot {ending}, not dot {heard_ending}"
            return Said(said, before="no, it's", field=key, form="ending")
        local, _, domain = truth.partition("@")
        heard_local, _, heard_domain = heard.partition("@")
        if domain != heard_domain or len(local) != len(heard_local):
            return None
        wrong = [i for i in range(len(local)) if local[i] != heard_local[i]]
        if len(wrong) != 1 or not (local + heard_local)[wrong[0]].isalpha():
            return None
        new, old = local[wrong[0]], heard_local[wrong[0]]
        if heard_local.count(old) != 1 or new not in PLAIN_WORDS:
            return None
        said = f"{new} as in {PLAIN_WORDS[new]}, not {old}"
        return Said(said, before="no, it's", field=key, form="letter")

    def _object_to_echo(self, key: str, heard: Any) -> list[Said]:
        if key not in self._who.values:
            return [Said("", before=f"no, {self._rng.choice(REFUSALS)}")]
        nth = self._count(f"wrong-{key}")
        form = "plain"
        if key in ("name", "company") and nth >= 1:
            form = "spelled" if nth == 1 or self._rng.random() < 0.5 else "words"
        said = self._value(key, form)
        before = self._rng.choice(("no, it's", "no,", "sorry, it's", "actually it's", "not quite,"))
        if key == "name" and form == "plain":
            before = self._rng.choice(("no, it's", "no, my name is", "sorry, it's"))
        return [Said(said, before=before, field=key, form=form)]

    def _correction(self, key: str, said: str, form: str) -> Said:
        before = self._rng.choice(("no, it's", "no, sorry, it's", "wrong, it's", "no,"))
        return Said(said, before=self._grumbling(before), field=key, form=form)

    # --- answers to questions -------------------------------------------------------------------

    def _answer_question(self, reply: Reply) -> list[Said]:
        key = str(reply.ask)
        nth = self._count(key)
        if key in self._who.refuses or key not in self._who.values:
            return [Said("", before=self._rng.choice(REFUSALS))]
        if key in self._who.asks and nth == 0:
            return [Said("", before=self._rng.choice(QUESTIONS))]
        if key in ("decision_maker", "consent_to_contact"):
            return [Said("", before=self._yes_or_no(key))]
        if key == "need":
            return [Said("", before=str(self._who.values[key]))]
        if key == "phone" and self._who.in_pieces and nth < len(groups(self._who.values[key])):
            pieces = groups(self._who.values[key])
            if nth == 0 or any(words in reply.say for words in ("the rest", "go on", "comes then")):
                return [Said(pieces[nth], field=key, form="piece")]
        form = self._form(key, reply.say, nth)
        said = self._value(key, form)
        if form == "plain" and key in self._who.corrects_midway and nth == 0:
            return [self._corrected_midway(key, said)]
        before = lead_in(key, said, self._rng) if form == "plain" else ""
        if nth > 1:
            before = self._grumbling(before)
        first = Said(said, before=before, field=key, form=form)
        if self._who.volunteers and nth == 0 and key in ("name", "team_size"):
            return [first, *self._volunteered(key)]
        return [first]

    def _form(self, key: str, say: str, nth: int) -> str:
        """What the bot's words ask for."""
        low = say.casefold()
        if "type" in low and self._who.types:
            return "typed"
        if key == "email":
            if "before the at" in low:
                return "local" if nth < 2 else "local_spelled"
            if "after the at" in low:
                return "domain"
            if any(words in low for words in ASKED_FOR_WORDS):
                return "words"
            if "type" in low:
                return self._rng.choice(("words", "spelled"))
            if "letter by letter" in low or "spell" in low:
                return "spelled"
            return "plain" if nth < 2 and self._rng.random() < 0.8 else "spelled"
        if key == "phone":
            if "last four" in low:
                return "last4" if self._rng.random() < 0.5 else "digits"
            if "type" in low or "keypad" in low:
                return "digits"
            return "digits" if "digit" in low else "plain"
        if key in ("name", "company") and any(words in low for words in ASKED_FOR_WORDS):
            return "words"
        if key in ("name", "company") and "spell" in low:
            return "spelled"
        return "plain"

    def _volunteered(self, key: str) -> list[Said]:
        other = "company" if key == "name" else "budget"
        if other not in self._who.values:
            return []
        before = "from" if key == "name" else "and our budget is"
        return [Said(self._value(other, "plain"), before=before, field=other)]

    def _corrected_midway(self, key: str, said: str) -> Said:
        wrong = {
            "budget": "fifty, no sorry,",
            "team_size": "twelve, no wait,",
            "phone": "two one two, no sorry, it's",
        }[key]
        return Said(said, before=wrong, field=key)

    def _yes_or_no(self, key: str) -> str:
        yes = bool(self._who.values[key])
        if key == "decision_maker":
            options = ("yes", "yes I am", "yeah, that's me") if yes else ("no", "no, my boss does")
        else:
            options = ("yes", "sure", "yes, please") if yes else ("no", "no, please don't")
        return self._rng.choice(options)

    def _nothing_to_add(self) -> list[Said]:
        if self._who.goes_back and not self._went_back:
            self._went_back = True
            said = self._value("phone", "plain")
            return [Said(said, before="actually, my number is", field="phone", form="again")]
        return [Said("", before=self._rng.choice(("no, that's all", "no", "nope, that's it")))]

    def _value(self, key: str, form: str) -> str:
        who = self._who
        if who.formatted and form == "plain":
            written = formatted(key, who.values[key], self._rng)
            if written is not None:
                return written
        return value_said(key, who.values[key], who.forms.get(key, ()), form, self._rng)

    def _grumbling(self, before: str) -> str:
        if self._who.grumbles and self._rng.random() < 0.4:
            return f"{self._rng.choice(GRUMBLES)} {before}"
        return before

    def _count(self, what: str) -> int:
        nth = self._times.get(what, 0)
        self._times[what] = nth + 1
        return nth
