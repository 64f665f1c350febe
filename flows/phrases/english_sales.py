"""English: the words of a summary for sales that state nothing by themselves.

A summary may use them, and the words of the lead. Whatever says something about a caller ("urgent",
"existing customer", "CFO", "she") is not here, and so must come from the lead.
"""

from __future__ import annotations

import re

_PLAIN = """
a an the this that these those it its they them their themselves who whom whose which what there
i we our us you your and or but so as at by for from in into of on onto off out over to toward with
within about around approximately roughly via per up through during before after until till when
where while then also too both each either all any some is are was were be been being am has have
having had do does did done can could will would may might should shall caller callers prospect lead
person contact company organisation organization business firm team user users people seat seats
need needs want wants wanted like likes look looks looking hope hopes wish ask asked say says said
tell told mention mentioned state stated give gave given provide provided share name named call
calls called calling phone number telephone e-mail email mail address reach reached reachable
available use uses used using help helps get gets software tool solution product service system
budget spend amount year yearly annual annually month monthly quarter once dollar dollars euro euros
pound pounds usd eur gbp timeline date deadline time day week place start begin go live end start
put set running in-place meeting appointment schedule scheduled plan planned planning agreed agree
agrees consent consented consents permission allow allowed decide decides decision decision-maker
maker final sign know known not no yes work works working representing represents based order
regarding concerning following next step steps point points score scored scoring qualified nurture
unqualified incomplete overall total between range least most down left open summary here
specialist colleague sales someone take takes make makes making made size sized count expect expects
expected expecting required require requires want it's they're there's that's who's caller's
least best good ready new other more one's under
"""
_ACTIONS = """
prepare hold book arrange confirm clarify check verify settle complete follow follow-up discuss
explain show talk write send offer invite remind review learn find agree call contact email
e-mail phone specialist colleague ask answer respond reply reach keep touch back suggest propose
present details information material questions topic agenda short intro introduction conversation
first quickly promptly soon
"""
STATUS = {
    "confirmed": ("confirmed", "verified", "double-checked"),
    "refused": ("refused", "declined", "withheld", "unwilling"),
    "unsettled": ("unknown", "unclear", "missing", "unsettled", "unconfirmed", "undecided", "tbd"),
}
"""Words that claim a status, and of which the fields beside them must have it."""
NEGATIONS = frozenset({
    "not", "no", "never", "without", "cannot", "can't", "don't", "doesn't", "didn't", "isn't",
    "aren't", "wasn't", "won't", "hasn't", "haven't", "nor", "neither", "none", "unable", "nobody",
    "nothing",
})  # fmt: skip
DISPOSITIONS = frozenset({"qualified", "nurture", "unqualified", "incomplete"})
CURRENCY_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP"}
CURRENCY_WORDS = {
    "dollar": "USD", "dollars": "USD", "usd": "USD", "bucks": "USD", "euro": "EUR",
    "euros": "EUR", "eur": "EUR", "pound": "GBP", "pounds": "GBP", "gbp": "GBP",
}  # fmt: skip
PERIODS = {
    "year": "year", "yearly": "year", "annual": "year", "annually": "year", "annum": "year",
    "month": "month", "monthly": "month", "once": "once", "one-time": "once", "week": "week",
    "weekly": "week", "quarter": "quarter", "quarterly": "quarter", "day": "day", "daily": "day",
}  # fmt: skip
PEOPLE = frozenset({"people", "users", "user", "seats", "seat", "employees", "persons", "person",
                    "members", "colleagues", "staff", "heads", "agents"})  # fmt: skip
DECIDING = re.compile(r"\b(?:decid\w*|decision\w*|sign(?:s|ed)? off|final say|authori\w+)\b", re.I)
CONSENTING = re.compile(
    r"\b(?:consent\w*|permission|agree[sd]? to (?:be|a)|(?:be|being) contacted|allow\w*)\b", re.I
)
BY_PHONE = frozenset({"call", "phone", "telephone", "ring"})
BY_EMAIL = frozenset({"email", "e-mail", "mail", "write", "send"})


def plain_words(*, action: bool) -> frozenset[str]:
    """The vocabulary, in lower case; `action`: with what one may be told to do."""
    return frozenset((_PLAIN + (_ACTIONS if action else "")).split())


def stem(word: str) -> str:
    """The word without its ending: "answers", "answered" and "answering" are one."""
    low = word.casefold().replace("’", "'").removesuffix("'s")
    for ending in ("ings", "ing", "ed", "es", "s", "ly"):
        if low.endswith(ending) and len(low) - len(ending) >= 3:
            low = low.removesuffix(ending)
            break
    if len(low) > 3 and low[-1] == low[-2]:
        low = low[:-1]
    return low.removesuffix("e") if len(low) > 3 else low
