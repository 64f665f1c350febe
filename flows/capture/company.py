"""Names of companies: plain, spelled, as initials ("I B M"), with a domain ("monday dot com")."""

from __future__ import annotations

from collections.abc import Sequence

from flows.capture.answer import evades
from flows.capture.english.domains import TLDS
from flows.capture.english.names import (
    COMPANY_ENDS,
    COMPANY_FORMS,
    COMPANY_LEADS,
    NAMELESS,
    NO_NAME_ENDINGS,
    NOT_COMPANIES,
    SAYS_SO,
    SENTENCE_VERBS,
    SMALL_WORDS,
    SPELLED_MARKS,
    SURE_COMPANY_LEADS,
    WEAK_COMPANY_LEADS,
)
from flows.capture.letters import looped, run_at
from flows.capture.model import Candidate, Kind, Surroundings
from flows.capture.pieces import similar
from flows.capture.speech import (
    phrase_at,
    phrases,
    segments,
    strip_lead_ins,
    strip_signs,
    strip_tails,
)
from flows.capture.titled import begins_like_an_answer, is_title
from flows.capture.tokens import Heard, Token, fold

_LEADS, _SURE = phrases(COMPANY_LEADS), phrases(SURE_COMPANY_LEADS)
_WEAK, _SPELLED = phrases(WEAK_COMPANY_LEADS), phrases(SPELLED_MARKS)
_MOST_WORDS = 7
_ONE_WORD = phrases(("all one word", "one word", "no spaces", "no space", "as one word"))
_REFUSALS = {"private", "nothing", "none", "nope", "what", "why", "how", "who"}


def read(heard: Heard, around: Surroundings) -> list[Candidate]:
    asked = around.about(Kind.COMPANY)
    tokens = heard.tokens
    if asked and begins_like_an_answer(tokens, known=around.name):
        named = _company(heard, tokens, 0, 0.7, "titled", guarded=True, whole=True)
        if named is not None:
            return [named]
    for start, end in reversed(segments(tokens)):
        found = _read_part(heard, tokens[:end], start, asked)
        if found:
            return found
    return []


def _read_part(heard: Heard, tokens: Sequence[Token], start: int, asked: bool) -> list[Candidate]:
    found: list[Candidate] = []
    at = start
    while at < len(tokens):
        length = phrase_at(tokens, at, _LEADS)
        sure = phrase_at(tokens, at, _SURE)
        if not length:
            at += 1
            continue
        if (
            tokens[at].low == "with"
            and length == 1
            and at + 1 < len(tokens)
            and (tokens[at + 1].low in {"a", "an", "one", "two"})
        ):
            at += 1
            continue
        if tokens[at].low == "for" and (at == 0 or tokens[at - 1].low not in _WORKING):
            at += 1
            continue
        weak = not sure
        if phrase_at(tokens, at, _NAME_IS) and not asked:
            at += length
            continue
        if weak and not asked and not _capital_after(tokens, at + length):
            at += length
            continue
        if at + length < len(tokens) and tokens[at + length].low in {".", "?", "!"}:
            at += length
            continue
        confidence = 0.85 if sure else 0.65 if asked else 0.6
        whole = bool(sure) and is_title(tokens[at + length :])
        candidate = _company(
            heard, tokens, at + length, confidence, "lead-in", guarded=True, whole=whole
        )
        if candidate is not None:
            found.append(candidate)
        at += length
    if asked and not found and not evades(heard):
        begin = strip_lead_ins(tokens, start, len(tokens))
        candidate = _company(heard, tokens, begin, 0.7, "answer", guarded=False)
        if candidate is None:
            candidate = _behind_a_comma(heard, tokens, begin)
        if candidate is not None and not _is_a_sentence(tokens, candidate):
            found.append(candidate)
        if found and found[0].rule == "answer" and _may_belong(tokens, begin):
            # "Yes Energy", where the recogniser writes no capitals and no commas.
            other = _company(heard, tokens, begin - 1, 0.35, "lead-in kept", guarded=True,
                             whole=True)  # fmt: skip
            found += [other] if other is not None else []
    return sorted(found, key=lambda c: -c.confidence)


def _behind_a_comma(heard: Heard, tokens: Sequence[Token], start: int) -> Candidate | None:
    """ "You won't know it, Nordic Timber": the last words of the answer."""
    pauses = [i for i in range(start, len(tokens) - 1) if tokens[i].low in {",", "."}]
    if not pauses or not tokens[pauses[-1] + 1].spaced:
        return None
    begin = strip_lead_ins(tokens, pauses[-1] + 1, len(tokens))
    candidate = _company(heard, tokens, begin, 0.6, "answer", guarded=True)
    whole = candidate is not None and all(t.is_sign for t in tokens[candidate.span[1] :])
    return candidate if whole and len(tokens) - begin <= _WORDS_BEHIND_A_COMMA else None


_WORDS_BEHIND_A_COMMA = 4


_NAME_IS = phrases(("the name is", "the name's", "name is"))
_WORKING = {"work", "works", "working", "worked", "calling", "here", "employed", "job", "speaking",
            "consult", "sales", "buyer", "i'm", "manager", "director"}  # fmt: skip


