"""One settings object: the providers' own names, and one clear line for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import Settings, SettingsError, load_settings, sqlalchemy_url


def failure(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIVEKIT_URL", "example.com"),
        ("LIVEKIT_URL", "ftp://example.com"),
        ("REDIS_URL", "localhost:6379"),
        ("DATABASE_URL", "mysql://localhost/leads"),
        ("LEADLINE_VAD_STOP_S", "soon"),
        ("LEADLINE_VAD_THRESHOLD", "1.5"),
        ("LEADLINE_NOW", "2026-03-05T10:00:00"),
        ("LEADLINE_TRANSPORT", "fax"),
        ("LEADLINE_LLM_MAX_TOKENS", "0"),
        ("LEADLINE_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = failure(monkeypatch, name, value)
    assert message.startswith(f"{name}: ")
    assert "\n" not in message


def test_a_secret_is_in_no_error_and_no_printed_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@db/leads")
    assert "sk-very-secret" not in repr(load_settings())
    assert "hunter2" not in repr(load_settings())
    monkeypatch.setenv("DATABASE_URL", "mysql://me:hunter2@db/leads")
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert "hunter2" not in str(error.value)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert load_settings().openai_api_key is None


def test_settings_are_read_from_a_dot_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("DEEPGRAM_API_KEY=from-file\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("LEADLINE_ENV_FILE", str(file))
    key = load_settings().deepgram_api_key
    assert key is not None
    assert key.get_secret_value() == "from-file"


def test_missing_livekit_settings_are_named_with_the_remedy() -> None:
    with pytest.raises(SettingsError, match="LIVEKIT_API_KEY, LIVEKIT_API_SECRET") as error:
        load_settings(livekit_url="ws://localhost:7880").require_livekit()
    assert "--transport webrtc" in str(error.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p@h:5432/d", "postgresql+psycopg://u:p@h:5432/d"),
        ("postgresql://h/d", "postgresql+psycopg://h/d"),
        ("postgresql://u@/d?host=/run/pg", "postgresql+psycopg://u@/d?host=%2Frun%2Fpg"),
        ("sqlite:////tmp/leads.db", "sqlite+aiosqlite:////tmp/leads.db"),
    ],
)
def test_any_usual_database_url_is_understood(url: str, expected: str) -> None:
    assert sqlalchemy_url(url) == expected


def test_the_defaults_of_the_chain() -> None:
    settings = Settings(_env_file=None)
    assert settings.openai_model == "gpt-4o-mini"
    assert settings.llm_temperature == 0.3
    assert settings.llm_max_tokens == 300
    assert settings.vad_confidence == 0.5
