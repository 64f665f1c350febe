"""What has already been passed on of an answer, and what is left to say. Pure text.

The voice speaks whole sentences only, so an answer that breaks off leaves whole sentences behind
it, which will be heard, and an unfinished one, which never will be.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipecat.utils.string import match_endofsentence

_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SPACE = "\n\r\t"
_NOT_SPOKEN = ("{", "[{", "<")
"""How an error document begins where an answer was asked for, and never a spoken sentence."""


@dataclass(frozen=True)
class ReplyPlan:
    """The reply without an LLM, as it was due when the turn ended.

    Parameters:
        text: all of it.
        essential: the one line that the turn cannot do without: the read-back or the question.
    """

    text: str
    essential: str = ""


def sentences_of(text: str) -> list[str]:
    """The text's sentences, by the same rules as the voice's own."""
    sentences: list[str] = []
    rest = text.strip()
    while rest:
        end = match_endofsentence(rest) or len(rest)
        sentences.append(rest[:end].strip())
        rest = rest[end:].strip()
    return sentences


def same_words(sentence: str) -> str:
    """A sentence as it sounds: without case and punctuation."""
    return " ".join(_WORDS.findall(sentence.casefold()))


def not_yet_said(sentences: Iterable[str], said: Iterable[str]) -> list[str]:
    """The sentences that do not sound like one that was said."""
    heard = {same_words(sentence) for sentence in said}
    return [sentence for sentence in sentences if same_words(sentence) not in heard]


def what_is_left(plan: ReplyPlan, said: Sequence[str]) -> str:
    """The scripted end of an answer of which some sentences were said already.

    An answer that kept to the plan's words goes on behind the last of them. One in words of its
    own is completed with the essential line only: what else it said cannot be told.
    """
    if not said:
        return plan.text
    planned = sentences_of(plan.text)
    heard = {same_words(sentence) for sentence in said}
    known = [n for n, sentence in enumerate(planned) if same_words(sentence) in heard]
    if known:
        return " ".join(not_yet_said(planned[known[-1] + 1 :], said))
    return " ".join(not_yet_said(sentences_of(plan.essential), said))


def is_garbage(text: str) -> bool:
    """Whether the beginning of an answer, or a part of it, is nothing that could be spoken."""
    return text.lstrip().startswith(_NOT_SPOKEN) or any(
        char == "\ufffd" or (unicodedata.category(char) == "Cc" and char not in _SPACE)
        for char in text
    )
