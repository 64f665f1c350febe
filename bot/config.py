"""One settings object, read once at start from the environment and `.env`, and validated whole.

The providers keep their own variable names; ours begin with `LEADLINE_`. A missing, malformed
or contradictory setting is a `SettingsError` of one line that names it and says what to do.
"""

from __future__ import annotations

import os
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.delivery.addresses import (
    AllowedPrivate,
    WebhookAddress,
    parse_allowed_private,
    parse_webhooks,
)
from bot.errors import UsageError

TransportName = Literal["livekit", "daily", "webrtc"]
LogLevel = Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"]

TTS_FALLBACKS = ("openai", "google", "azure", "deepgram", "cartesia")

_URL_SCHEMES: dict[str, tuple[str, ...]] = {
    "livekit_url": ("ws", "wss", "http", "https"),
    "livekit_public_url": ("ws", "wss", "http", "https"),
    "deepgram_base_url": ("ws", "wss", "http", "https"),
    "openai_base_url": ("http", "https"),
    "anthropic_base_url": ("http", "https"),
    "llm_fallback_url": ("http", "https"),
    "elevenlabs_base_url": ("ws", "wss", "http", "https"),
    "daily_api_url": ("http", "https"),
    "redis_url": ("redis", "rediss", "unix"),
}


class SettingsError(UsageError):
    """A setting is missing, malformed or contradictory: one line for the user, exit code 2."""


