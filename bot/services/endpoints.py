"""Where each provider's client connects: one URL as people write it, in the form a client needs.

A provider's endpoint may be given as http(s):// or ws(s)://, with or without the API's own path
and a trailing slash. Every client appends its own path, so what users copied from a page must
lose it again. Pure: nothing here opens a connection.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

DEEPGRAM_URL = "https://api.deepgram.com"
OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com"
ELEVENLABS_URL = "https://api.elevenlabs.io"
DAILY_URL = "https://api.daily.co/v1"

_HTTP_SCHEME = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
_WS_SCHEME = {"http": "ws", "https": "wss"}

# The longest first: each is what one of the clients appends by itself.
_DEEPGRAM_PATHS = ("/v1/listen", "/v1")
_OPENAI_PATHS = ("/chat/completions", "/models")
_ANTHROPIC_PATHS = ("/v1/messages", "/v1/models", "/v1")
_ELEVENLABS_PATHS = ("/v1/text-to-speech", "/v1/voices", "/v1")
_DAILY_PATHS = ("/rooms", "/meeting-tokens")


class EndpointError(ValueError):
    """A base URL that no client could use; the message names the setting and the remedy."""


def deepgram_base_url(raw: str | None) -> str:
    """`http(s)://host[:port][/prefix]`, for DeepgramSTTService(base_url=...).

    The service pairs it into a WebSocket and an HTTP URL of the same security level, and the
    SDK appends `/v1/listen`. Blank means Deepgram itself.

    Raises:
        EndpointError: not a URL of a known scheme with a host.
    """
    return _normalised("DEEPGRAM_BASE_URL", raw, default=DEEPGRAM_URL, own_paths=_DEEPGRAM_PATHS)


def deepgram_ws_url(raw: str | None) -> str:
    """`ws(s)://host[:port][/prefix]`, for DeepgramTTSService(base_url=...), which appends
    `/v1/speak`.

    Raises:
        EndpointError: not a URL of a known scheme with a host.
    """
    scheme, rest = deepgram_base_url(raw).split("://", 1)
    return f"{_WS_SCHEME[scheme]}://{rest}"


def openai_base_url(raw: str | None) -> str:
    """`http(s)://host[:port]/v1`, for OpenAILLMService(base_url=...), whose client appends
    `/chat/completions`.

    A path of one's own (`/openai/v1`, `/api/v3`) is kept; without one `/v1` is added, because
    every OpenAI-compatible server answers there. Blank means OpenAI itself.

    Raises:
        EndpointError: not a URL of a known scheme with a host.
    """
    url = _normalised("OPENAI_BASE_URL", raw, default=OPENAI_URL, own_paths=_OPENAI_PATHS)
    return url if urlsplit(url).path else f"{url}/v1"


def anthropic_base_url(raw: str | None) -> str:
    """`http(s)://host[:port][/prefix]`, for AsyncAnthropic(base_url=...), which appends
    `/v1/messages`.

    Blank means Anthropic itself.

    Raises:
        EndpointError: not a URL of a known scheme with a host.
    """
    return _normalised("ANTHROPIC_BASE_URL", raw, default=ANTHROPIC_URL, own_paths=_ANTHROPIC_PATHS)


def elevenlabs_http_url(raw: str | None) -> str:
    """`http(s)://host[:port][/prefix]`, to which REST calls append `/v1/voices/...`.

    Blank means ElevenLabs itself.

    Raises:
        EndpointError: not a URL of a known scheme with a host.
    """
    return _normalised(
        "ELEVENLABS_BASE_URL", raw, default=ELEVENLABS_URL, own_paths=_ELEVENLABS_PATHS
    )


def elevenlabs_ws_url(raw: str | None) -> str:
    """`ws(s)://host[:port][/prefix]`, for ElevenLabsTTSService(url=...), which appends
    `/v1/text-to-speech/{voice}/multi-stream-input`.

    Raises:
        EndpointError: not a URL of a known scheme with a host.
    """
    scheme, rest = elevenlabs_http_url(raw).split("://", 1)
    return f"{_WS_SCHEME[scheme]}://{rest}"


def daily_api_url(raw: str | None) -> str:
    """`http(s)://host[:port]/v1`, for DailyRESTHelper(daily_api_url=...), which appends `/rooms`.

    Raises:
        EndpointError: not a URL of a known scheme with a host.
    """
    url = _normalised("DAILY_API_URL", raw, default=DAILY_URL, own_paths=_DAILY_PATHS)
    return url if urlsplit(url).path else f"{url}/v1"


def _normalised(setting: str, raw: str | None, *, default: str, own_paths: Iterable[str]) -> str:
    text = (raw or "").strip()
    if not text:
        return default
    parts = _parse(setting, text)
    path = _without_suffix(parts.path.rstrip("/"), own_paths)
    return f"{_HTTP_SCHEME[parts.scheme]}://{parts.netloc}{path}"


def _parse(setting: str, text: str) -> SplitResult:
    if "://" not in text:
        text = f"{'http' if _is_loopback(text) else 'https'}://{text}"
    try:
        parts = urlsplit(text)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise _error(setting, "is not a URL") from None
    if parts.scheme not in _HTTP_SCHEME:
        raise _error(setting, f"has the unknown scheme {parts.scheme!r}")
    if not parts.hostname or not port_is_valid or any(c.isspace() for c in text):
        raise _error(setting, "has no usable host and port")
    if parts.query or parts.fragment:
        raise _error(setting, "must not carry a query or a fragment")
    if parts.username is not None:
        # A password in a URL would end up in logs; each provider takes its key elsewhere.
        raise _error(setting, "must not carry credentials")
    return parts


def _error(setting: str, what: str) -> EndpointError:
    return EndpointError(f"{setting} {what}: give it as https://host[:port] (or wss://, http://)")


def _is_loopback(text: str) -> bool:
    """Whether a URL without a scheme means this machine, where nobody serves TLS."""
    host = urlsplit(f"//{text}").hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _without_suffix(path: str, suffixes: Iterable[str]) -> str:
    for suffix in suffixes:
        if path.endswith(suffix):
            return path.removesuffix(suffix)
    return path
