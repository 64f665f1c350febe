"""What a bot wants to hear: plain English rules, made for any bot that qualifies leads.

Pure: text in, meaning out. A caller who does not understand a question says so instead of
guessing, so the rules may stay simple.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum, auto


class Wish(StrEnum):
    """What the bot's last words ask of the caller."""

    ANSWER = auto()
    """A question about `topic`."""
    CONFIRM = auto()
    """A value was read back and waits for a yes or a no."""
    SPELL = auto()
    """`topic`, letter by letter."""
    NATO = auto()
    """`topic` with a word for each letter."""
    LOCAL_PART = auto()
    """The part of the e-mail address before the at sign."""
    DOMAIN = auto()
    """The part behind it."""
    LAST_DIGITS = auto()
    """The last digits of the phone number."""
    REST = auto()
    """What is still missing of `topic`."""
    ANYTHING_ELSE = auto()
    STILL_THERE = auto()
    GOODBYE = auto()
    NOTHING = auto()
    """Nothing is asked (yet)."""
    UNKNOWN = auto()
    """A question that these rules do not know."""


@dataclass(frozen=True)
class Request:
    """The wish, the field it is about (or None), and the sentences that state it."""

    wish: Wish
    topic: str | None = None
    text: str = ""


# In order: what is more particular comes first.
_TOPICS: tuple[tuple[str, str], ...] = (
    (
        "consent_to_contact",
        r"\b(may|can|could) (we|a|one of|someone|our)\b.{0,40}\b(contact|reach|call|get in touch)"
        r"|alright if we|okay if we|get in touch with you|permission to contact",
    ),
    ("email", r"\be-?mail|\bmail address|\bat sign\b|\b(the|that) address\b"),
    (
        "phone",
        r"\bphone|\btelephone|\bmobile|\bcell\b|\bnumber to (reach|call)|\bdigits?\b"
        r"|\b(that|whole|rest of the) number\b|call you (back )?at",
    ),
    (
        "meeting",
        r"\bsuit you\b|\bspecialist\b|\bday and (a )?time\b|\bwhich day\b|\bmeeting\b|\bschedule\b"
        r"|\bwhen .{0,20}(call|talk|speak|meet)",
    ),
    ("decision_maker", r"\bdecides?\b|\bdecision\b|\bsign(s|ed)? off\b|\bfinal say\b"),
    ("team_size", r"\bhow many\b|\bhow big\b|\bteam size\b|\bseats\b|\busers\b"),
    ("budget", r"\bbudget\b|\bspend\b|\bprice range\b|\bhow much\b"),
    (
        "timeline",
        r"\bby when\b|\bwhen (do|would|will|are) you\b|\btimeline\b|\bdeadline\b|\bwhich month\b"
        r"|\bup and running\b|\bin place\b",
    ),
    (
        "need",
        r"\bhelp\b|\bhoping\b|\bproblem\b|\blooking for\b|\bchallenge\b|\bsolve\b|\bbrings you\b"
        r"|\btouch with us\b|\bneed\b",
    ),
    (
        "company",
        r"\bcompany\b|\borgani[sz]ation\b|\bemployer\b|\bwork for\b|\bbusiness (called|name)\b",
    ),
    (
        "name",
        r"\bnames?\b|\bwho am i (speaking|talking)|\bwhom am i\b|\bcall you\b",
    ),
)
_YES_OR_NO = ("consent_to_contact", "decision_maker")
"""Fields whose own question may end in "yes or no?"."""
_TOPIC = tuple((topic, re.compile(pattern, re.IGNORECASE)) for topic, pattern in _TOPICS)
_CONFIRM = re.compile(
    r"\b(is|was) (that|this|it) (all )?(right|correct)\b|\bcorrect\?|\bright\?|\byes or no\b"
    r"|\bdid i (get|hear) that\b|\bdo i have (that|it) right\b",
    re.IGNORECASE,
)
_GOODBYE = re.compile(
    r"\b(good-?bye|bye|have a (great|nice|good|lovely) (day|one))\b", re.IGNORECASE
)
_ANYTHING = re.compile(r"\banything (else|you'd like|to add|more)\b", re.IGNORECASE)
_STILL_THERE = re.compile(r"\b(still there|can you hear me|are you there)\b", re.IGNORECASE)
_NATO = re.compile(r"\bword for each letter\b|\bas in\b|\bphonetic", re.IGNORECASE)
_LOCAL = re.compile(r"\bbefore the at\b", re.IGNORECASE)
_DOMAIN = re.compile(r"\b(after|behind) the at\b", re.IGNORECASE)
_LAST_DIGITS = re.compile(r"\blast (two|three|four|few) digits\b", re.IGNORECASE)
_REST = re.compile(r"\bthe rest of\b", re.IGNORECASE)
_SPELL = re.compile(r"\bspell\b|\bletter by letter\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\?|^(?:(?:please|sorry|so|and|well|okay)[,. ]+)*(?:tell|give|say|spell|could|can|may|what"
    r"|which|who|when|how)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.?!])\s+")


def understand(text: str) -> Request:
    """What the bot's words ask for. The last question counts, as it does for a person."""
    sentences = [part for part in _SENTENCE.split(text.strip()) if part]
    question = next((s for s in reversed(sentences) if _ASKS.search(s)), None)
    if question is None:
        return Request(Wish.GOODBYE if _GOODBYE.search(text) else Wish.NOTHING, None, text)
    if _GOODBYE.search(text) and not _CONFIRM.search(question):
        return Request(Wish.GOODBYE, None, text)
    if _STILL_THERE.search(question):
        return Request(Wish.STILL_THERE, None, question)
    if _ANYTHING.search(question):
        return Request(Wish.ANYTHING_ELSE, None, question)
    repair = _repair(question, text)
    if repair is not None:
        return repair
    position = sentences.index(question)
    with_the_one_before = " ".join(sentences[max(0, position - 1) : position + 1])
    topic = topic_of(question)
    if _CONFIRM.search(question) and topic not in _YES_OR_NO:
        # "... Is that right?": what is read back is in the sentence itself or the one before.
        return Request(Wish.CONFIRM, None, with_the_one_before)
    # "I didn't get that number. Could you say it again?"
    topic = topic or topic_of(with_the_one_before)
    return Request(Wish.ANSWER if topic else Wish.UNKNOWN, topic, question)


def topic_of(question: str) -> str | None:
    """The field that a question is about, or None."""
    return next((topic for topic, pattern in _TOPIC if pattern.search(question)), None)


def _repair(question: str, text: str) -> Request | None:
    topic = topic_of(question) or topic_of(text)
    if _LOCAL.search(question):
        return Request(Wish.LOCAL_PART, "email", question)
    if _DOMAIN.search(question):
        return Request(Wish.DOMAIN, "email", question)
    if _LAST_DIGITS.search(question):
        return Request(Wish.LAST_DIGITS, "phone", question)
    if _REST.search(question) and topic:
        return Request(Wish.REST, topic, question)
    if _NATO.search(question):
        return Request(Wish.NATO, topic or "email", question)
    if _SPELL.search(question):
        return Request(Wish.SPELL, topic or "name", question)
    return None
