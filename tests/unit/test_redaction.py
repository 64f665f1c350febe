"""What never gets into a log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Settings
from bot.telemetry.redaction import MAX_LENGTH, redact, secrets_of, without_speech


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("mail jane.doe+x@acme.co.uk now", "mail [email] now"),
        ("call +1 (415) 555-0134 now", "call [phone] now"),
        ("call 415.555.0134", "call [phone]"),
        ("call 4155550134", "call [phone]"),
        ("+442071838750 it is", "[phone] it is"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [secret]"),
        ("xi-api-key=abc123, next", "xi-api-key=[secret], next"),
        ("{'api_key': 'abc123'}", "{'api_key': '[secret]'}"),
        ("key sk-proj-abcdefghijklmnop!", "key [secret]!"),
        ("postgresql://bob:hunter2@db/x", "postgresql://bob:[secret]@db/x"),
        (
            "GET /rtc?access_token=eyJhbGciOi.eyJpc3Mi.sig-x&v=1",
            "GET /rtc?access_token=[secret]&v=1",
        ),
        ("jwt eyJhbGciOi.eyJpc3Mi.sig-x", "jwt [secret]"),
    ],
)
def test_credentials_and_contact_data_are_replaced(text: str, clean: str) -> None:
    assert redact(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "listening on 127.0.0.1:7880",
        "node 192.168.100.200 answered",
        "at 2026-03-05 10:30:12",
        "took 1234.56789012 s",
        "read 12345678 bytes",
        "call 6f1c2a34-91d0-4f0e-8d0e-0a1b2c3d4e5f began",
        "room demo-2026-11-22 is open",
        "PIPELINE#0 started, 16000 Hz, 1 channel",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redact(text) == text


def test_the_settings_secrets_are_found_wherever_they_stand() -> None:
    settings = Settings(
        OPENAI_API_KEY="oa-key-1",
        LIVEKIT_API_SECRET="lk-secret",
        DATABASE_URL="postgresql://bob:p%40ss@db/x",
        REDIS_URL="redis://:redispw@cache:6379/0",
    )
    secrets = secrets_of(settings)
    text = "oa-key-1 lk-secret p%40ss p@ss redispw postgresql://bob:p%40ss@db/x"
    clean = redact(text, secrets)
    for secret in ("oa-key", "lk-secret", "p@ss", "p%40ss", "redispw"):
        assert secret not in clean


@given(st.from_regex(r"[a-z]{1,12}@[a-z]{1,12}\.(com|org|io)", fullmatch=True), st.text(max_size=9))
def test_no_email_address_survives_whatever_stands_around_it(email: str, around: str) -> None:
    assert email not in redact(f"{around} {email} {around}")


@pytest.mark.parametrize(
    "text",
    [
        "DeepgramSTTService#0: Transcription: [Jane]",
        "ElevenLabsTTSService#0: Generating TTS [Thanks, Jane Doe.]",
        "service is no longer usable, not speaking [Thanks Jane]",
        "OpenAILLMService#0: Generating chat from context [{'role': 'user', 'content': 'Jane'}]",
        "TranscriptionFrame#1(user: x, text: [Jane], language: en)",
        "Partial transcript: [I am Jane]",
        "Caught 'my name is Jane' in between",
        "appending audio WordTimestamp(word='Jane', timestamp=1.06) to audio context",
        "Pushing Frame#1(message: {'type': 'tts', 'data': {'text': 'Jane'}}) to Pipeline#0",
        'TTSTextFrame#2(text: "Jane\'s", pts: 1)',
        'Unhandled message "I am Jane"',
    ],
)
def test_what_a_library_quotes_is_speech(text: str) -> None:
    clean = without_speech(text)
    assert "Jane" not in clean
    assert clean.split(":")[0].split("[")[0].split("'")[0].split('"')[0].strip()


@pytest.mark.parametrize(
    "text",
    [
        "Setting voice to: [rachel]",
        "Linking PipelineSource#0 -> VAD[0]",
        "it's up, isn't it",
        "error {'message': 'refused'}",
    ],
)
def test_what_is_no_phrase_stays(text: str) -> None:
    assert without_speech(text) == text


@pytest.mark.parametrize("piece", ["[", "transcri", "api_key", "a@", "a.", "text: '", '"x y', "1 "])
def test_the_cleaning_of_a_hostile_message_stays_short(piece: str) -> None:
    long = piece * 100_000
    assert len(redact(without_speech(long))) < MAX_LENGTH + 200


def test_the_end_of_a_long_message_is_counted_not_kept() -> None:
    assert redact("x" * (MAX_LENGTH + 7)).endswith("x ... and 7 characters")
