"""A webhook's receivers, as good and as bad as they come."""

from __future__ import annotations

import ast
import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from standardwebhooks.webhooks import Webhook

from bot.config import Settings
from bot.delivery.outbox import Outbox
from bot.storage.store import Store
from tests.emulators.receiver import (
    Answer,
    Receiver,
    drip_body,
    drip_headers,
    flood,
    hang,
    lose,
    no_http,
    status,
)
from tests.integration.delivery.conftest import (
    SECRET,
    MakeSettings,
    VirtualClock,
    deliver,
    finished_call,
    outbox,
    states,
)
from tests.unit.storage.samples import PERSONAL

pytestmark = pytest.mark.integration

OTHER_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
PAGE = Path(__file__).parents[3] / "docs/delivery.md"


def documented_verifier() -> Callable[[str, dict[str, str], bytes], Any]:
    """The snippet of docs/delivery.md, as a reader would run it."""
    snippet = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert snippet is not None
    names: dict[str, Any] = {}
    exec(compile(ast.parse(snippet[1]), str(PAGE), "exec"), names)  # noqa: S102
    verifier: Callable[[str, dict[str, str], bytes], Any] = names["lead_of"]
    return verifier


async def test_the_body_is_the_lead_signed_so_that_the_documented_snippet_verifies_it(
    store: Store, settings: Settings, receiver: Receiver, clock: VirtualClock
) -> None:
    lead = await finished_call(store)
    await deliver(settings, store, clock)
    [request] = receiver.requests
    verify = documented_verifier()
    assert verify(SECRET, request.headers, request.body) == lead.model_dump(mode="json")
    assert verify(OTHER_SECRET, request.headers, request.body) is None
    assert verify(SECRET, request.headers, request.body.replace(b"20", b"21")) is None
    assert verify(SECRET, request.headers | {"webhook-timestamp": "1700000000"}, b"{}") is None
    [row] = await outbox(store)
    assert request.headers["webhook-id"] == request.headers["idempotency-key"] == row.delivery_id
    assert request.headers["leadline-revision"] == "1"
    assert request.headers["leadline-attempt"] == "1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert (row.state, row.detail) == ("delivered", "answered 200")