def _is_a_sentence(tokens: Sequence[Token], candidate: Candidate) -> bool:
    """ "Salesforce is awful", "my dog barks": words that somebody says about something."""
    begin, end = candidate.span
    if begin and tokens[begin - 1].low in {"my", "our", "your"} and tokens[begin].text.islower():
        return True
    following = [t.low for t in tokens[end : end + 2]]
    if following[:1] and following[0] in SENTENCE_VERBS:
        return following[1:2] == [] or following[1] not in SAYS_SO
    return False


def _may_belong(tokens: Sequence[Token], begin: int) -> bool:
    """Whether what was taken for the opening of an answer may be the first word of the name."""
    return begin == 1 and len(tokens) <= _MOST_WORDS and tokens[0].is_word and tokens[1].is_word


def _capital_after(tokens: Sequence[Token], at: int) -> bool:
    """Unasked, "from" or "at" introduces a company only where the recogniser wrote a name."""
    if at >= len(tokens) or not tokens[at].is_word:
        return False
    named = tokens[at].text[0].isupper() and tokens[at].low not in NOT_COMPANIES
    introduced = any(t.low in {"i'm", "am", "is", "calling", "speaking"} for t in tokens[:at])
    lower = introduced and tokens[at - 1].low == "from" and tokens[at].low not in NOT_COMPANIES
    return named or lower


def _company(
    heard: Heard,
    tokens: Sequence[Token],
    start: int,
    confidence: float,
    rule: str,
    *,
    guarded: bool,
    whole: bool = False,
) -> Candidate | None:
    """`whole`: every word from here on belongs to the name, whatever it usually does."""
    begin = start if whole else _with_article(tokens, strip_lead_ins(tokens, start, len(tokens)))
    if guarded and not whole and _is_named(tokens, start, begin):
        begin = start  # "the company is Yes Energy"
    stop = strip_tails(tokens, begin, len(tokens))
    words: list[str] = []
    spelled = joined = False
    i = begin
    while i < stop and len(words) < _MOST_WORDS:
        low = tokens[i].low
        length = phrase_at(tokens, i, _ONE_WORD)
        if length:
            joined, i = True, i + length
            continue
        run = run_at(tokens[:stop], i)
        if run is not None and len(run.text) >= 2:
            words, spelled = _with_spelling(words, run.text), True
            i = run.end
            continue
        length = phrase_at(tokens, i, _SPELLED) if words else 0
        if length:
            j = _past_signs(tokens, i + length)
            if run_at(tokens[:stop], j) is not None or phrase_at(tokens, j, _ONE_WORD):
                i = j
                continue
        glued = _glued(tokens[:stop], i, words)
        if glued is not None:
            i = glued
            continue
        if low in {",", "."} and _goes_on(tokens[:stop], i, words):
            i += 1
            continue
        if tokens[i].is_sign:
            break
        if low == "and" and words and _joins_names(tokens[:stop], i):
            words.append("and")
            i += 1
            continue
        if low in COMPANY_ENDS and words and not whole:
            break
        if words and not tokens[i].spaced and words[-1][-1:].isalnum():
            words[-1] += tokens[i].text  # "3M", "B2B"
        else:
            words.append(tokens[i].text)
        i += 1
    if joined and not spelled:
        words = ["".join(words)]
    rule = "spelled" if spelled else rule
    if whole and not spelled:
        return _said_as_is(heard, words, (begin, i), confidence, rule)
    return _done(heard, words, (begin, i), confidence, rule, guarded=guarded)


def _said_as_is(
    heard: Heard, words: list[str], span: tuple[int, int], confidence: float, rule: str
) -> Candidate | None:
    value = " ".join(_written(word, i, words) for i, word in enumerate(words))
    if len(words) < 2 or looped(value) or len(value) > 100:
        return None
    begin, end = strip_signs(heard.tokens, *span)
    return Candidate(Kind.COMPANY, value, confidence, heard.words(begin, end), (begin, end), rule)


def _glued(tokens: Sequence[Token], at: int, words: list[str]) -> int | None:
    """ "Monday dot com", "Ernst & Young", "A T and T", "Acme.io": the place behind, or None."""
    if not words or at + 1 >= len(tokens):
        return None
    low, following = tokens[at].low, tokens[at + 1]
    tight = not tokens[at].spaced and not following.spaced
    if low == "dot" and following.low in TLDS:
        words[-1] += "." + following.low
    elif low == "and" and words[-1].isupper() and len(words[-1]) <= 3 and len(following.low) == 1:
        words[-1] += "&" + following.text.upper()
    elif tight and low in {".", "-", "&", "+", "/", "'"}:
        words[-1] += tokens[at].text + following.text
    elif low in {"&", "+", "/", "-"}:
        words += [tokens[at].text, following.text]
    else:
        return None
    return at + 2


