"""English: the words by which consent is given and refused, and none that says who spoke."""

from __future__ import annotations

from functools import cache

from flows.capture.english.answers import DO_NOT_CONTACT, NO, POLITE, YES
from flows.capture.english.decisions import CONSENTS, REFUSES_CONSENT

_RECORDING = ("please do not don't stop turn off record recording recorded being to this the call "
              "conversation object consent agree rather not want wish comfortable fine with me i "
              "i'd i'm would prefer no yes mind may can could you we are is it")  # fmt: skip
_NAMES = {"roger", "mate", "guys", "dear", "sir", "madam", "ma'am"}
"""They could be, or say something about, a person."""


@cache
def consent_words() -> frozenset[str]:
    """The vocabulary, in lower case."""
    phrases = (*YES, *NO, *POLITE, *DO_NOT_CONTACT, *CONSENTS, *REFUSES_CONSENT, _RECORDING)
    words = {word for phrase in phrases for word in phrase.casefold().split()}
    return frozenset(w for w in words if not any(c.isdigit() for c in w)) - _NAMES
