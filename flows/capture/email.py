"""E-mail addresses: spoken, spelled, formatted by the recogniser, mixed, corrected half-way.

email-validator checks the syntax (30 µs; deliverability is never looked up here). The rest is
ours: no library was found that reads spoken addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.capture.domain import Side, domain_at
from flows.capture.email_words import number_words, own_name
from flows.capture.english.addresses import ATS_HEARD, ROLE_WORDS
from flows.capture.english.domains import PROVIDERS, TLDS
from flows.capture.letters import looped
from flows.capture.model import Candidate, Kind, Surroundings
from flows.capture.pieces import CHARACTERS, Part, Piece, pieces, similar
from flows.capture.speech import negated, segments
from flows.capture.tokens import Heard, Token, fold

_MAIL_WORDS = {"email", "e-mail", "mail", "address", "reach", "contact", "send", "write", "inbox",
               "emails", "gmail"}  # fmt: skip
_SIGNS = frozenset(
    {"@", "dot", "com", "org", "net", "io", "co", "edu", "gmail", "mail", "outlook", "yahoo",
     "hotmail", "icloud", "aol", "proton", "protonmail"}
)  # fmt: skip
BEFORE_A_SIGN, BEHIND_A_SIGN = 100, 40
"""Tokens; a local part with a word for each letter takes about five for each of them."""


def read(heard: Heard, around: Surroundings) -> list[Candidate]:
    asked = around.about(Kind.EMAIL)
    reach = _reach(heard.tokens, asked=asked)
    if reach is None:
        return []
    parts = [
        (max(start, reach[0]), min(end, reach[1]))
        for start, end in segments(heard.tokens)
        if end > reach[0] and start < reach[1]
    ]
    found: list[Candidate] = []
    fragments: list[Candidate] = []
    for start, end in parts:
        best = _read_part(heard, start, end, around, asked=asked)
        if best is None:
            continue
        if best.value is not None:
            found += _with_the_other_numbers(heard, (start, end), best, around)
        elif found and (mended := _mend(found[-1], best)):
            found.append(mended)
        else:
            fragments.append(best)
    if not found and len(fragments) > 1:
        joined = join([f.partial or "" for f in fragments])
        if joined is not None and joined.value is not None:
            span = (fragments[0].span[0], fragments[-1].span[1])
            found.append(
                Candidate(Kind.EMAIL, joined.value, 0.55, heard.words(*span), span, "joined")
            )
    if not found and len(parts) > 1:
        # What looks like a self-correction may be part of the address ("no" in "nohassle").
        whole = _read_part(heard, *reach, around, asked=asked)
        if whole is not None and whole.value is not None:
            found.append(whole)
    if found:
        return list(reversed(found))
    return fragments[-1:] if asked else []


def _with_the_other_numbers(
    heard: Heard, part: tuple[int, int], best: Candidate, around: Surroundings
) -> list[Candidate]:
    """ "Four seasons dot com" may be written with a figure, "route 66" hardly in words; what is
    likelier comes last."""
    other = _read_part(heard, *part, around, asked=True, in_words=True)
    if other is None or other.value in {None, best.value}:
        return [best]
    other = replace(other, rule="number-words")
    domain = str(best.value).partition("@")[2]
    return [best, other] if domain[:1].isdigit() and not domain[1:2].isdigit() else [other, best]


def _reach(tokens: Sequence[Token], *, asked: bool) -> tuple[int, int] | None:
    """The tokens among which an address may be; None: there is none.

    Asked, everything is read. Unasked an address is never clear without what only an address, or
    a site, has, and of a long speech only what stands around that is read.
    """
    if asked:
        return 0, len(tokens)
    signs = [
        i
        for i, token in enumerate(tokens)
        if token.low in _SIGNS
        or (token.low == "." and i + 1 < len(tokens) and not tokens[i + 1].spaced)
    ]
    if not signs:
        return None
    return max(0, signs[0] - BEFORE_A_SIGN), min(len(tokens), signs[-1] + BEHIND_A_SIGN)


def _read_part(
    heard: Heard,
    start: int,
    end: int,
    around: Surroundings,
    *,
    asked: bool,
    in_words: bool = False,
) -> Candidate | None:
    found = [
        Piece(p.part, p.text, p.start + start, p.end + start, p.glued, p.doubt)
        for p in pieces(heard.tokens[start:end])
    ]
    found = own_name(found, around.name)
    if around.company or in_words:
        found = number_words(heard, found, None if in_words else around.company)
    ats = [i for i, p in enumerate(found) if p.part is Part.AT]
    ending = _only_ending(found)
    if ending is not None and asked:
        return _fragment(heard, found, ending, 0, len(found))
    for at in reversed(ats):
        domain = domain_at(found, at + 1)
        if domain is None:
            continue
        local = _local(found, at, asked or found[at].text == "@")
        if local is not None:
            address = _address(heard, found, local, domain, around, asked=asked)
            if address is None and at != ats[0]:
                continue
            return address
        if asked:
            return _fragment(heard, found, "@" + domain.text, at, domain.end)
    without = _without_at(heard, found, around, asked=asked)
    if without is not None or not asked:
        return without
    for at in reversed(ats):
        local = _local(found, at, asked)
        if local is not None:
            return _fragment(heard, found, local.text + "@", local.start, at + 1)
    return _bare(heard, found)


def _only_ending(found: Sequence[Piece]) -> str | None:
    """ "dot com" alone, as a correction of another ending."""
    said = [
        p
        for i, p in enumerate(found)
        if p.part not in {Part.PAUSE, Part.STOP, Part.HARD}
        or (p.part is Part.STOP and i and found[i - 1].part is Part.SEPARATOR)  # "dot co dot in"
    ]
    if not said or said[0].part is not Part.SEPARATOR or said[0].text != ".":
        return None
    text = "".join(p.text for p in said)
    return text if text[1:].rpartition(".")[2] in TLDS and len(said) <= 5 else None


def _address(
    heard: Heard,
    found: list[Piece],
    local: Side,
    domain: Side,
    around: Surroundings,
    *,
    asked: bool,
) -> Candidate | None:
    value = valid(f"{local.text}@{domain.text}")
    if value is None or looped(local.text):
        return None
    confidence = 0.85 - local.doubt - domain.doubt
    if found[local.end].glued if local.end < len(found) else False:
        confidence += 0.1
    confidence += 0.05 * _agrees(local.text, around.name) + 0.05 * _agrees(
        domain.text, around.company
    )
    if not asked and _plain_words(heard, found, local, domain, around):
        return None
    span = (found[local.start].start, found[domain.end - 1].end)
    if negated(heard.tokens, span[0]):
        return None  # "..., not sales at acme dot com"
    return Candidate(
        Kind.EMAIL, value, max(0.05, min(0.97, confidence)), heard.words(*span), span, "address"
    )


def _follows_a_pause(found: Sequence[Piece], local: Side) -> bool:
    return local.start > 0 and found[local.start - 1].part is Part.PAUSE


def _plain_words(
    heard: Heard, found: Sequence[Piece], local: Side, domain: Side, around: Surroundings
) -> bool:
    """Unasked, "we sell at amazon dot com" is no address: one word, and nobody spoke of mail."""
    said = [p for p in found[local.start : local.end] if p.part is not Part.PAUSE]
    if len(said) > 1 or found[local.end].text == "@" or said[0].part is not Part.WORD:
        return False
    if local.start == 0 or any(t.low in _MAIL_WORDS for t in heard.tokens):
        return False
    if _follows_a_pause(found, local) and domain.text in PROVIDERS.values():
        return False  # "no, tomas at icloud dot com"
    return not _agrees(local.text, around.name)


def _fragment(heard: Heard, found: list[Piece], partial: str, start: int, end: int) -> Candidate:
    span = (found[start].start, found[end - 1].end)
    return Candidate(Kind.EMAIL, None, 0.3, heard.words(*span), span, "fragment", partial)


def _local(found: Sequence[Piece], at: int, asked: bool) -> Side | None:
    """The local part that ends in front of the at."""
    i, doubt = at - 1, 0.0
    kept: list[Piece] = []
    tight = found[at].text == "@" and found[at].glued
    while i >= 0:
        piece = found[i]
        behind = kept[0] if kept else None
        joins = behind is not None and behind.part is Part.SEPARATOR
        if piece.is_characters:
            if tight and behind is not None and not behind.glued and not joins:
                single = piece.part is Part.LETTERS and behind.part is Part.LETTERS
                year = piece.part is Part.WORD and all(p.part is Part.DIGITS for p in kept)
                if not (single or (year and asked)):
                    break
            kept.insert(0, piece)
            doubt += piece.doubt
        elif piece.part is Part.SEPARATOR:
            if not piece.glued and behind is None:
                break
            kept.insert(0, piece)
        elif piece.part is Part.PAUSE:
            if piece.text == "." and kept and _sentence_ends(found, i, kept):
                break
            if kept and _said_before(found, i, kept):
                break
            if piece.text == "." and kept and _spoken_dot(found, i, kept):
                kept.insert(0, Piece(Part.SEPARATOR, ".", piece.start, piece.end))
                doubt += 0.1
        elif (piece.part is Part.STOP and joins and piece.text) or (
            piece.part is Part.STOP and behind is not None and piece.glued and behind.glued
        ):
            kept.insert(0, piece)
        elif piece.part is Part.STOP and not kept and piece.text in ROLE_WORDS and asked:
            kept.insert(0, piece)
            doubt += 0.15
            i -= 1
            break
        else:
            break
        i -= 1
    while kept and kept[0].part is Part.SEPARATOR:
        kept.pop(0)
    if not kept or not any(p.part in CHARACTERS or p.part is Part.STOP for p in kept):
        return None
    text = "".join(p.text for p in kept)
    words = sum(1 for p in kept if p.part is Part.WORD)
    joined_words = words - 1 - sum(1 for p in kept if p.part is Part.SEPARATOR)
    doubt += 0.05 * max(0, joined_words)
    start = next(k for k in range(len(found)) if found[k].start == kept[0].start)
    return Side(text, start, at, min(doubt, 0.6))


def _said_before(found: Sequence[Piece], at: int, kept: list[Piece]) -> bool:
    """ "Zoe dot Yang, Z O E dot Y A N G, at ...": said first, then spelled."""
    wanted = "".join(p.text for p in kept)
    said, i = "", at - 1
    while i >= 0 and len(said) < len(wanted):
        if not (found[i].is_characters or found[i].part is Part.SEPARATOR):
            break
        said, i = found[i].text + said, i - 1
    if kept[0].part is Part.SEPARATOR:
        return False
    spelled = any(p.part is Part.LETTERS for p in kept)
    return spelled and len(wanted) >= 4 and "." in wanted and similar(said, wanted)


def _sentence_ends(found: Sequence[Piece], at: int, kept: list[Piece]) -> bool:
    """A full stop in front of the address, not inside it."""
    if at == 0:
        return True
    before = found[at - 1]
    if before.part is Part.LETTERS and kept[0].part is Part.LETTERS:
        return False
    if before.part in {Part.STOP, Part.HARD}:
        return True
    return (
        not _spoken_dot(found, at, kept)
        and kept[0].part is Part.WORD
        and (before.part is Part.WORD)
    )


def _spoken_dot(found: Sequence[Piece], at: int, kept: list[Piece]) -> bool:
    """ "Jane. Doe at acme.com": one short word before the full stop, and nothing before that."""
    if at == 0 or found[at - 1].part is not Part.WORD or kept[0].part is not Part.WORD:
        return False
    return at == 1 or found[at - 2].part in {Part.STOP, Part.HARD, Part.SEPARATOR}


def _without_at(
    heard: Heard, found: list[Piece], around: Surroundings, *, asked: bool
) -> Candidate | None:
    """The at was lost, or heard as another word: found again by the domain behind it."""
    if not asked or any(t.low in _WEB_WORDS for t in heard.tokens):
        return None
    company = "".join(c for c in fold(around.company or "") if c.isalnum())
    for i in range(1, len(found)):
        piece = found[i]
        if piece.text in ATS_HEARD and piece.part in {Part.STOP, Part.WORD}:
            domain = domain_at(found, i + 1)
            local = _local(found, i, asked=True) if domain and "." in domain.text else None
            if domain and local and _ends_in_dot(found, domain):
                worse = Side(local.text, local.start, i, local.doubt + 0.35)
                return _address(heard, found, worse, domain, around, asked=asked)
    for i in range(1, len(found)):
        piece = found[i]
        known = piece.text in PROVIDERS and len(piece.text) > 3
        if piece.part is Part.WORD and (known or (company and piece.text == company)):
            domain = domain_at(found, i)
            local = _local(found, i, asked=True) if domain else None
            if domain and local:
                worse = Side(local.text, local.start, i - 1, local.doubt + 0.3)
                return _address(heard, found, worse, domain, around, asked=asked)
    for i, piece in enumerate(found):
        glued_at = piece.part is Part.WORD and piece.text.endswith("at") and len(piece.text) > 3
        if glued_at and i + 1 < len(found):
            domain = domain_at(found, i + 1)
            if domain and _ends_in_dot(found, domain):
                cut = Piece(Part.WORD, piece.text[:-2], piece.start, piece.end)
                local = _local([*found[:i], cut, Piece(Part.AT, "@", piece.end, piece.end)],
                               i + 1, asked=True)  # fmt: skip
                if local:
                    worse = Side(local.text, local.start, i, local.doubt + 0.35)
                    return _address(heard, found, worse, domain, around, asked=asked)
    return None


_WEB_WORDS = {"website", "site", "webpage", "url", "homepage"}


def _ends_in_dot(found: Sequence[Piece], domain: Side) -> bool:
    return any(
        p.part is Part.SEPARATOR and p.text == "." for p in found[domain.start : domain.end]
    ) or any(p.text.startswith(".") for p in found[domain.start : domain.end])


def _bare(heard: Heard, found: list[Piece]) -> Candidate | None:
    """Asked for an address, the caller said only a part of it that looks like one."""
    end = len(found)
    while end and found[end - 1].part in {Part.PAUSE, Part.STOP, Part.HARD}:
        end -= 1
    local = _local(found, end, asked=True) if end and end < len(found) else None
    if local is None and end:
        padded = [*found[:end], Piece(Part.AT, "at", found[end - 1].end, found[end - 1].end)]
        local = _local(padded, end, asked=True)
    if local is None:
        return None
    span = found[local.start : end]
    separated = any(p.part is Part.SEPARATOR for p in span)
    spelled = sum(len(p.text) for p in span if p.part in {Part.LETTERS, Part.DIGITS}) >= 3
    if not (separated or spelled) or looped(local.text):
        return None
    domain = domain_at(found[:end], local.start)
    if domain is not None and domain.end == end and "." in domain.text and separated:
        text = "@" + domain.text
        last = domain.text.rpartition(".")[2]
        if last in {"com", "net", "org", "io", "co", "uk", "ai", "dev", "edu"}:
            return _fragment(heard, found, text, local.start, end)
    return _fragment(heard, found, local.text, local.start, end)


def _mend(before: Candidate, fragment: Candidate) -> Candidate | None:
    """ "jane at acme dot org, sorry, dot com": the later piece replaces its part."""
    address, piece = str(before.value), fragment.partial or ""
    local, _, domain = address.partition("@")
    if piece.startswith("@"):
        value = valid(f"{local}{piece}")
    elif piece.endswith("@"):
        value = valid(f"{piece}{domain}")
    elif piece.startswith(".") and piece.rpartition(".")[2] in TLDS:
        value = valid(f"{local}@{_without_ending(domain)}{piece}")
    else:
        return None
    if value is None:
        return None
    span = (before.span[0], fragment.span[1])
    return Candidate(Kind.EMAIL, value, 0.7, fragment.text, span, "mended")


def _without_ending(domain: str) -> str:
    labels = domain.split(".")
    second = len(labels) > 2 and labels[-2] in {"co", "com", "org", "net", "ac", "gov", "edu"}
    return ".".join(labels[: -2 if second else -1])


def valid(address: str) -> str | None:
    """The address in its usual form, or None where it can be none."""
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except (EmailNotValidError, ValueError):
        return None
    return checked.normalized.lower()


def join(parts: Sequence[str]) -> Candidate | None:
    """Pieces over several turns ("jane.doe", "@", "acme.com") as one candidate."""
    text = ""
    for part in parts:
        if not part:
            continue
        if "@" in part and "@" in text:
            text = (
                text.partition("@")[0] + "@" + part.partition("@")[2]
                if (part.startswith("@"))
                else part
            )
            continue
        text += part
    if not text:
        return None
    value = valid(text) if "@" in text else None
    if value is None and "@" not in text and len(parts) == 2 and parts[1].count(".") == 1:
        value = valid(f"{parts[0]}@{parts[1]}")
    if value is not None and value.rpartition(".")[2] not in TLDS:
        value = None
    partial = None if value else text
    return Candidate(
        Kind.EMAIL, value, 0.7 if value else 0.3, " ".join(parts), (0, 0), "joined", partial
    )


def complete(parts: Sequence[str]) -> str | None:
    """The address that the pieces make, or None where one is missing."""
    joined = join(parts)
    return str(joined.value) if joined is not None and joined.value is not None else None


def _agrees(text: str, prior: str | None) -> bool:
    """Whether a part of the address is made of a name that is known already."""
    words = [w for w in fold(prior or "").replace("-", " ").replace("'", "").split() if len(w) > 2]
    return any(word in text for word in words)
