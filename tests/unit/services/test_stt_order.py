"""Which recognisers there are, and in which order."""

from __future__ import annotations

import pytest

from bot.config import SettingsError, load_settings


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_ENV_FILE", "")
    for name in ("DEEPGRAM_API_KEY", "GROQ_API_KEY", "LEADLINE_STT_RUNGS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "order"),
    [
        ({}, ("local",)),
        ({"DEEPGRAM_API_KEY": "k"}, ("deepgram", "local")),
        ({"GROQ_API_KEY": "k", "DEEPGRAM_API_KEY": "k"}, ("deepgram", "groq", "local")),
        (
            {"GROQ_API_KEY": "k", "DEEPGRAM_API_KEY": "k", "LEADLINE_STT_RUNGS": "Groq, deepgram"},
            ("groq", "deepgram", "local"),
        ),
        ({"DEEPGRAM_API_KEY": "k", "LEADLINE_STT_RUNGS": "local"}, ("local",)),
    ],
)
def test_the_order_is_given_or_follows_the_keys(
    environment: dict[str, str], order: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert load_settings().stt_order == order


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("LEADLINE_STT_RUNGS", "deepgram", "LEADLINE_STT_RUNGS: deepgram needs DEEPGRAM_API_KEY"),
        ("LEADLINE_STT_RUNGS", "alexa", "LEADLINE_STT_RUNGS: 'alexa' is not known"),
        ("LEADLINE_STT_TIMEOUT_MIN_S", "9", "LEADLINE_STT_TIMEOUT_MIN_S: must not be over"),
    ],
)
def test_an_order_or_a_time_out_that_cannot_be_is_one_line(
    name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=message) as raised:
        load_settings()
    assert "\n" not in str(raised.value)