class Settings(BaseSettings):
    """All settings. Durations are in seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        populate_by_name=True,
        frozen=True,
    )

    # LiveKit
    livekit_url: str | None = Field(None, validation_alias="LIVEKIT_URL")
    livekit_api_key: str | None = Field(None, validation_alias="LIVEKIT_API_KEY")
    livekit_api_secret: SecretStr | None = Field(None, validation_alias="LIVEKIT_API_SECRET")

    livekit_public_url: str | None = Field(
        None,
        validation_alias="LEADLINE_LIVEKIT_PUBLIC_URL",
        description="LiveKit as browsers reach it, where that is not LIVEKIT_URL.",
    )
    agent_name: str = Field(
        "leadline",
        validation_alias="LEADLINE_AGENT_NAME",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="What workers are called by in LiveKit's dispatches.",
    )

    # The fleet
    worker_max_calls: int = Field(
        8,
        ge=1,
        le=1000,
        validation_alias="LEADLINE_WORKER_MAX_CALLS",
        description="Calls at once on one worker; each has a process.",
    )
    worker_idle_processes: int = Field(
        2,
        ge=0,
        le=100,
        validation_alias="LEADLINE_WORKER_IDLE_PROCESSES",
        description="Processes that wait warm for a call.",
    )
    worker_drain_timeout_s: float = Field(
        1800.0, ge=1, validation_alias="LEADLINE_WORKER_DRAIN_TIMEOUT_S"
    )
    worker_host: str = Field("127.0.0.1", validation_alias="LEADLINE_WORKER_HOST")
    worker_port: int = Field(
        8081,
        ge=0,
        le=65535,
        validation_alias="LEADLINE_WORKER_PORT",
        description="The worker's health check; 0 takes any free port.",
    )

    # Daily
    daily_api_key: SecretStr | None = Field(None, validation_alias="DAILY_API_KEY")
    daily_api_url: str = Field("https://api.daily.co/v1", validation_alias="DAILY_API_URL")

    # Speech to text
    deepgram_api_key: SecretStr | None = Field(None, validation_alias="DEEPGRAM_API_KEY")
    deepgram_base_url: str | None = Field(None, validation_alias="DEEPGRAM_BASE_URL")
    deepgram_model: str = Field("nova-3-general", validation_alias="DEEPGRAM_MODEL")

    groq_api_key: SecretStr | None = Field(None, validation_alias="GROQ_API_KEY")
    stt_rungs: str | None = Field(
        None,
        validation_alias="LEADLINE_STT_RUNGS",
        description="The recognisers in order; `local` is always the last.",
    )
    stt_timeout_min_s: float = Field(
        0.8, ge=0.2, le=10, validation_alias="LEADLINE_STT_TIMEOUT_MIN_S"
    )
    stt_timeout_max_s: float = Field(
        1.2,
        ge=0.2,
        le=10,
        validation_alias="LEADLINE_STT_TIMEOUT_MAX_S",
        description="With the next recogniser's time, less than LEADLINE_NO_TRANSCRIPT_TIMEOUT_S.",
    )
    stt_hedge_ratio: float = Field(
        0.4,
        gt=0,
        le=1,
        validation_alias="LEADLINE_STT_HEDGE_RATIO",
        description="The part of the time-out after which the next recogniser listens as well.",
    )

    # LLM
    openai_api_key: SecretStr | None = Field(None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(None, validation_alias="OPENAI_BASE_URL")
    openai_model: str = Field("gpt-4o-mini", validation_alias="OPENAI_MODEL")
    anthropic_api_key: SecretStr | None = Field(None, validation_alias="ANTHROPIC_API_KEY")
    anthropic_base_url: str | None = Field(None, validation_alias="ANTHROPIC_BASE_URL")
    anthropic_model: str = Field("claude-haiku-4-5", validation_alias="ANTHROPIC_MODEL")
    llm_fallback_url: str | None = Field(None, validation_alias="LEADLINE_LLM_FALLBACK_URL")
    llm_fallback_model: str = Field("llama3.2", validation_alias="LEADLINE_LLM_FALLBACK_MODEL")
    llm_fallback_key: SecretStr | None = Field(None, validation_alias="LEADLINE_LLM_FALLBACK_KEY")
    llm_temperature: float = Field(0.3, ge=0, le=2, validation_alias="LEADLINE_LLM_TEMPERATURE")
    llm_max_tokens: int = Field(300, ge=16, le=4096, validation_alias="LEADLINE_LLM_MAX_TOKENS")

    # Text to speech
    elevenlabs_api_key: SecretStr | None = Field(None, validation_alias="ELEVENLABS_API_KEY")
    elevenlabs_voice_id: str = Field(
        "21m00Tcm4TlvDq8ikWAM", validation_alias="ELEVENLABS_VOICE_ID", min_length=1
    )
    elevenlabs_base_url: str | None = Field(None, validation_alias="ELEVENLABS_BASE_URL")
    elevenlabs_model: str = Field("eleven_flash_v2_5", validation_alias="ELEVENLABS_MODEL")
    tts_fallback_names: str | None = Field(
        None,
        validation_alias="LEADLINE_TTS_FALLBACKS",
        description="Hosted voices between ElevenLabs and the local one, e.g. openai,deepgram.",
    )
    cartesia_api_key: SecretStr | None = Field(None, validation_alias="CARTESIA_API_KEY")
    cartesia_voice_id: str | None = Field(None, validation_alias="CARTESIA_VOICE_ID")
    google_credentials: Path | None = Field(
        None,
        validation_alias="GOOGLE_APPLICATION_CREDENTIALS",
        description="A service account's JSON file.",
    )
    google_voice: str | None = Field(None, validation_alias="GOOGLE_TTS_VOICE")
    azure_speech_key: SecretStr | None = Field(None, validation_alias="AZURE_SPEECH_KEY")
    azure_speech_region: str | None = Field(None, validation_alias="AZURE_SPEECH_REGION")
    azure_speech_voice: str | None = Field(None, validation_alias="AZURE_SPEECH_VOICE")

    # State and history
    redis_url: str | None = Field(None, validation_alias="REDIS_URL")
    database_url: SecretStr | None = Field(None, validation_alias="DATABASE_URL")
    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("leadline")),
        validation_alias="LEADLINE_DATA_DIR",
    )

    consent_key: SecretStr | None = Field(
        None,
        min_length=16,
        validation_alias="LEADLINE_CONSENT_KEY",
        description="Hashes addresses and numbers in the consent ledger; the same on all workers.",
    )

    # Delivery
    webhook_url: SecretStr | None = Field(
        None,
        validation_alias="LEADLINE_WEBHOOK_URL",
        description="One or more, with commas between them; such URLs often carry a token.",
    )
    webhook_secret: SecretStr | None = Field(None, validation_alias="LEADLINE_WEBHOOK_SECRET")
    webhook_timeout_s: float = Field(
        10.0, ge=0.1, le=120, validation_alias="LEADLINE_WEBHOOK_TIMEOUT_S"
    )
    webhook_allow_private: str = Field("false", validation_alias="LEADLINE_WEBHOOK_ALLOW_PRIVATE")
    delivery_csv: Path | None = Field(None, validation_alias="LEADLINE_DELIVERY_CSV")
    delivery_jsonl: Path | None = Field(None, validation_alias="LEADLINE_DELIVERY_JSONL")
    delivery_crm: str | None = Field(
        None,
        validation_alias="LEADLINE_DELIVERY_CRM",
        description="Names of installed targets, with commas between them.",
    )
    delivery_retry_first_s: float = Field(
        2.0, gt=0, le=3600, validation_alias="LEADLINE_DELIVERY_RETRY_FIRST_S"
    )
    delivery_retry_longest_s: float = Field(
        14_400.0, gt=0, le=86_400, validation_alias="LEADLINE_DELIVERY_RETRY_LONGEST_S"
    )
    delivery_max_attempts: int = Field(
        30, ge=1, le=10_000, validation_alias="LEADLINE_DELIVERY_MAX_ATTEMPTS"
    )
    delivery_max_age_s: float = Field(
        259_200.0, gt=0, validation_alias="LEADLINE_DELIVERY_MAX_AGE_S"
    )

    # The HTTP API, and how many calls are taken
    api_keys: str | None = Field(
        None,
        validation_alias="LEADLINE_API_KEYS",
        description="NAME=SCOPE+SCOPE=HASH, ...; `leadline web key` makes one.",
    )
    web_demo: bool = Field(
        False,
        validation_alias="LEADLINE_WEB_DEMO",
        description="The page at / lets everybody who can open it talk to the bot.",
    )
    calls_per_minute: int = Field(
        60, ge=1, le=100_000, validation_alias="LEADLINE_CALLS_PER_MINUTE"
    )
    concurrent_calls: int = Field(
        50, ge=1, le=100_000, validation_alias="LEADLINE_CONCURRENT_CALLS"
    )
    calls_per_minute_per_phone: int = Field(
        5, ge=1, le=100_000, validation_alias="LEADLINE_CALLS_PER_MINUTE_PER_PHONE"
    )
    concurrent_calls_per_phone: int = Field(
        2, ge=1, le=100_000, validation_alias="LEADLINE_CONCURRENT_CALLS_PER_PHONE"
    )

    # The conversation
    transport: TransportName = Field("livekit", validation_alias="LEADLINE_TRANSPORT")
    playbook: str = Field("b2b-software", validation_alias="LEADLINE_PLAYBOOK")
    recorded: bool = Field(
        False,
        validation_alias="LEADLINE_RECORDED",
        description="The call is recorded: the greeting says so before any question.",
    )
    now: datetime | None = Field(None, validation_alias="LEADLINE_NOW")
    no_caller_timeout_s: float = Field(60.0, gt=0, validation_alias="LEADLINE_NO_CALLER_TIMEOUT_S")
    idle_timeout_s: float = Field(8.0, gt=0, validation_alias="LEADLINE_IDLE_TIMEOUT_S")
    rejoin_grace_s: float = Field(10.0, ge=0, validation_alias="LEADLINE_REJOIN_GRACE_S")
    max_call_s: float = Field(1800.0, gt=0, validation_alias="LEADLINE_MAX_CALL_S")
    max_turns: int = Field(
        200, ge=1, validation_alias="LEADLINE_MAX_TURNS", description="The bot's turns in a call."
    )
    max_tokens: int = Field(
        500_000,
        ge=1,
        validation_alias="LEADLINE_MAX_TOKENS",
        description="Tokens of the LLM in a call, prompts included.",
    )
    max_usd: float = Field(5.0, gt=0, validation_alias="LEADLINE_MAX_USD")

    # Voice activity and end of turn
    vad_confidence: float = Field(0.5, gt=0, le=1, validation_alias="LEADLINE_VAD_THRESHOLD")
    vad_start_s: float = Field(0.2, ge=0.03, le=2, validation_alias="LEADLINE_VAD_START_S")
    vad_stop_s: float = Field(0.2, ge=0.03, le=5, validation_alias="LEADLINE_VAD_STOP_S")
    vad_padding_s: float = Field(0.4, ge=0, le=2, validation_alias="LEADLINE_VAD_PADDING_S")
    incomplete_turn_hold_s: float = Field(
        1.2,
        ge=0.2,
        le=10,
        validation_alias="LEADLINE_INCOMPLETE_TURN_HOLD_S",
        description="How long to wait when the end-of-turn model says the caller goes on.",
    )
    no_transcript_timeout_s: float = Field(
        3.0, ge=0.5, le=30, validation_alias="LEADLINE_NO_TRANSCRIPT_TIMEOUT_S"
    )
    first_token_floor_s: float = Field(
        1.0, ge=0.1, le=30, validation_alias="LEADLINE_FIRST_TOKEN_FLOOR_S"
    )
    first_token_timeout_s: float = Field(
        1.3,
        ge=0.2,
        le=30,
        validation_alias="LEADLINE_FIRST_TOKEN_TIMEOUT_S",
        description="How long an LLM may be silent before the next one answers, at most.",
    )
    first_audio_floor_s: float = Field(
        0.7, ge=0.1, le=30, validation_alias="LEADLINE_FIRST_AUDIO_FLOOR_S"
    )
    first_audio_timeout_s: float = Field(
        0.9,
        ge=0.2,
        le=30,
        validation_alias="LEADLINE_FIRST_AUDIO_TIMEOUT_S",
        description="How long a voice may be silent before the next one speaks, at most.",
    )
    provider_concurrency: int = Field(
        32,
        ge=1,
        le=10_000,
        validation_alias="LEADLINE_PROVIDER_CONCURRENCY",
        description="Requests of this process that may be under way at one LLM or voice.",
    )
    vad_min_volume: float = Field(0.0, ge=0, le=1, validation_alias="LEADLINE_VAD_MIN_VOLUME")

    # Operation
    log_level: LogLevel = Field("INFO", validation_alias="LEADLINE_LOG_LEVEL")

    @field_validator(*_URL_SCHEMES, mode="after")
    @classmethod
    def _url_has_a_known_scheme(cls, value: str | None, info: Any) -> str | None:
        if value is None:
            return None
        schemes = _URL_SCHEMES[info.field_name]
        parts = urlsplit(value)
        if parts.scheme not in schemes or not (parts.netloc or parts.scheme == "unix"):
            raise ValueError(f"must be a URL that begins with {' or '.join(schemes)}://")
        return value

    @field_validator("database_url", mode="after")
    @classmethod
    def _database_is_one_we_speak(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            sqlalchemy_url(value.get_secret_value())
        return value

    @field_validator("tts_fallback_names", mode="after")
    @classmethod
    def _voices_are_known(cls, value: str | None) -> str | None:
        unknown = [name for name in _names(value) if name not in TTS_FALLBACKS]
        if unknown:
            raise ValueError(f"knows no voice {unknown[0]!r}, only {', '.join(TTS_FALLBACKS)}")
        return value

    @field_validator("now", mode="after")
    @classmethod
    def _now_has_an_offset(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("needs an offset, for example 2026-03-05T10:00:00-05:00")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _log_level_in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def tts_fallbacks(self) -> tuple[str, ...]:
        """The hosted voices below ElevenLabs, the best first."""
        return _names(self.tts_fallback_names)

    @model_validator(mode="after")
    def _time_outs_are_in_order(self) -> Self:
        if self.stt_timeout_min_s > self.stt_timeout_max_s:
            raise ValueError(
                "LEADLINE_STT_TIMEOUT_MIN_S: must not be over LEADLINE_STT_TIMEOUT_MAX_S"
            )
        return self

    @model_validator(mode="after")
    def _stt_rungs_have_their_keys(self) -> Self:
        known = ("deepgram", "groq", "local")
        for name in self.stt_order:
            if name not in known:
                raise ValueError(
                    f"LEADLINE_STT_RUNGS: {name!r} is not known; one of {', '.join(known)}"
                )
            if name != "local" and getattr(self, f"{name}_api_key") is None:
                raise ValueError(f"LEADLINE_STT_RUNGS: {name} needs {name.upper()}_API_KEY")
        return self

    @model_validator(mode="after")
    def _delivery_is_whole(self) -> Self:
        names = self.delivery_targets
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"LEADLINE_WEBHOOK_URL: another target is called {twice!r}, too")
        _ = self.allowed_private
        return self

    @cached_property
    def webhooks(self) -> tuple[WebhookAddress, ...]:
        """Where leads are posted to."""
        urls, secrets = self.webhook_url, self.webhook_secret
        return parse_webhooks(
            urls.get_secret_value() if urls else None,
            secrets.get_secret_value() if secrets and urls else None,
        )

    @cached_property
    def allowed_private(self) -> AllowedPrivate:
        """Which addresses that are not public a webhook may have."""
        return parse_allowed_private(self.webhook_allow_private)

    @cached_property
    def delivery_targets(self) -> tuple[str, ...]:
        """The names of everything that leads are delivered to."""
        files = {"csv": self.delivery_csv, "jsonl": self.delivery_jsonl}
        return (
            *(webhook.name for webhook in self.webhooks),
            *(name for name, path in files.items() if path is not None),
            *_names(self.delivery_crm),
        )

    @cached_property
    def stt_order(self) -> tuple[str, ...]:
        """The recognisers, the best first; the last one is always the local model."""
        if self.stt_rungs is not None:
            named = [name.strip().lower() for name in self.stt_rungs.split(",") if name.strip()]
        else:
            named = [n for n in ("deepgram", "groq") if getattr(self, f"{n}_api_key") is not None]
        return (*dict.fromkeys(name for name in named if name != "local"), "local")

    @cached_property
    def sqlalchemy_url(self) -> str:
        """The database as SQLAlchemy's async drivers want it; a SQLite file by default."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data_dir / 'leadline.db'}"
        return sqlalchemy_url(self.database_url.get_secret_value())

    def require_livekit(self) -> tuple[str, str, str]:
        """URL, key and secret of LiveKit, or a `SettingsError` that names what is missing."""
        missing = [
            name
            for name, value in (
                ("LIVEKIT_URL", self.livekit_url),
                ("LIVEKIT_API_KEY", self.livekit_api_key),
                ("LIVEKIT_API_SECRET", self.livekit_api_secret),
            )
            if value is None
        ]
        if missing or not (self.livekit_url and self.livekit_api_key and self.livekit_api_secret):
            raise SettingsError(
                f"{', '.join(missing)}: not set, but the LiveKit transport needs it; set it in the "
                "environment or in .env (`docker compose up` starts a local server with "
                "LIVEKIT_URL=ws://localhost:7880), or use --transport webrtc, which needs no server"
            )
        return self.livekit_url, self.livekit_api_key, self.livekit_api_secret.get_secret_value()


