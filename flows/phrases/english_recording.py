"""English: "please don't record this", "it's fine to record"."""

from __future__ import annotations

import re

from flows.phrases.interface import RecordingWish

_THIS = r"(?:this|me|us|the (?:call|conversation)|(?:this|my|our) (?:call|conversation|voice)|it)"
_RECORDED = (
    rf"(?:be(?:ing)? (?:record|tap)ed|(?:you )?record(?:ing)? {_THIS}"
    rf"|{_THIS} (?:to be |being )?recorded|you (?:to )?record(?: {_THIS})?"
    r"|(?:the|this|your|any|a) recording)"
)
_NOT = r"(?:do not|don't|dont|did not|didn't|never|not|am not|'m not|are not|'re not|won't|can't)"
_FINE = r"(?:fine|okay|ok|o\.?k\.?|alright|all right|good|happy|cool|comfortable|no problem)"
_FORBIDS = re.compile(
    rf"(?<!\bwe )(?<!\bthey )(?<!\bi )(?<!\bwhy )(?<!\byou )\b(?:do not|don't|dont|never) (?:you )?"
    rf"(?:dare )?(?:record|tape) {_THIS}\b(?! for)"
    rf"|\b(?:stop|quit|end|pause|switch off|turn off|shut off|delete|erase) (?:the |this |that "
    rf"|your )?(?:tape|recording(?: {_THIS})?)(?=\s*(?:$|[.,;!?]|please|now|right|or|and|i\b))"
    rf"|\b(?:turn|switch|shut) (?:the |that |this |your )?recording off\b"
    rf"|\b(?:i|we)\b.{{0,14}}\b{_NOT}\b.{{0,24}}\b(?:want|wish|like|agree|consent|{_FINE}|allow"
    rf"|permission|permit|be|to be)\b.{{0,24}}\b{_RECORDED}\b"
    rf"|\b(?:i|i'd|i would|we|we'd)\b.{{0,10}}\b(?:rather|prefer)\b.{{0,16}}"
    rf"\b(?:not|didn't|weren't|wasn't|don't|without)\b.{{0,16}}\brecord(?:ed|ing)?\b"
    rf"|\bi (?:object|refuse|decline|withdraw|take back|revoke)\b.{{0,24}}\brecord(?:ed|ing)?\b"
    rf"|\bnot (?:{_FINE}|allowed)\b.{{0,16}}\b{_RECORDED}"
    rf"|\b(?:no|without (?:a|the)) (?:recording|taping)(?=\s*(?:$|[.,;!]|please))",
    re.IGNORECASE,
)
_ALLOWS = re.compile(
    rf"\b(?:it's|it is|that's|that is|i'm|i am|we're|we are|totally|perfectly)\b"
    rf".{{0,14}}\b{_FINE}\b.{{0,16}}\b(?:(?:to|you) record|{_RECORDED})\b"
    rf"|\b(?:you (?:can|may)|feel free to|go ahead and|please do) record\b(?: {_THIS})?"
    rf"|\bi (?:agree|consent)\b.{{0,12}}\b{_RECORDED}\b"
    rf"|\b(?:i|we) (?:don't|do not) mind\b.{{0,16}}\b(?:{_RECORDED}|record(?:ing)?)\b"
    rf"|\b(?:i|we) have no (?:problem|objections?|issue)\b.{{0,12}}\brecord(?:ed|ing)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"(?<=[.!?;])\s+|,?\s+\b(?:but|and)\s+(?=(?:my|i'm|i am|this is|it's|the|we)\b)", re.I
)
_LONGEST_TEXT = 4_200


def recording_wish(text: str) -> RecordingWish | None:
    """What the words say about the recording; of several, a no counts and not a yes."""
    if "record" not in (low := text[:_LONGEST_TEXT].casefold()) and "tap" not in low:
        return None
    clauses = [c for c in _CLAUSE.split(text[:_LONGEST_TEXT].replace("’", "'")) if c.strip()]
    for pattern, allowed in ((_FORBIDS, False), (_ALLOWS, True)):
        said = [clause for clause in clauses if pattern.search(clause)]
        said = [c for c in said if not c.rstrip().endswith("?") or not allowed]
        if said:
            rest = " ".join(clause for clause in clauses if clause not in said)
            return RecordingWish(allowed=allowed, words=" ".join(said).strip(), rest=rest)
    return None