async def test_while_secrets_change_both_verify(
    make_settings: MakeSettings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    await finished_call(store)
    await deliver(make_settings(webhook_secret=f"{OTHER_SECRET},{SECRET}"), store, clock)
    [request] = receiver.requests
    for secret in (SECRET, OTHER_SECRET):
        assert Webhook(secret).verify(request.body, request.headers)["lead_id"] == "lead-1"


@pytest.mark.parametrize(
    "answer",
    [status(200, b"<html>rubbish"), status(204), flood, drip_body],
    ids=["rubbish", "nothing", "a flood", "a body that drips"],
)
async def test_a_good_status_is_a_success_whatever_comes_with_it(
    answer: Answer, settings: Settings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    receiver.answers.append(answer)
    await finished_call(store)
    await deliver(settings, store, clock)
    assert await states(store) == ["delivered"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (hang, "no answer within 0.3 s"),
        (drip_headers, "no answer within 0.3 s"),
        (lose, "closed the connection without a whole answer"),
        (no_http, "closed the connection without a whole answer"),
        (status(500), "answered 500"),
        (status(429), "answered 429"),
        (status(302, location="http://169.254.169.254/latest"), "answered 302, a redirect"),
    ],
    ids=["hangs", "drips", "loses", "no http", "500", "429", "redirects"],
)
async def test_a_bad_receiver_is_asked_again_with_the_same_id(  # noqa: PLR0917
    answer: Answer,
    reason: str,
    make_settings: MakeSettings,
    store: Store,
    receiver: Receiver,
    clock: VirtualClock,
) -> None:
    settings = make_settings(webhook_timeout_s=0.3)
    receiver.answers.append(answer)
    await finished_call(store)
    await deliver(settings, store, clock)
    [row] = await outbox(store)
    assert row.state == "pending"
    assert row.detail.startswith(reason)
    await deliver(make_settings(), store, clock)
    assert len(receiver.requests) == 1  # Not before its time.
    clock.move(2)
    await deliver(make_settings(), store, clock)
    assert await states(store) == ["delivered"]
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert second.headers["leadline-attempt"] == "2"
    assert first.body == second.body
    assert len(receiver.applied) == 1


async def test_a_redirect_to_an_internal_address_is_not_followed(
    make_settings: MakeSettings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    async with Receiver() as internal:
        receiver.answers.append(status(307, location=internal.url))
        await finished_call(store)
        await deliver(make_settings(webhook_allow_private="true"), store, clock)
        assert internal.requests == []
    assert await states(store) == ["pending"]


async def test_a_private_address_is_refused_before_anything_is_sent(
    make_settings: MakeSettings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    await finished_call(store)
    await deliver(make_settings(webhook_allow_private="false"), store, clock)
    assert receiver.requests == []
    [row] = await outbox(store)
    assert "resolves to a private address, which is refused" in row.detail
    # It goes out once it is allowed.
    clock.move(2)
    await deliver(make_settings(), store, clock)
    assert await states(store) == ["delivered"]


async def test_a_name_that_resolves_anew_gains_nothing(
    make_settings: MakeSettings,
    store: Store,
    receiver: Receiver,
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the second answer would be the internal address."""
    real = socket.getaddrinfo
    asked: list[str] = []

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *args, **kwargs)
        asked.append(host)
        # 192.0.2.1 is nobody's, and allowed here: the first, checked answer.
        address = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    await finished_call(store)
    settings = make_settings(
        webhook_url=f"http://rebinding.example:{receiver.port}/",
        webhook_allow_private="192.0.2.0/24",
        webhook_timeout_s=0.5,
    )
    await deliver(settings, store, clock)
    assert asked == ["rebinding.example"]
    assert receiver.requests == []
    assert await states(store) == ["pending"]


async def test_retry_after_is_waited_for(
    settings: Settings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    receiver.answers.append(status(503, retry_after="100"))
    await finished_call(store)
    await deliver(settings, store, clock, chance=0.0)
    clock.move(99)
    await deliver(settings, store, clock)
    assert len(receiver.requests) == 1
    clock.move(1)
    await deliver(settings, store, clock)
    assert await states(store) == ["delivered"]


async def test_a_no_is_a_dead_letter_at_once_until_an_operator_retries_it(
    settings: Settings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    receiver.answers.append(status(422, b'{"error": "email: unknown"}'))
    await finished_call(store)
    await deliver(settings, store, clock)
    [row] = await outbox(store)
    assert (row.state, row.attempts) == ("dead", 1)
    assert "answered 422" in row.detail
    assert "email" not in row.detail
    assert await Outbox(store=store, clock=clock).retry_all_dead() == 1
    await deliver(settings, store, clock)
    assert await states(store) == ["delivered"]


async def test_it_is_given_up_after_so_many_attempts_ever_further_apart(
    make_settings: MakeSettings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    settings = make_settings(delivery_max_attempts=5, delivery_retry_longest_s=10)
    receiver.otherwise = status(500)
    await finished_call(store)
    waits = []
    for _ in range(5):
        await deliver(settings, store, clock)
        [row] = await outbox(store)
        if row.next_attempt_at is not None:
            waits.append((row.next_attempt_at - clock.now).total_seconds())
            clock.now = row.next_attempt_at
    assert [round(wait) for wait in waits] == [2, 4, 8, 10]
    assert row.state == "dead"
    assert "5 attempts of LEADLINE_DELIVERY_MAX_ATTEMPTS" in row.detail
    assert len(receiver.requests) == 5
    # A retry gives it all its attempts again.
    await Outbox(store=store, clock=clock).retry(row.delivery_id[:8])
    await deliver(settings, store, clock)
    [row] = await outbox(store)
    assert (row.state, row.attempts) == ("pending", 6)


async def test_it_is_given_up_at_its_age(
    settings: Settings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    receiver.otherwise = status(500)
    await finished_call(store)
    clock.move(259_200)
    await deliver(settings, store, clock)
    [row] = await outbox(store)
    assert row.state == "dead"
    assert "LEADLINE_DELIVERY_MAX_AGE_S" in row.detail


async def test_a_later_revision_takes_the_place_of_a_dead_one(
    settings: Settings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    receiver.answers.append(status(400))
    await finished_call(store)
    await deliver(settings, store, clock)
    await finished_call(store, score=50)
    assert await states(store) == ["superseded", "pending"]
    assert await Outbox(store=store, clock=clock).retry_all_dead() == 0
    await deliver(settings, store, clock)
    assert [request.lead["score"] for request in receiver.requests] == [20, 50]


async def test_no_log_line_carries_the_lead_the_secret_or_the_urls_token(
    make_settings: MakeSettings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), level="TRACE")
    try:
        settings = make_settings(webhook_url=f"{receiver.url}?token=tok-en-in-url")
        await finished_call(store)
        for answer in (status(500, PERSONAL[1].encode()), lose, status(404), status(200)):
            receiver.answers.append(answer)
            await deliver(settings, store, clock)
            clock.move(60)
            await Outbox(store=store, clock=clock).retry_all_dead()
    finally:
        logger.remove(sink)
    log = "".join(lines) + json.dumps([row.detail for row in await outbox(store)])
    assert "answered 500" in log
    assert len(receiver.requests) >= 3
    for private in (*PERSONAL, SECRET, SECRET[6:], "tok-en-in-url"):
        assert private not in log