def _goes_on(tokens: Sequence[Token], at: int, words: list[str]) -> bool:
    """Whether the name goes on behind a comma: "Acme, Inc.", "Acme, A C M E"."""
    if at + 1 < len(tokens) and tokens[at + 1].low in COMPANY_FORMS:
        return True
    if not words:
        return False
    listed = [t for t in tokens[at + 1 : at + 4] if t.is_word]
    if len(listed) == _PARTNERS and listed[1].low == "and" and listed[0].text[0].isupper():
        return tokens[at].low == ","  # "Smith, Jones and Partners"
    phrase = phrase_at(tokens, at + 1, _SPELLED) or phrase_at(tokens, at + 1, _ONE_WORD)
    return bool(phrase) or run_at(tokens, at + 1) is not None


_PARTNERS = 3


def _with_article(tokens: Sequence[Token], at: int) -> int:
    """ "The Home Depot" keeps its article where the recogniser wrote it as part of the name."""
    before = tokens[at - 1] if at else None
    named = at < len(tokens) and tokens[at].text[:1].isupper()
    return at - 1 if before is not None and before.text == "The" and named else at


def _is_named(tokens: Sequence[Token], start: int, begin: int) -> bool:
    """Behind "we're called" a word that usually only opens an answer is part of the name."""
    skipped = tokens[start:begin]
    return bool(skipped) and all(t.is_word and t.text[0].isupper() for t in skipped)


def _joins_names(tokens: Sequence[Token], at: int) -> bool:
    """ "Smith and Sons", "Barnes and Noble": one or two words follow, and they close the name."""
    rest: list[Token] = []
    for token in tokens[at + 1 :]:
        if token.is_sign or token.low in COMPANY_ENDS - {"and"}:
            break
        rest.append(token)
    if not 1 <= len(rest) <= 3 or rest[0].low in NOT_COMPANIES or rest[0].low in COMPANY_ENDS:
        return False
    if tokens[at - 1].text[0].isupper():
        return rest[0].text[0].isupper()
    return all(t.low not in NOT_COMPANIES for t in rest)


_PRONOUNS = {
    "a", "an", "my", "our", "your", "i", "i'm", "we", "you", "it", "we're", "it's", "you're",
    "they're", "i've", "we've", "they",
}  # fmt: skip


def _done(
    heard: Heard,
    words: list[str],
    span: tuple[int, int],
    confidence: float,
    rule: str,
    *,
    guarded: bool,
) -> Candidate | None:
    if not words:
        return None
    lows = [w.lower() for w in words]
    if guarded and lows[0] in NOT_COMPANIES and not words[0][0].isupper():
        return None
    if lows[0] in _PRONOUNS and len(words) > 1:
        return None
    if len(words) == 1 and words[0].islower() and words[0].endswith(NO_NAME_ENDINGS):
        return None
    if len(words) == 1 and (
        lows[0] in NOT_COMPANIES or lows[0] in {*_REFUSALS, "no", "yes"} or lows[0] in NAMELESS
    ):
        return None
    if lows[0] == "not" and words[0].islower() and not guarded:
        return None
    if lows[0] in {"no", "yes"} and not (guarded and words[0][0].isupper()):
        return None
    if {"freelance", "freelancer", "freelancing", "self-employed"} & set(lows[:2]):
        return None
    if lows[0] in _REFUSALS or all(len(w) == 1 and not w.isalnum() for w in words):
        return None
    value = " ".join(_written(word, i, words) for i, word in enumerate(words))
    if looped(value) or len(value) > 100 or not any(c.isalnum() for c in value):
        return None
    begin, end = strip_signs(heard.tokens, *span)
    confidence += 0.1 if rule == "spelled" else 0.0
    confidence -= 0.1 * max(0, len(words) - 4)
    return Candidate(
        Kind.COMPANY, value, max(0.1, confidence), heard.words(begin, end), (begin, end), rule
    )


def _with_spelling(words: list[str], letters: str) -> list[str]:
    for i in range(len(words) - 1, -1, -1):
        if similar("".join(c for c in fold(words[i]) if c.isalnum()), letters):
            plain = "".join(c for c in fold(words[i]) if c.isalnum())
            return words if plain == letters else [*words[:i], _title(letters), *words[i + 1 :]]
    joined = "".join(c for c in fold("".join(words)) if c.isalnum())
    if joined == letters and words:
        return words
    if len(words) > 1 and similar(joined, letters):
        lengths = [len(fold(w)) for w in words]
        if sum(lengths) == len(letters):
            result, at = [], 0
            for n in lengths:
                result.append(_title(letters[at : at + n]))
                at += n
            return result
        return [_title(letters)]
    if not words and len(letters) > 4:
        return [_title(letters)]
    return [*words, letters.upper()]


def _title(letters: str) -> str:
    return letters[:1].upper() + letters[1:]


def _past_signs(tokens: Sequence[Token], at: int) -> int:
    while at < len(tokens) and tokens[at].low in {",", ":", "-"}:
        at += 1
    return at


def _written(word: str, position: int, words: list[str]) -> str:
    low = word.lower()
    if low in COMPANY_FORMS and position and (word.islower() or low in {"llc", "gmbh"}):
        return COMPANY_FORMS[low]
    if any(c.isupper() for c in word) or not word.islower():
        return word
    if position and low in SMALL_WORDS and position < len(words) - 1:
        return low
    return word[:1].upper() + word[1:]