def sqlalchemy_url(url: str) -> str:
    """Translate any usual database URL into SQLAlchemy's, with its async driver.

    Args:
        url: `postgres://`, `postgresql://` (also with a socket directory as `?host=`) or
            `sqlite:///`, with or without a driver.

    Raises:
        ValueError: if the scheme is another one.
    """
    scheme, separator, rest = url.partition("://")
    dialect = scheme.partition("+")[0]
    if separator and dialect in ("postgres", "postgresql"):
        parts = urlsplit(f"postgresql://{rest}")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return urlunsplit(parts._replace(scheme="postgresql+psycopg", query=urlencode(query)))
    if separator and dialect == "sqlite":
        return f"sqlite+aiosqlite://{rest}"
    raise ValueError("must begin with postgresql://, postgres:// or sqlite:///")


def load_settings(**overrides: Any) -> Settings:
    """Read the settings once from the environment and `.env`.

    Args:
        overrides: values by field name that win over both, from command-line options.

    Raises:
        SettingsError: with one line that names the first bad setting and what is wrong.
    """
    env_file = os.environ.get("LEADLINE_ENV_FILE", ".env")
    try:
        return Settings(_env_file=env_file, **overrides)
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in (text or "").split(",") if name.strip())


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    location = first["loc"][0] if first["loc"] else "settings"
    field = Settings.model_fields.get(str(location))
    name = str(field.validation_alias) if field and field.validation_alias else str(location)
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:  # a check of several settings names the one at fault itself
        return f"{message}; correct it in the environment or in .env"
    return f"{name}: {message}; correct it in the environment or in .env"
