"""What one field says about another: a name about a local part, a company about a domain.

None of it replaces silently what was heard: it is asked after a no, or for a field that was given
up, and what comes of it is read back to the caller before it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from flows.repair import PROVIDERS, likeness

_ALIKE = 0.6
"""Letters in common from which two texts may be hearings of the same words."""
_SOMEWHAT_ALIKE = 0.5
_HARDLY_ALIKE = 0.35
_MOST_HEARD = 8
_MOST_WORDS = 4


def likelier_emails(value: str, *, name: str | None, company: str | None) -> list[str]:
    """The address with its local part made of the name, its domain of the company, or both.

    Only where the part that was heard resembles what the name or the company makes of it.
    """
    local, _, domain = value.partition("@")
    by_name = _local_like(local, name) if name else None
    by_company = _provider_like(domain) or (_domain_like(domain, company) if company else None)
    found = []
    if by_name and by_company:
        found.append(f"{by_name}@{by_company}")
    if by_company:
        found.append(f"{local}@{by_company}")
    if by_name:
        found.append(f"{by_name}@{domain}")
    return [address for address in found if address != value]


def likelier_domains(
    value: str, *, company: str | None, earlier: Sequence[str], misheard: int
) -> list[str]:
    """The address with the domains that it may have, the likeliest first, its own last.

    `earlier`: what was heard before; a domain that was heard twice is hardly wrong. `misheard`:
    how many addresses the caller has refused; the more, the less a domain must be like the
    company's name to be taken for it.
    """
    local, _, domain = value.partition("@")
    if domain in PROVIDERS:
        return [value]
    heard = [old.partition("@")[2] for old in earlier if "@" in old]
    found = [_provider_like(domain), *(d for d in heard if d in PROVIDERS and _alike(d, domain))]
    if company:
        least = _SOMEWHAT_ALIKE if misheard < 2 else _HARDLY_ALIKE
        found.append(_domain_like(domain, company, least=least))
    found += [d for d in heard if d != domain and heard.count(d) > 1 and _alike(d, domain)]
    domains = dict.fromkeys(d for d in [*found, domain] if d)
    return [f"{local}@{d}" for d in domains]


def usual_domain(earlier: Iterable[object]) -> str | None:
    """The domain that was heard most often, of addresses and of parts of them; the latest of
    equals."""
    domains = [v.partition("@")[2] for v in earlier if isinstance(v, str) and "@" in v]
    domains = [domain for domain in domains if "." in domain.strip(".")]
    return max(reversed(domains), key=domains.count, default=None)


def _alike(one: str, other: str) -> bool:
    return likeness(one, other) >= _ALIKE


def _local_like(local: str, name: str) -> str | None:
    stem = local.rstrip("0123456789")
    digits = local[len(stem) :]
    words = [_plain(word) for word in name.split()]
    words = [word for word in words if word]
    if len(words) < 2 or not stem:
        return None
    separator = next((c for c in stem if c in "._-"), "")
    best = max(
        _handles(words[0], "".join(words[1:]), separator),
        key=lambda handle: (likeness(stem, handle), -abs(len(stem) - len(handle))),
    )
    if likeness(stem, best) < _ALIKE or best == stem:
        return None
    return best + digits


def _handles(first: str, last: str, separator: str) -> Iterator[str]:
    yield f"{first}{separator}{last}"
    yield f"{first[0]}{separator}{last}"
    yield f"{first}{separator}{last[0]}"
    yield f"{last}{separator}{first}"
    yield f"{last}{separator}{first[0]}"
    if not separator:
        yield first
        yield last


def _provider_like(domain: str) -> str | None:
    """ "jamel.com" and "chmaill.com" are "gmail.com" as it sounds."""
    host, _, ending = domain.partition(".")
    if domain in PROVIDERS or ending != "com":
        return None
    return _PROVIDERS_BY_SOUND.get(_skeleton(host))


def _skeleton(host: str) -> str:
    """The consonants, those that sound alike written alike, none of them twice in a row."""
    text = host.replace("ch", "j").replace("g", "j").replace("ck", "k").replace("c", "k")
    consonants = (c for c in text if c.isalpha() and c not in "aeiouyw")
    return re.sub(r"(.)\1+", r"\1", "".join(consonants))


_PROVIDERS_BY_SOUND = {_skeleton(host): f"{host}.com" for host in ("gmail", "outlook", "hotmail")}


def _domain_like(domain: str, company: str, *, least: float = _SOMEWHAT_ALIKE) -> str | None:
    host, _, ending = domain.partition(".")
    if domain in PROVIDERS or not ending:
        return None
    words = [word for word in (_plain(w) for w in re.split(r"[\s&-]+", company)) if word]
    joint = "-" if "-" in host else ""
    hosts = [joint.join(words[:n]) for n in range(len(words), 0, -1)]
    if not hosts:
        return None
    best = max(hosts, key=lambda made: likeness(host, made))
    if likeness(host, best) < least or best == host:
        return None
    return f"{best}.{ending}"


def name_from_email(email: str, heard: Sequence[str]) -> str | None:
    """The name that the caller's address spells, where it sounds like what was heard."""
    local = email.partition("@")[0].partition("+")[0].rstrip("0123456789")
    parts = [part for part in re.split(r"[._-]+", local) if part.isalpha()]
    names = [name.split() for name in heard[-_MOST_HEARD:] if name.split()]
    firsts = [words[0] for words in names]
    lasts = [words[-1] for words in names if len(words) > 1]
    readings = _two_parts(parts, firsts, lasts) if len(parts) == 2 else ()
    if len(parts) == 1:
        readings = _one_part(parts[0], firsts, lasts)
    best = max(readings, default=None)
    if best is None or best[0] < _ALIKE:
        return None
    return " ".join(_written(word, [*firsts, *lasts]) for word in best[1:])


