"""What a caller says beside the matter: its names, numbers and dates are no answers.

"My neighbor works for Google, and we're with Acme" is about Acme; "my flight is at six" is no
meeting. Only whole clauses are left out, and none that speaks of the caller's own details.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from flows.capture.english.chatter import (
    ABOUT_THE_CALLER,
    AFTERTHOUGHTS,
    AROUND_THE_CALLER,
    BESIDE_THE_MATTER,
    DOUBTFUL_AFTERTHOUGHTS,
    TAKES_IT_BACK,
    THINKING_ALOUD,
)
from flows.capture.speech import Phrase, phrase_at, phrases, strip_signs
from flows.capture.tokens import Heard, Token

_BESIDE = re.compile("|".join(f"(?:{p})" for p in BESIDE_THE_MATTER))
_AROUND = re.compile("|".join(f"(?:{p})" for p in AROUND_THE_CALLER))
_OWN = re.compile("|".join(f"(?:{p})" for p in ABOUT_THE_CALLER))
_TAKEN_BACK = re.compile(TAKES_IT_BACK)
_ALOUD = phrases(THINKING_ALOUD)
_AFTER = tuple(tuple(t.split()) for t in AFTERTHOUGHTS)
_DOUBTFUL = tuple(tuple(t.split()) for t in DOUBTFUL_AFTERTHOUGHTS)
_ENDS = frozenset(",.;!?…")
_JOINS = frozenset({"and", "but", "so", "because", "while", "though"})
_SUBJECTS = frozenset({
    "i", "i'm", "i've", "we", "we're", "we've", "it", "it's", "my", "our", "the", "they", "he",
    "she", "you", "there", "there's", "this", "that",
})  # fmt: skip
_FILLERS = frozenset({
    "uh", "um", "er", "erm", "hm", "hmm", "ah", "oh", "well", "so", "okay", "ok", "yeah", "yes",
    "like", "right", "and", "sure",
})  # fmt: skip


@lru_cache(maxsize=16)
def on_the_matter(heard: Heard) -> Heard:
    """The utterance without the clauses that are about something else.

    Places in it are places among what is left; its text stays whole.
    """
    tokens = without_thinking(heard.tokens, doubtful=True)
    clauses = _clauses(tokens)
    texts = [" ".join(t.low for t in clause) for clause in clauses]
    kept = [
        clause
        for i, clause in enumerate(clauses)
        if (not _is_beside(texts[i]) or _is_title(clause))
        and not any(map(_TAKEN_BACK.search, texts[i : i + 2]))
    ]
    if len(kept) == len(clauses):
        return heard if len(tokens) == len(heard.tokens) else Heard(heard.text, tuple(tokens))
    return Heard(heard.text, tuple(token for clause in kept for token in clause))


def without_thinking(tokens: Sequence[Token], *, doubtful: bool = False) -> Sequence[Token]:
    """Without "well, let me see" in front and "if that helps" behind, if anything is left.

    `doubtful`: without "I believe" as well, which changes no value but is no plain yes.
    """
    phrases_behind = _AFTER + _DOUBTFUL if doubtful else _AFTER
    begin = at = 0
    while at < len(tokens):
        length = phrase_at(tokens, at, _ALOUD)
        if length:
            begin = at = at + length
        elif tokens[at].is_sign or tokens[at].low in _FILLERS:
            at += 1
        else:
            break
    begin, end = strip_signs(tokens, begin, len(tokens)) if begin else (0, len(tokens))
    while (shorter := _shorter(tokens, begin, end, phrases_behind)) is not None:
        end = shorter
    return tokens[begin:end] if begin < end else tokens


def _shorter(
    tokens: Sequence[Token], begin: int, end: int, afterthoughts: tuple[Phrase, ...]
) -> int | None:
    _, stop = strip_signs(tokens, begin, end)
    for phrase in afterthoughts:
        first = stop - len(phrase)
        if first > begin and tuple(t.low for t in tokens[first:stop]) == phrase:
            return strip_signs(tokens, begin, first)[1]
    return None


def is_small_talk(heard: Heard) -> bool:
    """Whether all of it is about what goes on around the caller."""
    clauses = [" ".join(t.low for t in clause) for clause in _clauses(heard.tokens)]
    said = [c for c in clauses if c.split(" ", 1)[0] not in _FILLERS or len(c.split()) > 2]
    return bool(said) and all(_AROUND.search(c) and not _OWN.search(c) for c in said)


def _is_title(clause: Sequence[Token]) -> bool:
    """ "Used To Be Furniture": a name that the recogniser wrote as one."""
    words = [t for t in clause if t.is_word]
    return len(words) > 1 and all(t.text[0].isupper() for t in words)


def _is_beside(clause: str) -> bool:
    return _BESIDE.search(clause) is not None and _OWN.search(clause) is None


def _clauses(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """Cut behind a comma or a full stop, and before "and he ..."."""
    cuts = [0]
    for i in range(1, len(tokens)):
        behind = tokens[i - 1].low in _ENDS and tokens[i].spaced
        joins = tokens[i].low == "but" or (
            tokens[i].low in _JOINS and i + 1 < len(tokens) and tokens[i + 1].low in _SUBJECTS
        )
        if behind or joins:
            cuts.append(i)
    return [tokens[a:b] for a, b in zip(cuts, [*cuts[1:], len(tokens)], strict=True)]
