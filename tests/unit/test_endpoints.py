"""One base URL, however it is written, becomes what each provider's client needs."""

import pytest

from bot.services.endpoints import (
    EndpointError,
    daily_api_url,
    deepgram_base_url,
    elevenlabs_http_url,
    elevenlabs_ws_url,
    openai_base_url,
)


@pytest.mark.parametrize("blank", [None, "", "   "])
def test_blank_means_the_provider_itself(blank: str | None) -> None:
    assert deepgram_base_url(blank) == "https://api.deepgram.com"
    assert openai_base_url(blank) == "https://api.openai.com/v1"
    assert elevenlabs_http_url(blank) == "https://api.elevenlabs.io"
    assert elevenlabs_ws_url(blank) == "wss://api.elevenlabs.io"
    assert daily_api_url(blank) == "https://api.daily.co/v1"


@pytest.mark.parametrize("scheme", ["http", "ws"])
@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/listen", "/v1/listen/"])
def test_deepgram_loses_the_path_that_its_client_appends(scheme: str, path: str) -> None:
    assert deepgram_base_url(f"{scheme}://127.0.0.1:9000{path}") == "http://127.0.0.1:9000"


@pytest.mark.parametrize("scheme", ["http", "ws"])
@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/models"])
def test_openai_keeps_v1_and_adds_it_when_it_is_missing(scheme: str, path: str) -> None:
    assert openai_base_url(f"{scheme}://127.0.0.1:9000{path}") == "http://127.0.0.1:9000/v1"


@pytest.mark.parametrize("scheme", ["https", "wss"])
@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/text-to-speech/", "/v1/voices"])
def test_elevenlabs_gives_the_same_place_to_both_of_its_clients(scheme: str, path: str) -> None:
    raw = f"{scheme}://tts.example.com{path}"
    assert elevenlabs_http_url(raw) == "https://tts.example.com"
    assert elevenlabs_ws_url(raw) == "wss://tts.example.com"


def test_a_plain_address_stays_plain_for_the_websocket() -> None:
    assert elevenlabs_ws_url("http://127.0.0.1:9000") == "ws://127.0.0.1:9000"


def test_a_prefix_of_a_proxy_is_kept() -> None:
    assert deepgram_base_url("https://proxy.example.com/dg/v1") == "https://proxy.example.com/dg"
    assert openai_base_url("https://proxy.example.com/openai/v1/") == (
        "https://proxy.example.com/openai/v1"
    )
    assert openai_base_url("https://ark.example.com/api/v3") == "https://ark.example.com/api/v3"
    assert elevenlabs_ws_url("https://proxy.example.com/el") == "wss://proxy.example.com/el"


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:9000", "[::1]:9000"])
def test_this_machine_without_a_scheme_is_taken_without_tls(host: str) -> None:
    assert deepgram_base_url(host) == f"http://{host}"


def test_another_host_without_a_scheme_is_taken_with_tls() -> None:
    assert elevenlabs_ws_url("tts.example.com") == "wss://tts.example.com"


@pytest.mark.parametrize(
    "raw",
    [
        "ftp://host",
        "https://",
        "https://host:port",
        "https://host:0",
        "https://ho st",
        "https://host?key=1",
        "https://host#part",
        "https://user:secret@host",
        "https://[::1",
    ],
)
def test_what_no_client_could_use_names_the_setting_and_the_remedy(raw: str) -> None:
    with pytest.raises(EndpointError, match=r"^OPENAI_BASE_URL .*https://host") as caught:
        openai_base_url(raw)
    assert "secret" not in str(caught.value)