_Reading = tuple[float, str, str]


def _two_parts(
    parts: Sequence[str], firsts: Sequence[str], lasts: Sequence[str]
) -> tuple[_Reading, ...]:
    one, two = parts
    if len(one) > 1 and len(two) > 1:
        sounds = max(_best(one, firsts), _best(two, [*firsts, *lasts]))
        return ((sounds, one, two),)
    if len(one) == 1:
        first = _with_initial(one, firsts)
        return ((_best(two, lasts), first, two),) if first else ()
    last = _with_initial(two, lasts)
    return ((_best(one, firsts), one, last),) if last else ()


def _one_part(part: str, firsts: Sequence[str], lasts: Sequence[str]) -> tuple[_Reading, ...]:
    found: list[_Reading] = []
    if len(part) < 3:
        return ()
    first = _with_initial(part[0], firsts)
    if first:
        found.append((_best(part[1:], lasts), first, part[1:]))
    last = _with_initial(part[-1], lasts)
    if last:
        found.append((_best(part[:-1], firsts) - 0.05, part[:-1], last))
    if lasts:
        found.append((_best(part, firsts), part, _usual(lasts)))
    if firsts:
        found.append((_best(part, lasts), _usual(firsts), part))
    for cut in range(2, len(part) - 1):
        sounds = _best(part[:cut], firsts) + _best(part[cut:], lasts)
        found.append((sounds / 2 + 0.02, part[:cut], part[cut:]))
    return tuple(found)


def company_from_email(email: str, heard: Sequence[str]) -> str | None:
    """The company that the domain spells, where it sounds like what was heard."""
    domain = email.partition("@")[2]
    host = domain.partition(".")[0]
    if domain in PROVIDERS or len(host) < 3:
        return None
    readings = [
        reading
        for company in heard[-_MOST_HEARD:]
        for reading in _named_by(host, company.split()[:_MOST_WORDS])
    ]
    best = max(readings, default=None)
    if best is None or best[0] < _ALIKE:
        return None
    return best[1]


def _named_by(host: str, words: Sequence[str]) -> Iterator[tuple[float, str]]:
    """The host cut into as many words as were heard, or into the first ones of them."""
    letters = host.replace("-", "")
    for count in range(len(words), 0, -1):
        score, parts = _cut(letters, [_plain(w) for w in words[:count]])
        if parts:
            said = [_written(part, words) for part in parts]
            yield score + 0.01 * count, " ".join([*said, *words[count:]])


def _cut(letters: str, words: Sequence[str]) -> tuple[float, list[str]]:
    """The cut of the letters that sounds most like the words, and how much (0 to 1)."""
    if len(words) == 1:
        return likeness(letters, words[0]), [letters]
    best: tuple[float, list[str]] = (0.0, [])
    for at in range(2, len(letters) - 1):
        rest, parts = _cut(letters[at:], words[1:])
        if not parts:
            continue
        score = (likeness(letters[:at], words[0]) + rest * (len(words) - 1)) / len(words)
        if score > best[0]:
            best = (score, [letters[:at], *parts])
    return best


def _best(part: str, heard: Sequence[str]) -> float:
    return max((likeness(part, word) for word in heard), default=0.0)


def _with_initial(letter: str, heard: Sequence[str]) -> str | None:
    fitting = [word for word in heard if word[:1].casefold() == letter]
    return _usual(fitting) if fitting else None


def _usual(heard: Sequence[str]) -> str:
    """The one that is most like all of them."""
    return max(heard, key=lambda word: sum(likeness(word, other) for other in heard))


def _written(part: str, heard: Sequence[str]) -> str:
    """In the caller's own writing ("O'Brien") where the letters are the same."""
    same = (word for word in heard if _plain(word) == _plain(part))
    return next(same, part[:1].upper() + part[1:])


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isascii() and c.isalnum())
