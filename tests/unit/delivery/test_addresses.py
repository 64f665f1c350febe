"""What the settings say about webhooks: one clear line for each mistake, and no secret in it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from bot.config import Settings, SettingsError, load_settings
from bot.delivery.addresses import parse_allowed_private, parse_webhooks

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"


def test_webhooks_have_names_of_their_own_or_ours() -> None:
    found = parse_webhooks("https://a.example/x?token=1, crm=https://b.example https://c", SECRET)
    assert [(w.name, w.url) for w in found] == [
        ("webhook", "https://a.example/x?token=1"),
        ("crm", "https://b.example"),
        ("webhook-3", "https://c"),
    ]


def test_a_named_secret_signs_for_that_webhook_only_and_several_sign_side_by_side() -> None:
    found = parse_webhooks(
        "https://a.example,crm=https://b.example", f"{SECRET},{OTHER},crm={OTHER}"
    )
    assert [w.secrets for w in found] == [(SECRET, OTHER), (OTHER,)]


@pytest.mark.parametrize(
    ("urls", "secrets", "problem"),
    [
        ("https://tok-en.example", None, "LEADLINE_WEBHOOK_SECRET: not set"),
        ("https://tok-en.example", "tok-en", "LEADLINE_WEBHOOK_SECRET: secret 1 must begin"),
        ("https://tok-en.example", "whsec_tok-en!", "secret 1 is not base64"),
        ("https://tok-en.example", "whsec_dG9rLWVu", "secret 1 has 6 bytes"),
        ("https://tok-en.example", f"crm={SECRET}", "no webhook called 'crm'"),
        ("ftp://tok-en.example", SECRET, "LEADLINE_WEBHOOK_URL: URL 1 must be"),
        ("file:///tok-en", SECRET, "URL 1 must be"),
        ("https://", SECRET, "URL 1 must be"),
        ("https://a.example,tok-en", SECRET, "URL 2 must be"),
        ("https://tok-en.example:99999", SECRET, "URL 1 must be"),
        ("https://[tok-en", SECRET, "URL 1 must be"),
        ("a=https://tok-en.example,a=https://b", SECRET, "two webhooks are called 'a'"),
    ],
)
def test_a_mistake_is_one_line_without_the_url_or_the_secret(
    urls: str, secrets: str | None, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADLINE_WEBHOOK_URL", urls)
    if secrets is not None:
        monkeypatch.setenv("LEADLINE_WEBHOOK_SECRET", secrets)
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert problem in str(error.value)
    assert "tok-en" not in str(error.value)
    assert "\n" not in str(error.value)


def test_two_targets_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_WEBHOOK_URL", "csv=https://a.example")
    monkeypatch.setenv("LEADLINE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("LEADLINE_DELIVERY_CSV", "leads.csv")
    with pytest.raises(SettingsError, match="another target is called 'csv'"):
        load_settings()


def test_printed_settings_show_neither_url_nor_secret() -> None:
    settings = Settings(
        _env_file=None, webhook_url="https://a.example/tok-en", webhook_secret=OTHER
    )
    printed = repr(settings) + repr(settings.webhooks)
    assert "tok-en" not in printed
    assert OTHER not in printed
    assert settings.delivery_targets == ("webhook",)


def test_the_allowed_are_nothing_everything_or_a_list() -> None:
    assert not parse_allowed_private("false").everything
    assert parse_allowed_private("TRUE").everything
    listed = parse_allowed_private("crm.internal, 10.1.0.0/16 ::1")
    assert listed.names("CRM.internal.", ip_address("192.168.0.1"))
    assert listed.names("x.example", ip_address("10.1.2.3"))
    assert listed.names("x.example", ip_address("::1"))
    assert not listed.names("x.example", ip_address("10.2.0.1"))
    with pytest.raises(ValueError, match=r"LEADLINE_WEBHOOK_ALLOW_PRIVATE: 'http://x'"):
        parse_allowed_private("http://x")
