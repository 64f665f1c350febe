"""Takes secrets and callers' data out of a text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

from pydantic import SecretStr

from bot.config import Settings

# Patterns below are bounded, and so is what they read: a log line must not hold up a call.
MAX_LENGTH = 2000
# A shorter secret would be found in ordinary words.
_MIN_SECRET_LENGTH = 4
_MIN_PHONE_DIGITS = 7
_MAX_PHONE_DIGITS = 15
# Shorter numbers without a separator are counts and sizes.
_MIN_BARE_PHONE_DIGITS = 10

_CREDENTIALS = (
    # A JSON web token, as LiveKit's.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), "[secret]"),
    (re.compile(r"(?i)\b(bearer|token|basic)(\s+)[\w.~+/=-]{8,}"), r"\1\2[secret]"),
    (
        re.compile(
            r"(?i)((?:api[_-]?key|secret|password|access_token|authorization)"
            r"['\"]?\s*[=:]\s*['\"]?)(?!\[secret\]|bearer|token|basic)[^\s'\",&;)}\]]+"
        ),
        r"\1[secret]",
    ),
    (re.compile(r"\bwhsec_[\w+/=-]{8,}"), "[secret]"),
    (re.compile(r"\b(sk|sk_proj|sk-proj)[-_][\w-]{12,}"), "[secret]"),
    (re.compile(r"(://[^/\s:@]*):[^/\s@]+@"), r"\1:[secret]@"),
)
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_NUMBER = re.compile(r"(?<![\w.:/-])\+?\(?\d(?:[\d ().-]*\d)(?![\w:])")
_IP_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?: \d{2})?")
# What libraries put into brackets or quotes is mostly what the caller or the bot has said.
_BRACKETED = re.compile(r"\[(.*)\]", re.DOTALL)
_QUOTED = re.compile(r"\"[^\"]*\s[^\"]*\"|(?<!\w)'[^']*\s[^']*'(?!\w)")
_SPEECH = re.compile(
    r"""(?isx)
    ( generating\ (?:tts|chat)[^\[{]{0,80}
    | not\ speaking\s{1,4}
    | transcri\w{0,12}[^:\[]{0,40}:\s{0,4}
    | ['"]?\b(?:text|word|transcript|content|value|data)\b['"]?\s{0,4}[:=]\s{0,4}
    | \bmessage:\s{0,4}(?=\{)  # A message to a page; what providers call so is their error.
    )
    (?: \[.*\] | \{.*\} | '.*' | ".*" )"""
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the secrets, without what looks like a credential, an e-mail address or a
    telephone number; long ones are cut."""
    for secret in secrets:
        text = text.replace(secret, "[secret]")
    text = shortened(text)
    for pattern, replacement in _CREDENTIALS:
        text = pattern.sub(replacement, text)
    text = _EMAIL.sub("[email]", text)
    return _NUMBER.sub(_hide_phone, text)


def shortened(text: str) -> str:
    """At most `MAX_LENGTH` characters of it, and how many there were besides."""
    if len(text) <= MAX_LENGTH:
        return text
    return f"{text[:MAX_LENGTH]} ... and {len(text) - MAX_LENGTH} characters"


def without_speech(text: str) -> str:
    """A library's message without the words it quotes, which may be a caller's."""
    text = shortened(text)
    text = _SPEECH.sub(lambda match: f"{match[1]}[{_length(match)}]", text)
    if "]" in text:
        text = _BRACKETED.sub(_hide_if_phrase, text, count=1)
    return _QUOTED.sub(lambda match: f"[{_length(match)}]", text)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every secret value in the settings, and the passwords inside URLs; the longest first."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str):
            continue
        if isinstance(value, SecretStr):
            found.add(text)
        if "://" in text:
            password = urlsplit(text).password
            found.update({password, unquote(password), quote(password)} if password else ())
    return tuple(
        sorted((secret for secret in found if len(secret) >= _MIN_SECRET_LENGTH), key=len)[::-1]
    )


def _hide_phone(match: re.Match[str]) -> str:
    text = match[0]
    digits = sum(character.isdigit() for character in text)
    if not _MIN_PHONE_DIGITS <= digits <= _MAX_PHONE_DIGITS:
        return text
    if _IP_ADDRESS.fullmatch(text) or _ISO_DATE.fullmatch(text):
        return text
    if text.isdigit() and digits < _MIN_BARE_PHONE_DIGITS:
        return text
    if text.count(".") == 1 and text.replace(".", "").isdigit():
        return text  # A decimal fraction.
    return "[phone]"


def _hide_if_phrase(match: re.Match[str]) -> str:
    is_phrase = any(character.isspace() for character in match[1])
    return f"[{_length(match)}]" if is_phrase else match[0]


def _length(match: re.Match[str]) -> str:
    return f"{len(match[0])} characters"
