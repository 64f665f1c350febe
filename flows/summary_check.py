"""Whether a summary states nothing that is not in the lead. What is not plainly there is not.

A summary by an LLM is read here before anybody else reads it. Values are recognised by their form
and compared with the lead's settled values; a claim about a status, and a no, must be true of the
fields that it is about; every other word must come from the lead or from a list of words that
state nothing. Whoever cannot be read (another language, markup, a link) is not believed.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime

from flows.capture import Kind
from flows.capture.numbers import Number, number_at
from flows.capture.tokens import Token, tokenize
from flows.lead import Status
from flows.phrases import english_sales as english
from flows.summary_facts import Fact, Facts

LONGEST_SUMMARY = 700
LONGEST_ACTION = 300
_MONTHS = [name.casefold() for name in calendar.month_name]
_MONTH = "|".join(calendar.month_name[1:])
_DAYS = [name.casefold() for name in calendar.day_name]
_ODD = re.compile(r"[^\w\s.,;:!?()'’\"“”%&/+@$€£–—-]|https?:|www\.|\d%")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")
_PART = re.compile(r"[,.;:!?()]+|\s(?:and|but|while)\s")
_KNOWN = "§"


class _UnsupportedError(Exception):
    """The text states something that is not in the lead."""


def unsupported(text: str, facts: Facts, *, action: bool = False) -> str | None:
    """Why the text cannot be believed, or None. `action`: it says what to do next.

    The reason names the kind of claim and never the words: it may be logged.
    """
    try:
        _Check(facts, action=action).run(" ".join(text.split()))
    except _UnsupportedError as reason:
        return str(reason)
    return None


class _Check:
    def __init__(self, facts: Facts, *, action: bool) -> None:
        self._facts = facts
        self._action = action
        vocabulary = english.plain_words(action=action) | facts.words
        self._stems = {english.stem(word) for word in vocabulary}
        self._words_of_the_caller = set(_plain(facts.free_text).split())
        self._mentioned: set[str] = set()

    def run(self, text: str) -> None:
        longest = LONGEST_ACTION if self._action else LONGEST_SUMMARY
        if not text or len(text) > longest:
            raise _UnsupportedError("its length")
        if _ODD.search(text) or _KNOWN in text:
            raise _UnsupportedError("a sign")
        for sentence in _SENTENCE_END.split(text):
            self._sentence(sentence)
        if self._action:
            self._channels(text)

    # Values, recognised by their form

    def _sentence(self, sentence: str) -> None:
        self._mentioned = set()
        rest = sentence
        for pattern, check in (
            (_EMAIL, self._email),
            (_ISO, self._iso),
            (_DATE_MD, self._day),
            (_DATE_DM, self._day),
            (_IN_MONTH, self._month),
            (_TIME, self._time),
            (_PHONE, self._phone),
        ):
            rest = pattern.sub(self._known_or_not(check), rest)
        for fact in self._facts.of(Kind.NAME, Kind.COMPANY):
            pattern = re.compile(rf"(?<!\w){re.escape(str(fact.value))}(?!\w)", re.IGNORECASE)
            if pattern.search(rest):
                self._mentioned.add(fact.key)
                rest = pattern.sub(f" {_KNOWN} ", rest)
        if "@" in rest:
            raise _UnsupportedError("an address")
        self._words(tokenize(rest).tokens)
        for part in _PART.split(sentence):
            self._claims(part)

    def _known_or_not(
        self, check: Callable[[re.Match[str]], str | None]
    ) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            key = check(match)
            if key is None:
                return match.group()
            self._mentioned.add(key)
            return f" {_KNOWN} "

        return replace

    def _email(self, match: re.Match[str]) -> str:
        said = match.group().rstrip(".").casefold()
        for fact in self._facts.of(Kind.EMAIL):
            if str(fact.value).casefold() == said:
                return fact.key
        raise _UnsupportedError("an address")

    def _iso(self, match: re.Match[str]) -> str:
        try:
            said = datetime.fromisoformat(match.group().replace("Z", "+00:00"))
        except ValueError:
            raise _UnsupportedError("a date") from None
        if "T" not in match.group():
            return self._the_day(lambda day: day == said.date())
        for key, moment in self._facts.moments():
            if said in (moment, moment.replace(tzinfo=None)):
                return key
        raise _UnsupportedError("a date")

    def _day(self, match: re.Match[str]) -> str:
        month, day = _MONTHS.index(match["month"].casefold()), int(match["day"])
        year = int(match["year"]) if match["year"] else None
        weekday = match["weekday"]

        def same(known: date) -> bool:
            return (
                (known.month, known.day) == (month, day)
                and year in (None, known.year)
                and (weekday is None or _DAYS[known.weekday()] == weekday.casefold())
            )

        return self._the_day(same)

    def _month(self, match: re.Match[str]) -> str:
        month = _MONTHS.index(match["month"].casefold())
        year = int(match["year"]) if match["year"] else None
        is_end = match["lead"].casefold().startswith("end")

        def same(known: date) -> bool:
            last = calendar.monthrange(known.year, known.month)[1]
            return (
                known.month == month
                and year in (None, known.year)
                and (not is_end or known.day == last)
            )

        return self._the_day(same)

    def _the_day(self, same: Callable[[date], bool]) -> str:
        for key, day in self._facts.days():
            if same(day):
                return key
        raise _UnsupportedError("a date")

    def _time(self, match: re.Match[str]) -> str:
        hour, minute = int(match["hour"]), int(match["minute"] or 0)
        half = (match["half"] or "").casefold().replace(".", "")
        if half:
            hour = hour % 12 + (12 if half == "pm" else 0)
        for key, moment in self._facts.moments():
            if (moment.hour, moment.minute) == (hour, minute):
                return key
        raise _UnsupportedError("a time")

    def _phone(self, match: re.Match[str]) -> str | None:
        said = "".join(c for c in match.group() if c.isdigit())
        if len(said) < 7:
            return None
        for fact in self._facts.of(Kind.PHONE):
            number = "".join(c for c in str(fact.value) if c.isdigit())
            plain = "".join(c for c in str(fact.value).partition(";")[0] if c.isdigit())
            national = said.removeprefix("0")
            if said in (number, plain) or (
                "+" not in match.group() and plain.endswith(national) and len(national) >= 9
            ):
                return fact.key
        raise _UnsupportedError("a phone number")

    # Words and numbers

    def _words(self, tokens: Sequence[Token]) -> None:
        at = 0
        while at < len(tokens):
            number = number_at(tokens, at, colloquial=False)
            if number is not None and (tokens[at].low not in ("a", "an") or number.end > at + 1):
                self._number(tokens, number)
                at = number.end
                continue
            token = tokens[at]
            if token.is_digits or any(c.isdigit() for c in token.low):
                raise _UnsupportedError("a number")
            if not token.is_sign:
                at = self._word(tokens, at)
                continue
            if token.low in english.CURRENCY_SIGNS and not _amount_follows(tokens, at):
                raise _UnsupportedError("an amount")
            at += 1

    def _word(self, tokens: Sequence[Token], at: int) -> int:
        """Checks a word (with the parts that hyphens join to it); returns where it ends."""
        end = at + 1
        while end + 1 < len(tokens) and tokens[end].low == "-" and not tokens[end].spaced:
            end += 2
        whole = "".join(t.text for t in tokens[at:end])
        parts = [t.text for t in tokens[at:end] if not t.is_sign]
        if not self._is_plain(whole, first=at == 0) and (
            len(parts) == 1 or not all(self._is_plain(p, first=at == 0) for p in parts)
        ):
            raise _UnsupportedError("a word")
        return end

    def _is_plain(self, word: str, *, first: bool) -> bool:
        low = word.casefold().replace("’", "'")
        if low in _DAYS:
            self._mentioned.add(self._the_day(lambda day: _DAYS[day.weekday()] == low))
            return True
        if any(low in words for words in english.STATUS.values()) or low in english.NEGATIONS:
            return True  # What they claim is looked at clause by clause.
        if low in self._facts.names:
            return True
        capital = word[:1].isupper() and not first and word != "I"
        capital = capital and low not in english.CURRENCY_WORDS
        if capital and not self._is_word_of_the_caller(word):
            return False
        return english.stem(low) in self._stems

    def _is_word_of_the_caller(self, word: str) -> bool:
        """A capital in the middle of a sentence makes a name of a word."""
        return re.search(rf"\b{re.escape(word)}\b", self._facts.free_text) is not None

    def _number(self, tokens: Sequence[Token], number: Number) -> None:
        before = [t.low for t in tokens[max(0, number.start - 3) : number.start]]
        after = [t.low for t in tokens[number.end : number.end + 5]]
        currency = english.CURRENCY_SIGNS.get(before[-1] if before else "")
        currency = currency or english.CURRENCY_WORDS.get(before[-1] if before else "")
        currency = currency or next(
            (english.CURRENCY_WORDS[w] for w in after[:1] if w in english.CURRENCY_WORDS), None
        )
        if currency is not None or {"budget", "spend", "amount"} & set(before):
            self._amount(number, currency, after)
            return
        if english.PEOPLE & set(after[:2]):
            self._count(number)
            return
        if {"score", "points"} & {*before, *after[:1]} and number.value == self._facts.score:
            return
        if number.value in self._facts.text_numbers:
            return
        if any(number.value == amount for _, amount, *_ in self._facts.amounts()):
            self._amount(number, None, after)
            return
        self._count(number)

    def _count(self, number: Number) -> None:
        keys = [key for key, count in self._facts.counts() if count == number.value]
        if not keys:
            raise _UnsupportedError("a number")
        self._mentioned.add(keys[0])

    def _amount(self, number: Number, currency: str | None, after: Sequence[str]) -> None:
        said = next((english.PERIODS[w] for w in after if w in english.PERIODS), None)
        for key, amount, its_currency, its_period in self._facts.amounts():
            if amount == number.value and currency in (None, its_currency):
                if said is not None and said != its_period:
                    raise _UnsupportedError("a period")
                self._mentioned.add(key)
                return
        raise _UnsupportedError("an amount")

    # Claims

    def _claims(self, part: str) -> None:
        words = set(re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", part.casefold().replace("’", "'")))
        negated = bool(words & english.NEGATIONS)
        about = [f for f in self._facts.all if _is_named(f, part)]
        about += [f for f in self._facts.all if f.key in self._mentioned and f not in about]
        named = [f for f in self._facts.all if _is_named(f, part)]
        for disposition in words & english.DISPOSITIONS:
            if disposition != self._facts.disposition:
                raise _UnsupportedError("a disposition")
        claimed = words - self._words_of_the_caller
        says_refused = bool(claimed & set(english.STATUS["refused"]))
        says_unsettled = bool(claimed & set(english.STATUS["unsettled"]))
        if words & set(english.STATUS["confirmed"]) and (
            negated or not about or any(f.status is not Status.CONFIRMED for f in about)
        ):
            raise _UnsupportedError("a status")
        if says_refused and (not named or any(f.status is not Status.REFUSED for f in named)):
            raise _UnsupportedError("a status")
        if says_unsettled and (
            not named or any(f.settled or f.status is Status.REFUSED for f in named)
        ):
            raise _UnsupportedError("a status")
        explained = self._yes_or_no(part, negated=negated)
        for fact in named:
            if not fact.settled and not (negated or says_refused or says_unsettled or self._action):
                raise _UnsupportedError("a field that is not known")
        if negated and not explained and not self._is_no_of_the_lead(part, named):
            raise _UnsupportedError("a no")

    def _yes_or_no(self, part: str, *, negated: bool) -> bool:
        """Who decides, and what is consented to; whether the clause is about one of them."""
        explained = False
        for kind, pattern in (
            (Kind.BOOLEAN, english.DECIDING),
            (Kind.CONSENT, english.CONSENTING),
        ):
            if not pattern.search(part):
                continue
            facts = [f for f in self._facts.all if f.spec.kind is kind and _fits(f, pattern)]
            if not facts or not all(f.settled for f in facts):
                if self._action or (negated and facts and not any(f.settled for f in facts)):
                    continue
                raise _UnsupportedError("a decision")
            if any(bool(f.value) is negated for f in facts):
                raise _UnsupportedError("a decision")
            explained = True
        return explained

    def _is_no_of_the_lead(self, part: str, named: Sequence[Fact]) -> bool:
        if named and not any(f.settled for f in named):
            return True  # "No budget was given"
        text = f" {_plain(self._facts.free_text)} "
        said = _plain(part).split()
        return all(
            f" {word} {following} " in text
            for word, following in zip(said, [*said[1:], ""], strict=True)
            if word in english.NEGATIONS
        )

    def _channels(self, text: str) -> None:
        words = set(re.findall(r"[a-z-]+", text.casefold()))
        by_phone = self._facts.of(Kind.PHONE, Kind.DATETIME)
        if words & english.BY_PHONE and not by_phone:
            raise _UnsupportedError("a phone number")
        if words & english.BY_EMAIL and not self._facts.of(Kind.EMAIL):
            raise _UnsupportedError("an address")


def _amount_follows(tokens: Sequence[Token], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1].low[0].isdigit()


def _is_named(fact: Fact, part: str) -> bool:
    low = f" {_plain(part)} "
    label = _plain(fact.spec.label)
    return f" {label} " in low or f" {_plain(fact.key.replace('_', ' '))} " in low


def _fits(fact: Fact, pattern: re.Pattern[str]) -> bool:
    spec = fact.spec
    return any(pattern.search(text) for text in (spec.label, spec.key, *spec.keywords))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.casefold().replace("’", "'").replace("-", "")))


_WEEKDAY = r"(?:(?P<weekday>" + "|".join(calendar.day_name) + r"),? (?:the )?)?"
_YEAR = r"(?:,? (?P<year>\d{4}))?"
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ISO = re.compile(r"\b\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:[+-]\d\d:\d\d|Z)?)?")
_DATE_MD = re.compile(
    rf"\b{_WEEKDAY}(?P<month>{_MONTH}) (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b{_YEAR}", re.I
)
_DATE_DM = re.compile(
    rf"\b{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<month>{_MONTH})\b{_YEAR}", re.I
)
_IN_MONTH = re.compile(
    rf"\b(?P<lead>(?:the )?end of|in|by|before|until|of|for) (?P<month>{_MONTH})\b{_YEAR}", re.I
)
_TIME = re.compile(
    r"\b(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?(?: ?(?P<half>[ap]\.?m\b\.?)|(?<=:\d\d)\b)",
    re.I,
)
_PHONE = re.compile(r"(?<![\w$€£])\+?\(?\d[\d ().-]{5,}\d(?:;ext=\d+)?")
