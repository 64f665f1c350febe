"""Names of people: plain, spelled, hyphenated, of any origin.

The python-nameparser package splits titles and suffixes of names that are known to be names; it
does not find them in speech, and it capitalises "van der Berg" wrongly, so it is not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.capture.answer import evades
from flows.capture.english.names import (
    ALSO_NAMES,
    FIRST_NAME,
    GIVEN_NAMES_TOO,
    LAST_NAME,
    LOWER_PARTICLES,
    NAME_ENDS,
    NAME_LEADS,
    NAMES_ALONE,
    NO_NAME_ENDINGS,
    NOT_NAMES,
    PARTICLES,
    SAYS_SO,
    SENTENCE_VERBS,
    SPELLED_MARKS,
    SURE_NAME_LEADS,
    TITLES,
    WEAK_NAME_LEADS,
)
from flows.capture.letters import looped, run_at
from flows.capture.model import Candidate, Kind, Surroundings
from flows.capture.name_spelling import same, split_runs, with_spelling
from flows.capture.name_start import behind_a_hint, is_a_known_pair, starts_again, titled_end
from flows.capture.speech import (
    phrase_at,
    phrases,
    segments,
    strip_lead_ins,
    strip_signs,
    strip_tails,
)
from flows.capture.tokens import Heard, Token, fold

_LEADS, _SURE, _WEAK = phrases(NAME_LEADS), phrases(SURE_NAME_LEADS), phrases(WEAK_NAME_LEADS)
_FIRST, _LAST, _SPELLED = phrases(FIRST_NAME), phrases(LAST_NAME), phrases(SPELLED_MARKS)
_MOST_WORDS = 6
_VERBS = {"be", "do", "have", "i", "you", "we", "it", "that", "not", "the", "a", "call", "get",
          "try", "send", "check", "see", "say", "tell", "think", "wait", "take", "go", "give",
          "need", "find", "look", "ask", "let", "come", "talk", "speak"}  # fmt: skip
_FILLERS = {"uh", "um", "er", "erm", "uhm", "umm"}


def read(heard: Heard, around: Surroundings) -> list[Candidate]:
    asked = around.about(Kind.NAME)
    company_asked = around.about(Kind.COMPANY)  # "the name is Blue Ocean"
    tokens = heard.tokens
    for start, end in reversed(segments(tokens)):
        found = _read_part(heard, tokens[:end], start, asked, company_asked=company_asked)
        if found:
            return found
    return []


def _read_part(
    heard: Heard, tokens: Sequence[Token], start: int, asked: bool, *, company_asked: bool
) -> list[Candidate]:
    both = _first_and_last(heard, tokens, start)
    if both is not None:
        return [both]
    found: list[Candidate] = []
    for at in range(start, len(tokens)):
        length = phrase_at(tokens, at, _LEADS)
        if not length or (tokens[at].low == "the" and company_asked):
            continue
        sure = bool(phrase_at(tokens, at, _SURE))
        if not sure and not asked and not _introduces(tokens, at, length):
            continue
        candidate = _name(heard, tokens, at + length, 0.85 if sure else 0.7, "lead-in")
        if candidate is not None:
            found.append(candidate)
    if not found and not asked:
        speaking = _speaking(heard, tokens, start)
        return [speaking] if speaking else []
    if asked and not found and not evades(heard):
        candidate = _name(heard, tokens, start, 0.7, "answer")
        if candidate is not None and not _is_a_sentence(tokens, candidate):
            found.append(candidate)
    return sorted(found, key=lambda c: -c.confidence)


def _is_a_sentence(tokens: Sequence[Token], candidate: Candidate) -> bool:
    """ "Peter told me to call", "my kid turned nine": no answer to who is speaking."""
    begin, end = candidate.span
    if begin and tokens[begin - 1].low in {"my", "our", "your"}:
        return True
    if end + 1 < len(tokens) and tokens[end].low == "?":
        return True  # "Leadline? Never heard of it."
    if candidate.rule == "spelled":
        return False
    following = [t.low for t in tokens[end : end + 2]]
    if following[:1] and following[0] in SENTENCE_VERBS:
        return following[1:2] == [] or following[1] not in SAYS_SO
    return False


def _introduces(tokens: Sequence[Token], at: int, length: int) -> bool:
    """Unasked, "this is X" and "I'm X" need a name that looks like one, or "from", behind it."""
    if not phrase_at(tokens, at, _WEAK):
        return False
    i = at + length
    words: list[Token] = []
    while i < len(tokens) and tokens[i].is_word and len(words) < 4:
        if tokens[i].low in NAME_ENDS or tokens[i].low in NOT_NAMES:
            break
        words.append(tokens[i])
        i += 1
    if not words:
        return False
    after = tokens[i].low if i < len(tokens) else ""
    capital = all(w.text[0].isupper() for w in words)
    if after in {"from", "at", "with", "calling", "speaking", "here", "of"} and len(words) <= 3:
        return capital or len(words) >= 2 or after in {"from", "calling", "speaking"}
    return capital and len(words) >= 2


def _speaking(heard: Heard, tokens: Sequence[Token], start: int) -> Candidate | None:
    """ "Jane Doe speaking", "Jane Doe here", "Jane Doe from Acme"."""
    for i in range(start, len(tokens)):
        if tokens[i].low not in {"speaking", "here", "calling"}:
            continue
        first = i
        while first > start and tokens[first - 1].is_word and i - first < 4:
            if tokens[first - 1].low in NOT_NAMES or tokens[first - 1].low in NAME_ENDS:
                break
            first -= 1
        alone = first == start or tokens[first - 1].is_sign
        capital = all(t.text[0].isupper() for t in tokens[first:i])
        if first < i and alone and (capital or i - first == 2):
            return _name(heard, tokens[:i], first, 0.7, "speaking")
    return None


def _first_and_last(heard: Heard, tokens: Sequence[Token], start: int) -> Candidate | None:
    """ "first name Jane, last name Doe"."""
    first = next((i for i in range(start, len(tokens)) if phrase_at(tokens, i, _FIRST)), None)
    last = next((i for i in range(start, len(tokens)) if phrase_at(tokens, i, _LAST)), None)
    described = _described_behind(heard, tokens, start)
    if described is not None:
        return described
    if last is None:
        return None
    if first is not None and last < first:
        turned = _last_then_first(heard, tokens, first=first, last=last)
        if turned is not None:
            return turned
    surname = _name(heard, tokens, last + phrase_at(tokens, last, _LAST), 0.85, "first-last")
    if surname is None:
        return None
    if first is None or first > last:
        given = _name(heard, tokens[:last], strip_lead_ins(tokens, start, last), 0.85, "first-last")
        begin = given.span[0] if given else last
    else:
        i = first + phrase_at(tokens, first, _FIRST)
        given = _name(heard, tokens[:last], i, 0.85, "first-last")
        begin = first
    if given is None:
        return None
    names = str(given.value).split()
    if len(names) > 1 and same(names[-1], fold(str(surname.value))):
        given = replace(given, value=" ".join(names[:-1]))  # "... last name is spelled ..."
    span = (begin, surname.span[1])
    return Candidate(
        Kind.NAME, f"{given.value} {surname.value}", 0.85, heard.words(*span), span, "first-last"
    )


def _described_behind(heard: Heard, tokens: Sequence[Token], start: int) -> Candidate | None:
    """ "Ravi is my first name and Krishnamurthy is my last name"."""
    places: dict[str, int] = {}
    for at in range(start, len(tokens) - 3):
        lows = [t.low for t in tokens[at : at + 4]]
        if lows[:2] == ["is", "my"] and lows[3] == "name" and lows[2] in {"first", "last"}:
            places[lows[2]] = at
    if len(places) < 2:
        return None
    names: dict[str, Candidate] = {}
    begin = start
    for which, at in sorted(places.items(), key=lambda p: p[1]):
        while begin < at and tokens[begin].low in {"and", ",", "."}:
            begin += 1
        name = _name(heard, tokens[:at], begin, 0.85, "first-last")
        if name is None:
            return None
        names[which], begin = name, at + 4
    span = (min(n.span[0] for n in names.values()), min(begin, len(tokens)))
    value = f"{names['first'].value} {names['last'].value}"
    return Candidate(Kind.NAME, value, 0.85, heard.words(*span), span, "first-last")


def _last_then_first(
    heard: Heard, tokens: Sequence[Token], *, first: int, last: int
) -> Candidate | None:
    """ "last name Park, first name Jisoo"."""
    surname = _name(
        heard, tokens[:first], last + phrase_at(tokens, last, _LAST), 0.85, "first-last"
    )
    given = _name(heard, tokens, first + phrase_at(tokens, first, _FIRST), 0.85, "first-last")
    if surname is None or given is None:
        return None
    span = (last, given.span[1])
    value = f"{given.value} {surname.value}"
    return Candidate(Kind.NAME, value, 0.85, heard.words(*span), span, "first-last")


def _name(
    heard: Heard, tokens: Sequence[Token], start: int, confidence: float, rule: str
) -> Candidate | None:
    begin = _begin(tokens, start)
    stop = strip_tails(tokens, begin, len(tokens))
    tokens = tokens[:stop]
    titled = titled_end(tokens, begin)
    words: list[str] = []
    i = begin
    spelled = marked = False
    while i < len(tokens) and len(words) < _MOST_WORDS:
        low = tokens[i].low
        run = run_at(tokens, i)
        if run is not None and len(run.text) >= 2:
            parts = split_runs(tokens, i, run.end)
            words, spelled, marked = with_spelling(words, parts, marked=marked), True, False
            i = run.end
            continue
        length = phrase_at(tokens, i, _SPELLED) if words else 0
        if length and run_at(tokens, _past_signs(tokens, i + length)) is not None:
            i, marked = _past_signs(tokens, i + length), True
            continue
        if low in {",", "."} and starts_again(tokens, i + 1, words):
            words, i = [], i + 1
            continue
        if low == "with" and words and (again := behind_a_hint(tokens, i, words)):
            words, i = [], again
            continue
        if low in _FILLERS and words and i + 1 < len(tokens) and tokens[i + 1].is_word:
            i += 1
            continue
        after_o = i + 2 if i + 1 < len(tokens) and tokens[i + 1].low == "apostrophe" else i + 1
        if low == "o" and after_o < len(tokens) and tokens[after_o].is_word and words:
            words.append("O'" + tokens[after_o].text.title())
            i = after_o + 1
            continue
        glued = _glued(tokens, i, words)
        if glued is not None:
            i = glued
            continue
        if low in {".", ","} and _goes_on(tokens, i, words, spelled=spelled):
            i += 1
            continue
        if not tokens[i].is_word:
            break
        surname = _given_as_name(low, tokens, i, words) or i < titled
        if low in NAME_ENDS and not surname and not (low in PARTICLES and words):
            break
        if low in NOT_NAMES and low not in PARTICLES and not surname:
            break
        words.append(tokens[i].text)
        i += 1
    rule = "spelled" if spelled else rule
    return _done(heard, words, (begin, i), confidence, rule)


def _begin(tokens: Sequence[Token], start: int) -> int:
    begin = strip_lead_ins(tokens, start, len(tokens))
    if start < begin and tokens[begin - 1].low in GIVEN_NAMES_TOO:
        kept = titled_end(tokens, begin - 1) or is_a_known_pair(tokens, begin - 1)
        return begin - 1 if kept else begin  # "My Tran", "So Young Kim"
    return begin


def _glued(tokens: Sequence[Token], at: int, words: list[str]) -> int | None:
    """ "Smith hyphen Jones", "Mary-Kate", "O apostrophe Brien": the place behind, or None."""
    if not words or at + 1 >= len(tokens) or not tokens[at + 1].is_word:
        return None
    low, following = tokens[at].low, tokens[at + 1]
    said = low in {"hyphen", "dash"} and following.low not in NOT_NAMES
    written = low == "-" and not tokens[at].spaced and not following.spaced
    if said or written:
        words[-1] += "-" + following.text
    elif low == "apostrophe":
        words[-1] += "'" + following.text.title()
    else:
        return None
    return at + 2


def _goes_on(tokens: Sequence[Token], at: int, words: list[str], *, spelled: bool) -> bool:
    """Whether the name goes on behind a full stop or a comma."""
    if not words:
        return False
    if run_at(tokens, at + 1) is not None:
        return True
    if tokens[at].low == ".":
        initial = len(words[-1]) == 1 or fold(words[-1]) in TITLES
        return initial or (not spelled and _one_name_in_two(tokens, at, words))
    if _spelled_next(tokens, at + 1):
        return True
    if spelled:
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        return following is not None and following.is_word and following.low not in NAME_ENDS
    return len(words) == 1 and _only_name_left(tokens, at + 1)


def _given_as_name(low: str, tokens: Sequence[Token], at: int, words: list[str]) -> bool:
    """ "Young", "Long", "March", "Friday" are names behind a first name, when capitalised."""
    if not words and low in GIVEN_NAMES_TOO and is_a_known_pair(tokens, at):
        return True
    if low not in ALSO_NAMES and low not in NAMES_ALONE:
        return False
    capital = tokens[at].text[0].isupper()
    if not words:
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if low in NAMES_ALONE and following is None:
            return True
        named = (
            following is not None
            and following.is_word
            and following.low not in _VERBS
            and (following.low not in NOT_NAMES or following.low in ALSO_NAMES)
        )
        return (
            low in {"will", "may", "rich", "young", "mark", *NAMES_ALONE}
            and named
            and (capital or low in NAMES_ALONE or at + 2 == len(tokens))
        )
    if low in {"an", "so", "my", "in", "do", "will", "say", "wait", "hold"} and not capital:
        return False
    return (at == len(tokens) - 1 or tokens[at + 1].is_sign) and (capital or len(words) == 1)


def _done(
    heard: Heard, words: list[str], span: tuple[int, int], confidence: float, rule: str
) -> Candidate | None:
    spelled = rule == "spelled"
    while words and fold(words[0]) in TITLES and len(words) > 1:
        words = words[1:]
    while words and fold(words[-1]) in {"y", "e", "de", "of", "the"} and len(words) > 1:
        words = words[:-1]
    if len(words) == 1 and words[0].islower() and words[0].endswith(NO_NAME_ENDINGS):
        return None  # "it's complicated"
    if not words or (all(len(w) == 1 for w in words) and not spelled):
        return None
    if len(words) > 5:
        return None
    if spelled and len(words) > 1 and fold(words[-1]) == fold(words[-2]):
        words = words[:-1]  # "T A R I Q, Tariq"
    value = " ".join(capitalised(word, i) for i, word in enumerate(words))
    if looped(value) or len(value) > 80:
        return None
    begin, end = strip_signs(heard.tokens, *span)
    if len(words) == 1:
        confidence -= 0.1
    if spelled:
        confidence += 0.1
    return Candidate(
        Kind.NAME, value, max(0.1, confidence), heard.words(begin, end), (begin, end), rule
    )


def _past_signs(tokens: Sequence[Token], at: int) -> int:
    while at < len(tokens) and tokens[at].low in {",", ":", "-", "."}:
        at += 1
    return at


def _spelled_next(tokens: Sequence[Token], at: int) -> bool:
    length = phrase_at(tokens, at, _SPELLED)
    return bool(length) and run_at(tokens, _past_signs(tokens, at + length)) is not None


def _one_name_in_two(tokens: Sequence[Token], at: int, words: list[str]) -> bool:
    """ "Jane. Doe." is one name with a pause in it."""
    return (
        len(words) == 1
        and at + 1 < len(tokens)
        and tokens[at + 1].is_word
        and tokens[at + 1].low not in NAME_ENDS
        and tokens[at + 1].low not in NOT_NAMES
        and all(t.is_sign for t in tokens[at + 2 :])
    )


def _only_name_left(tokens: Sequence[Token], at: int) -> bool:
    rest = [t for t in tokens[at:] if not t.is_sign]
    return 1 <= len(rest) <= 2 and all(
        t.is_word and t.low not in NAME_ENDS and t.low not in NOT_NAMES for t in rest
    )


def capitalised(word: str, position: int = 0) -> str:
    """A name as one writes it: "McDonald", "O'Brien", "Smith-Jones", "van" inside a name."""
    if position and word.lower() in LOWER_PARTICLES and not word.isupper():
        return word if word[0].isupper() else word.lower()
    if len(word) > 1 and not word.islower() and not word.isupper():
        return word  # the recogniser's own capitals ("DeShawn") are the better ones
    parts = word.split("-")
    return "-".join(_capital(part) for part in parts)


def _capital(word: str) -> str:
    if not word:
        return word
    low = word.lower()
    if "'" in low:
        head, _, tail = low.partition("'")
        if len(head) <= 2 and tail:
            return f"{head.capitalize()}'{tail.capitalize()}"
    if low.startswith("mc") and len(low) > 4:
        return "Mc" + low[2:].capitalize()
    return low[:1].upper() + low[1:]
