"""English."""

from __future__ import annotations

import re
from typing import Any

from flows.capture import Kind
from flows.phrases.english_recording import recording_wish
from flows.phrases.interface import RecordingWish, RepairStep

_ROBOT = re.compile(
    r"\b(are|r) (you|u|this|we|i)\b.{0,30}\b(robot|bot|human|machine|computer|a\.? ?i\.?|real"
    r"|person|automated|recording|artificial)\b"
    r"|\b(talking|speaking|chatting) (to|with) (a|an) (robot|bot|human|machine|computer|a\.?i\.?"
    r"|real|person|automated)\b"
    r"|\bis (this|it|that) (a|an) (robot|bot|machine|computer|a\.?i\.?|real person|human"
    r"|automated)\b",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"\b(who(?: am i|'m i)? (?:speaking|talking)|who(?: is|'s) this|who are you\b(?! with)"
    r"|what(?: is|'s) your name)",
    re.IGNORECASE,
)
_RECORDED = re.compile(
    r"\b(is|are|will|do|does|am) (this|it|we|you|the call|our call|that|i)\b"
    r".{0,20}\b(record|recorded|recording|taped|taping)\b",
    re.IGNORECASE,
)
_QUESTION_WORDS = re.compile(
    r"^(?:(?:um|uh|so|and|but|well|okay|ok|hey|sorry|actually|first|wait|one question|by the way)"
    r"[,. ]+)*(?:what|who|where|when|why|how|which|whose|do you|does|did you|are you|is (?:this|it|"
    r"there|that|your)|can you|could you|can i|could i|may i|will you|would you|have you|tell me"
    r"|what's|who's|how's|where's)\b",
    re.IGNORECASE,
)
_WONDERING = re.compile(
    r"\b(i was wondering|i'm wondering|i wonder|can you tell me|could you tell me"
    r"|i have a question|i'd like to know|do you know|tell me)\b",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"\b(actually|correction|i meant|i mean|make that|change (?:that|it|my|the)|sorry"
    r"|not \w+|no\b|nope|wrong|instead|rather|scratch that|let me correct|update|new number"
    r"|i misspoke|should be|it's really|wait)\b",
    re.IGNORECASE,
)
_OBJECTS = re.compile(
    r"^(?:(?:um|uh|er|oh|ah|well|sorry|wait|hmm|hm|actually|hang on)[,. ]+)*"
    r"(?:no+(?! (?:more|less|later|longer|fewer|earlier|sooner|rush|problem)\b)|nope|nah"
    r"|not(?! (?:more|less|later|over|above|before|under|just)\b)|wrong|actually"
    r"|i said|i meant|that's (?:not|wrong)|that is (?:not|wrong)"
    r"|that isn't|it's not|incorrect|correction|sorry|wait|almost|not quite)\b",
    re.IGNORECASE,
)
_OBJECTION = re.compile(
    r"^(?:(?:um|uh|er|oh(?! (?:\d|oh|one|two|three|four|five|six|seven|eight|nine|double|triple))"
    r"|ah|well|sorry|wait|hmm|hm|hang on|seriously|ugh|oh come on|come on"
    r"|no+(?! (?:more|less|later|longer|fewer|earlier|sooner)\b)"
    r"|nope|nah|not (?:quite|exactly|really|right)|almost|wrong|actually|incorrect|correction"
    r"|i already told you|i (?:said|meant)|that's (?:not (?:right|it|correct)|wrong)"
    r"|that is (?:not right|wrong)|that isn't (?:right|it))\b(?![-@_]|\.\w)[,. !]*)+"
    r"(?:(?:it's|it is|it should be|that's|make that|the name is)\b[, ]*)?",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"\b(?:it's|it is|should be|make that|the name is)\b[, ]*$"
    r"|\bnot (?:quite|exactly|really|right)\b|\b(?:wrong|incorrect|almost|isn't)\b|\btold you\b"
    r"|\bi (?:said|meant)\b",
    re.IGNORECASE,
)
_SOUNDS = re.compile(r"(?:(?:uh|um|huh|eh|mm|hm+|er|oh|ah|the|a|it's|yes|yeah|yep)\W*)+", re.I)
_BYE_IN_A_WORD = re.compile(r"\bbye-(?!bye\b)\w|\b(?!(?:bye|good)-)\w+-bye\b|\bmaybe bye\b", re.I)
_NAMED = {
    Kind.PHONE: re.compile(
        r"\b(?:my|the|phone|cell|mobile|work|office) (?:\w+ )?number\b"
        r"|\bmy (?:phone|cell|mobile)\b",
        re.I,
    ),
    Kind.EMAIL: re.compile(r"\be-?mail\b", re.I),
    Kind.NAME: re.compile(r"\b(?:my|first|last|sur) ?name\b", re.I),
    Kind.COMPANY: re.compile(r"\b(?:company|business|firm|employer)\b", re.I),
    Kind.MONEY: re.compile(r"\b(?:budget|dollars|spend|euros|thousand|grand|million)\b", re.I),
    Kind.COUNT: re.compile(r"\b(?:people|users|team|seats|of us)\b", re.I),
    Kind.DATETIME: re.compile(r"\b(?:meeting|call me|o'clock|[ap]\.?m\b|appointment)", re.I),
    Kind.DATE: re.compile(r"\b(?:timeline|deadline|go live|start)\b", re.I),
}
_ONLY_OPENS = re.compile(
    r"^(?:ok|okay|right|alright|all right|well|so|sure|actually|oh)\b[,. ]+(?:so |and |actually )?"
    r"(?:my|it's|the|here's|i'm|you can reach|our|we|that's [a-z] (?:as|for|like|dot|at) )",
    re.IGNORECASE,
)
_DETERMINER = r"\b(?:my|our|the|any|an?|your|that|this|about|share|give|of)"
_RATE = re.compile(
    r"^[ ,.]*(?:dollars?|bucks|euros?|pounds?|people|users)?[ ,]*"
    r"(?:(?:a|an|per|each|every|the)[ ])?"
    r"(?:\b(?:year|month|week|quarter|annum|yearly|monthly|annually)\b)?",
    re.IGNORECASE,
)
_ENDS_IT = re.compile(
    r"\b(no|nope|nothing|nah|that's (?:all|it|everything)|that is all|all good|i'm good|we're good"
    r"|all set|goodbye|bye|sounds good|perfect|great)\b",
    re.IGNORECASE,
)
_ASKS_FOR_A_YES = re.compile(
    r"(?:\b(?:is|are|was) (?:that|this|it|these|those|everything|all of (?:that|it))(?: all)?"
    r" (?:right|correct|ok|okay|good|accurate|it|so|what you said)"
    r"|\b(?:did|have|do|had) i (?:get|got|have|hear|heard|understand|understood|read|write|take)"
    r" ?(?:that|it|this|you|everything)?(?: all)?(?: down)?(?: right| correct| correctly)?"
    r"|\b(?:does|do) (?:that|this|it) (?:sound|look|seem)s? (?:right|good|correct|ok|okay)"
    r"|\bsounds? (?:right|good|correct)"
    r"|\b(?:can|could|would|will) you (?:please )?confirm(?: that| this| it)?(?: for me)?"
    r"|\b(?:right|correct|yes|ok|okay|isn't it|yes or no|is it))"
    r"(?:,? (?:please|then|now))?\?\W*$",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(r"^(?:sorry,[^.?!]*[.]\s+)", re.IGNORECASE)

_READBACK = {
    Kind.EMAIL: (
        "Let me read that back: {value}. Is that right?",
        "So the address is {value}, is that correct?",
        "Once more, to be sure: {value}. Yes or no?",
    ),
    Kind.PHONE: (
        "Let me read that back: {value}. Is that right?",
        "So the number is {value}, is that correct?",
        "Once more, to be sure: {value}. Yes or no?",
    ),
}
_READBACK_OTHER = (
    "I have {value}. Is that right?",
    "So that's {value}, correct?",
    "Once more, to be sure: {value}. Yes or no?",
)

_REPAIR = {
    (Kind.EMAIL, RepairStep.REST): "Got that so far. And the rest of the address?",
    (Kind.PHONE, RepairStep.REST): "Got that so far. And the rest of the number?",
    (Kind.EMAIL, RepairStep.BEFORE_AT): "Got that. And the part before the at sign?",
    (Kind.EMAIL, RepairStep.GO_ON): "Mm-hmm, go on, please?",
    (Kind.PHONE, RepairStep.GO_ON): "Mm-hmm, go on, please?",
    (Kind.EMAIL, RepairStep.AND_THEN): "I have that part. And what comes then?",
    (Kind.PHONE, RepairStep.AND_THEN): "I have those digits. And what comes then?",
    (Kind.EMAIL, RepairStep.LOCAL_PART): (
        "Sorry about that. Could you give me just the part before the at sign again?"
    ),
    (Kind.EMAIL, RepairStep.DOMAIN): (
        "Sorry about that. Could you give me just the part after the at sign again?"
    ),
    (Kind.PHONE, RepairStep.LAST_DIGITS): (
        "Sorry about that. Which part is wrong? The last four digits again, please?"
    ),
    (Kind.PHONE, RepairStep.DIGIT_BY_DIGIT): (
        "I'm sorry. Could you say the whole number again, one digit at a time?"
    ),
    (Kind.EMAIL, RepairStep.WORDS_FOR_LETTERS): (
        "I'm sorry. Could you spell the e-mail address with a word for each letter, "
        "like N as in November?"
    ),
    (Kind.PHONE, RepairStep.KEYPAD): (
        "I'm sorry, I still don't have it right. Could you type the phone number on your keypad, "
        "or in the chat?"
    ),
    (Kind.EMAIL, RepairStep.TYPED): (
        "I'm sorry, I still don't have it right. Could you type the e-mail address in the chat, "
        "or say it once more?"
    ),
}


_EXAMPLES = {
    "a": "apple", "b": "boy", "c": "cat", "d": "dog", "e": "echo", "f": "frank", "g": "george",
    "h": "hotel", "i": "india", "j": "john", "k": "king", "l": "larry", "m": "mary", "n": "nancy",
    "o": "orange", "p": "peter", "q": "queen", "r": "robert", "s": "sam", "t": "tom",
    "u": "uniform", "v": "victor", "w": "william", "x": "x-ray", "y": "yellow", "z": "zebra",
}  # fmt: skip


class English:
    take_your_time = "Of course, take your time."
    sorry = "Sorry about that."
    of_course = "Of course."
    goodbye = "Thank you, goodbye!"
    human_wanted = "Of course, I'll have a colleague call you."
    colleague_will_check = "No problem, a colleague will check that with you."
    not_known = "No problem."
    note_question = "The caller asked: {text}"

    def robot(self, persona: str, company: str) -> str:
        return f"I'm {persona}, an AI assistant at {company}, not a person."

    def recorded(self, recorded: bool) -> str:
        return "Yes, this call is recorded." if recorded else "No, this call isn't recorded."

    def recording_wish(self, text: str) -> RecordingWish | None:
        return recording_wish(text)

    def recording_noted(self, recorded: bool, *, allowed: bool) -> str:
        if not recorded:
            return "No worries, this call isn't recorded."
        if allowed:
            return "Thank you."
        return "Understood, I've noted that you don't want to be recorded."

    def delete_recording(self) -> str:
        return "The caller objects to the recording: delete it."

    def without_address(self, text: str, persona: str) -> str:
        name = re.escape(persona)
        return re.sub(
            rf"\b((?:(?:nice|good|pleased|lovely) to meet you"
            rf"|hi|hello|hey|thanks|thank you|okay|ok|well|yes|no|sorry)[ ,]+)(?:there[ ,]+)?"
            rf"{name}\b",
            r"\1",
            text,
            flags=re.IGNORECASE,
        )

    def reason(self, why: str) -> str:
        return f"I'm asking {why}." if not why.endswith(".") else f"I'm asking {why}"

    def asks_if_robot(self, text: str) -> bool:
        return _ROBOT.search(text) is not None or _WHO.search(text) is not None

    def asks_if_recorded(self, text: str) -> bool:
        return _RECORDED.search(text) is not None

    def is_question(self, text: str) -> bool:
        text = text.strip()
        return (
            "?" in text
            or _QUESTION_WORDS.search(text) is not None
            or _WONDERING.search(text) is not None
        )

    def corrects(self, text: str) -> bool:
        return _CORRECTS.search(text) is not None

    def objects(self, text: str) -> bool:
        return _OBJECTS.search(text.strip()) is not None

    def without_objection(self, text: str) -> str:
        return _OBJECTION.sub("", text.strip()).strip(" ,.;")

    def contradicts(self, text: str) -> bool:
        objection = _OBJECTION.match(text.strip())
        return objection is not None and _INSTEAD.search(objection.group()) is not None

    def is_no_word(self, text: str) -> bool:
        return _SOUNDS.fullmatch(text.strip()) is not None or not self.without_objection(text)

    def is_no_goodbye(self, text: str) -> bool:
        return _BYE_IN_A_WORD.search(text) is not None

    def calls_by_name(self, text: str, label: str) -> bool:
        name = rf"{_DETERMINER} (?:\w+ )?{re.escape(label)}\b"
        return re.search(name, text, re.IGNORECASE) is not None

    def kinds_named(self, text: str) -> frozenset[Kind]:
        return frozenset(kind for kind, pattern in _NAMED.items() if pattern.search(text))

    def without_rate(self, text: str) -> str:
        return _RATE.sub("", text).strip(" ,.;")

    def only_opens(self, text: str) -> bool:
        return _ONLY_OPENS.search(text.strip()) is not None

    def ends_it(self, text: str) -> bool:
        return _ENDS_IT.search(text) is not None

    def readback(self, kind: Kind, spoken: str, nth: int) -> str:
        forms = _READBACK.get(kind, _READBACK_OTHER)
        return forms[min(nth, len(forms) - 1)].replace("{value}", spoken)

    def repair(self, kind: Kind, label: str, step: RepairStep) -> str:
        special = _REPAIR.get((kind, step))
        if special is not None:
            return special
        if step is RepairStep.WORDS_AGAIN:
            return (
                f"I nearly have it. Once more, please: could you spell the {label} slowly, "
                "with a word for each letter?"
            )
        if step in (RepairStep.SPELL, RepairStep.WORDS_FOR_LETTERS):
            return (
                f"Sorry, could you spell the {label} with a word for each letter, "
                "like N as in November?"
            )
        if step in (RepairStep.TYPED, RepairStep.KEYPAD):
            return f"I'm sorry. Could you type the {label} in the chat, or say it once more?"
        return f"Sorry about that. What is the right {label}?"

    def which_letter(self, one: str, other: str) -> str:
        first, second = (f"{c.upper()} as in {_EXAMPLES[c]}" for c in (one, other))
        return f"Sorry about that. Was that {first} or {second}?"

    def echo(self, spoken: str) -> str:
        return f"{spoken[:1].upper()}{spoken[1:]}, got it."

    def quoted(self, words: str) -> str:
        return f"You said: {words}. Got it."

    def asks_for_a_yes(self, question: str) -> bool:
        return _ASKS_FOR_A_YES.search(question.strip()) is not None

    def without_lead_in(self, question: str) -> str:
        """The question without the apology that its first wording carried."""
        return _LEAD_IN.sub("", question)

    def number(self, value: Any) -> str:
        return f"{value:,}" if isinstance(value, int) else str(value)


ENGLISH = English()
