"""What may be asked of ElevenLabs' multi-context WebSocket, and what it says to the rest.

Sources: https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-multi-stream-input
(parameters), https://elevenlabs.io/docs/api-reference/errors and
https://help.elevenlabs.io/hc/en-us/articles/19572237925521-API-Error-Code-400-or-401 (codes). Over
the WebSocket an error is a message `{"message", "error", "code": 1008}` and then close 1008 with
the message as its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# https://elevenlabs.io/docs/overview/models; eleven_v3 is not served by this endpoint.
MODELS = frozenset(
    {
        "eleven_flash_v2_5",
        "eleven_flash_v2",
        "eleven_turbo_v2_5",
        "eleven_turbo_v2",
        "eleven_multilingual_v2",
    }
)
HTTP_ONLY_MODELS = frozenset({"eleven_v3"})
PCM_RATES_HZ = frozenset({8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000})
DEFAULT_INACTIVITY_TIMEOUT_S = 20
MAX_INACTIVITY_TIMEOUT_S = 180
MAX_CONTEXTS = 5
# The text that must have come before speech is made, unless flushed or in auto mode.
CHUNK_LENGTH_SCHEDULE = (120, 160, 250, 290)

_KNOWN = frozenset(
    {
        "model_id",
        "language_code",
        "enable_logging",
        "enable_ssml_parsing",
        "output_format",
        "inactivity_timeout",
        "sync_alignment",
        "auto_mode",
        "apply_text_normalization",
        "seed",
        "authorization",
        "single_use_token",
        "optimize_streaming_latency",
    }
)
_BOOLEANS = (
    "enable_logging",
    "enable_ssml_parsing",
    "sync_alignment",
    "auto_mode",
)


class PolicyViolationError(Exception):
    """What ElevenLabs ends a connection with: its error code and its message."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error
        self.message = message


@dataclass(frozen=True, kw_only=True)
class StreamParams:
    """The query of one connection. `sample_rate` in Hz."""

    model: str
    sample_rate: int
    auto_mode: bool
    sync_alignment: bool
    inactivity_timeout_s: float
    language_code: str | None

    @classmethod
    def parse(
        cls, query: Mapping[str, str], *, models: frozenset[str], is_pro: bool
    ) -> "StreamParams":
        """Reads a query string.

        Raises:
            PolicyViolationError: what ElevenLabs would refuse, or what the emulator cannot make.
        """
        if unknown := set(query) - _KNOWN:
            raise PolicyViolationError(
                "input_validation_error", f"Unknown query parameter: {sorted(unknown)[0]}"
            )
        for name in _BOOLEANS:
            if query.get(name, "true").lower() not in ("true", "false"):
                raise PolicyViolationError(
                    "input_validation_error", f"{name} must be a valid boolean"
                )
        model = query.get("model_id", "eleven_multilingual_v2")
        if model not in models:
            raise PolicyViolationError(
                "model_not_found", "A model with requested ID does not exist"
            )
        normalization = query.get("apply_text_normalization", "auto")
        if normalization not in ("auto", "on", "off"):
            raise PolicyViolationError(
                "input_validation_error", "apply_text_normalization must be auto, on or off"
            )
        return cls(
            model=model,
            sample_rate=_sample_rate(query.get("output_format", "mp3_44100_128"), is_pro=is_pro),
            auto_mode=query.get("auto_mode", "false").lower() == "true",
            sync_alignment=query.get("sync_alignment", "false").lower() == "true",
            inactivity_timeout_s=_inactivity_timeout(query),
            language_code=query.get("language_code"),
        )


def _sample_rate(output_format: str, *, is_pro: bool) -> int:
    codec, _, rate = output_format.partition("_")
    if codec != "pcm" or not rate.isdecimal():
        raise PolicyViolationError(
            "invalid_output_format",
            f"This emulator makes pcm_* only, not output_format {output_format!r}",
        )
    hz = int(rate)
    if hz not in PCM_RATES_HZ:
        raise PolicyViolationError(
            "invalid_output_format", f"Invalid output_format: {output_format}"
        )
    if hz >= 44_100 and not is_pro:
        raise PolicyViolationError(
            "output_format_not_allowed",
            f"Requested output format {output_format} (PCM at {hz}hz) is only allowed for Pro"
            " tier and above.",
        )
    return hz


def _inactivity_timeout(query: Mapping[str, str]) -> float:
    raw = query.get("inactivity_timeout", str(DEFAULT_INACTIVITY_TIMEOUT_S))
    if not raw.isdecimal() or not 0 < int(raw) <= MAX_INACTIVITY_TIMEOUT_S:
        raise PolicyViolationError(
            "input_validation_error",
            f"inactivity_timeout must be from 1 to {MAX_INACTIVITY_TIMEOUT_S} seconds",
        )
    return float(raw)
