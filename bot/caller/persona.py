"""Who calls: a persona from a YAML file, his true values and how he says them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import UsageError

_FOLDER = Path(__file__).parent / "personas"
DEFAULT_PERSONA = "daniel-carter"


class Speaker(BaseModel):
    """How the persona sounds: factors on the local voice's own pitch and speed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pitch: float = Field(1.1, ge=0.7, le=1.4)
    speed: float = Field(1.0, ge=0.5, le=2.0)


class Persona(BaseModel):
    """A caller. `truth` holds the values by field, `answers` what he says for a field.

    The second entry of an answer is what he says when asked again, and so on; the last one
    serves for all further times.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    about: str
    speaker: Speaker = Speaker()
    patience_s: float = Field(0.6, ge=0.1, le=5)
    """Silence of the bot after which he speaks."""
    truth: dict[str, Any]
    answers: dict[str, list[str]]
    agrees: str = "Yes, that's right."
    nothing_to_add: str = "No, that's all. Thank you."
    greets: str = "Hello!"
    here: str = "Yes, I'm here."
    lost: str = "Sorry, I don't know that."

    @property
    def title(self) -> str:
        """The persona's own name."""
        return str(self.truth.get("name", self.name))

    def answer(self, topic: str, nth: int) -> str:
        """What he says when asked for `topic` for the nth time, from 0."""
        forms = self.answers.get(topic)
        return forms[min(nth, len(forms) - 1)] if forms else self.lost


def load_persona(name_or_file: str) -> Persona:
    """A persona that comes with Leadline, by name, or one from a file.

    Raises:
        UsageError: if there is none of that name, or the file is not a persona.
    """
    known = personas()
    if name_or_file in known:
        path = _FOLDER / f"{name_or_file}.yaml"
    else:
        path = Path(name_or_file)
        if not path.is_file():
            raise UsageError(
                f"--persona {name_or_file}: no such persona or file; known are {', '.join(known)}"
            )
    try:
        return Persona.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--persona {path}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise UsageError(f"--persona {path}: not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(f"--persona {path}: {field}: {first['msg']}") from None


def personas() -> list[str]:
    """The names of the personas that come with Leadline."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


# Read-backs -------------------------------------------------------------------------------------

_DIGIT_WORDS = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_NATO_WORDS = (
    r"alpha|alfa|bravo|charlie|delta|echo|foxtrot|golf|hotel|india|juliett?|kilo|lima|mike|november"
    r"|oscar|papa|quebec|romeo|sierra|tango|uniform|victor|whiskey|x-?ray|yankee|zulu"
)


def read_back_is_true(text: str, persona: Persona) -> tuple[str | None, bool]:
    """Hold a read-back against the truth.

    Returns:
        The field that was read back (None if it cannot be told) and whether its value is right.
    """
    for topic, squash in (("email", squashed_email), ("phone", _squashed_digits)):
        true = persona.truth.get(topic)
        if true is None or not _looks_like(topic, text):
            continue
        return topic, squash(str(true)) in squash(text)
    flat = _flat(text)
    for topic, true in persona.truth.items():
        if isinstance(true, str) and _flat(true) in flat:
            return topic, True
    return None, False


def squashed_email(text: str) -> str:
    """An address as said or as written, in one form: no blanks, `@` and `.` as signs."""
    text = text.lower().replace("double u", "w")
    text = re.sub(r"\b([a-z]) as in [a-z]+\b", r"\1", text)
    text = re.sub(rf"\b({_NATO_WORDS})\b", lambda word: word[0][0], text)
    text = re.sub(r"\s+at\s+", "@", text)
    text = re.sub(r",?\s*\b(?:dot|period|point)\b,?\s*", ".", text)
    text = re.sub(r"\s*\b(?:dash|hyphen|minus)\b\s*", "-", text)
    text = re.sub(r"\s*\bunderscore\b\s*", "_", text)
    return re.sub(r"[\s,]+|(?<=\b[a-z])-(?=[a-z]\b)", "", text)


def _squashed_digits(text: str) -> str:
    words = re.sub(
        r"\b(?:" + "|".join(_DIGIT_WORDS) + r")\b", lambda m: _DIGIT_WORDS[m[0]], text.lower()
    )
    digits = re.sub(r"\D", "", words)
    return digits[-10:] if len(digits) >= 10 else digits


def _looks_like(topic: str, text: str) -> bool:
    if topic == "email":
        return bool(re.search(r"@|\baddress\b|\bdot\b|\be-?mail\b", text, re.IGNORECASE))
    return len(_squashed_digits(text)) >= 6


def _flat(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()
