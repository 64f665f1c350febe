"""Where a national phone number belongs: what the caller says of it, and what is known of them.

"Oh two oh seven nine four six oh nine five eight in the UK" is no American number. A zone or an
address under .uk is a hint as well; the number is read back with its country's code in any case.
"""

from __future__ import annotations

from flows.capture.english.places import COUNTRIES
from flows.capture.model import Surroundings
from flows.capture.speech import phrase_at, phrases
from flows.capture.tokens import Heard

_COUNTRIES = phrases(COUNTRIES)
# Endings that are sold to everybody, or that are no country's region for phones.
_ANYBODYS = frozenset(
    {"ai", "io", "co", "me", "tv", "cc", "ly", "fm", "to", "gg", "ag", "so", "am"}
)


def region_said(heard: Heard) -> str | None:
    """The region of a country or a city that is named beside the number."""
    tokens = heard.tokens
    for at in range(len(tokens)):
        length = phrase_at(tokens, at, _COUNTRIES)
        if length:
            return COUNTRIES[" ".join(t.low for t in tokens[at : at + length] if not t.is_sign)]
    return None


def region_known(around: Surroundings) -> str | None:
    """The region of the caller's time zone, or of their address; None where that is the call's."""
    found = _ZONES.get(around.caller_zone or "")
    if found is None and around.email:
        ending = around.email.rpartition(".")[2]
        if len(ending) == 2 and ending not in _ANYBODYS:
            found = {"uk": "GB"}.get(ending, ending.upper())
    return found if found != around.region else None


_ZONES = {
    "Europe/London": "GB", "Europe/Dublin": "IE", "Europe/Berlin": "DE", "Europe/Paris": "FR",
    "Europe/Madrid": "ES", "Europe/Lisbon": "PT", "Europe/Rome": "IT", "Europe/Amsterdam": "NL",
    "Europe/Brussels": "BE", "Europe/Zurich": "CH", "Europe/Vienna": "AT", "Europe/Warsaw": "PL",
    "Europe/Prague": "CZ", "Europe/Stockholm": "SE", "Europe/Oslo": "NO",
    "Europe/Copenhagen": "DK", "Europe/Helsinki": "FI", "Asia/Kolkata": "IN", "Asia/Tokyo": "JP",
    "Asia/Singapore": "SG", "Asia/Hong_Kong": "HK", "Asia/Shanghai": "CN", "Asia/Seoul": "KR",
    "Australia/Sydney": "AU", "Australia/Melbourne": "AU", "Australia/Brisbane": "AU",
    "Australia/Perth": "AU", "Pacific/Auckland": "NZ", "Asia/Jerusalem": "IL",
}  # fmt: skip
