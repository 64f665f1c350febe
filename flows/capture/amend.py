"""Corrections of a value that is known: "with a K", "the last digit is nine", "dot org not com"."""

from __future__ import annotations

from flows.capture.model import Candidate, Kind, Surroundings, Utterance, Value


def amend(
    kind: Kind, value: object, utterance: Utterance, around: Surroundings
) -> Candidate | None:
    """The value with what the caller corrects in it, or None where nothing is to be corrected."""
    del kind, value, utterance, around
    return None
