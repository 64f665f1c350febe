"""What may be asked of `/v1/listen`, and how Deepgram refuses the rest.

Sources: https://developers.deepgram.com/reference/speech-to-text/listen-streaming (parameters),
https://developers.deepgram.com/docs/errors (bodies), https://developers.deepgram.com/docs/endpointing,
https://developers.deepgram.com/docs/utterance-end.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# https://developers.deepgram.com/docs/model
MODELS = frozenset(
    {
        "nova-3",
        "nova-3-general",
        "nova-3-medical",
        "nova-2",
        "nova-2-general",
        "nova-2-meeting",
        "nova-2-phonecall",
        "nova-2-conversationalai",
        "nova",
        "enhanced",
        "base",
    }
)
# https://developers.deepgram.com/docs/encoding
ENCODINGS = frozenset(
    {
        "linear16",
        "linear32",
        "flac",
        "alaw",
        "mulaw",
        "amr-nb",
        "amr-wb",
        "opus",
        "ogg-opus",
        "speex",
        "g729",
    }
)
SAMPLE_RATES_HZ = range(8_000, 192_001)
MIN_UTTERANCE_END_MS = 1_000
# https://developers.deepgram.com/docs/endpointing: on by default, after 10 ms of silence.
DEFAULT_ENDPOINTING_MS = 10

_BOOLEANS = (
    "interim_results",
    "punctuate",
    "smart_format",
    "vad_events",
    "multichannel",
    "diarize",
    "numerals",
    "dictation",
    "detect_entities",
    "mip_opt_out",
)
_OTHERS = frozenset(
    {
        "model",
        "language",
        "encoding",
        "sample_rate",
        "channels",
        "endpointing",
        "utterance_end_ms",
        "version",
        "keyterm",
        "keywords",
        "tag",
        "redact",
        "replace",
        "search",
        "extra",
        "callback",
        "callback_method",
        "profanity_filter",
        "diarize_model",
        "language_hint",
        "no_delay",
        "filler_words",
        "measurements",
        "tier",
    }
)


class BadParameterError(ValueError):
    """A query that Deepgram answers with 400; the message is the `err_msg`."""


@dataclass(frozen=True, kw_only=True)
class ListenParams:
    """The query of one streaming connection. `endpointing_ms` None means it is switched off."""

    model: str
    language: str
    sample_rate: int
    channels: int
    interim_results: bool
    formatted: bool
    vad_events: bool
    endpointing_ms: int | None
    utterance_end_ms: int | None

    @classmethod
    def parse(cls, query: Mapping[str, str], *, models: frozenset[str] = MODELS) -> "ListenParams":
        """Reads a query string.

        Raises:
            BadParameterError: what Deepgram would refuse, or what this emulator cannot hear.
        """
        if unknown := set(query) - _OTHERS - set(_BOOLEANS):
            raise BadParameterError(f"Bad Request: Unknown query parameter '{sorted(unknown)[0]}'.")
        flags = {name: _boolean(query, name) for name in _BOOLEANS}
        model = query.get("model", "base")
        if model not in models:
            raise BadParameterError("Bad Request: No such model/language/tier combination found.")
        params = cls(
            model=model,
            language=query.get("language", "en"),
            sample_rate=_encoding_and_rate(query),
            channels=_integer(query, "channels", default=1, allowed=range(1, 21)),
            interim_results=flags["interim_results"],
            formatted=flags["punctuate"] or flags["smart_format"],
            vad_events=flags["vad_events"],
            endpointing_ms=_endpointing(query),
            utterance_end_ms=_utterance_end(query),
        )
        if params.utterance_end_ms is not None and not params.interim_results:
            raise BadParameterError("Bad Request: utterance_end_ms requires interim_results=true.")
        return params


def _boolean(query: Mapping[str, str], name: str) -> bool:
    value = query.get(name, "false").lower()
    if value not in ("true", "false"):
        raise BadParameterError(f"Bad Request: Invalid value for '{name}': expected true or false.")
    return value == "true"


def _integer(query: Mapping[str, str], name: str, *, default: int, allowed: range) -> int:
    raw = query.get(name)
    if raw is None:
        return default
    if not raw.isdecimal() or int(raw) not in allowed:
        raise BadParameterError(
            f"Bad Request: Invalid value for '{name}': expected an integer"
            f" from {allowed.start} to {allowed.stop - 1}."
        )
    return int(raw)


def _encoding_and_rate(query: Mapping[str, str]) -> int:
    encoding = query.get("encoding")
    if encoding is None:
        # Deepgram would read a container's header; raw PCM without this is what it cannot decode.
        raise BadParameterError("Bad Request: 'encoding' is required when sending raw audio.")
    if encoding not in ENCODINGS:
        raise BadParameterError(f"Bad Request: Unsupported encoding '{encoding}'.")
    if encoding != "linear16":
        raise BadParameterError(
            f"Bad Request: this emulator hears linear16 only, not '{encoding}'."
        )
    if "sample_rate" not in query:
        raise BadParameterError("Bad Request: 'sample_rate' is required when 'encoding' is given.")
    return _integer(query, "sample_rate", default=0, allowed=SAMPLE_RATES_HZ)


def _endpointing(query: Mapping[str, str]) -> int | None:
    raw = query.get("endpointing")
    if raw == "false":
        return None
    if raw == "true":
        return DEFAULT_ENDPOINTING_MS
    return _integer(query, "endpointing", default=DEFAULT_ENDPOINTING_MS, allowed=range(60_001))


def _utterance_end(query: Mapping[str, str]) -> int | None:
    if "utterance_end_ms" not in query:
        return None
    return _integer(
        query, "utterance_end_ms", default=0, allowed=range(MIN_UTTERANCE_END_MS, 60_001)
    )
