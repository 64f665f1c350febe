"""The HTTP API: who may do what, what is answered, and what is said when something is wrong."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from livekit.api import AccessToken, TokenVerifier

from bot.fleet.dispatch import DispatchUnavailableError
from bot.storage.store import Store
from tests.integration.web.conftest import LIVEKIT_KEY, LIVEKIT_SECRET, ServeApi
from tests.unit.storage.samples import call_of, lead_of

IDS = {"call_id": "c0ffee" + "0" * 26, "lead_id": "1ead" + "0" * 28}


def assert_problem(answer: httpx.Response, status: int, *, field: str | None = None) -> str:
    """RFC 9457, and nothing of the inside. Returns the detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert "Traceback" not in answer.text
    assert LIVEKIT_SECRET not in answer.text
    if field is not None:
        assert [error["field"] for error in problem["errors"]] == [field]
    return str(problem["detail"])


# Starting calls --------------------------------------------------------------------------------


async def test_a_call_is_a_room_a_bot_and_a_token(serve_api: ServeApi) -> None:
    async with serve_api(LEADLINE_LIVEKIT_PUBLIC_URL="https://rooms.example.com") as api:
        answer = await api.client.post(
            "/calls",
            headers=api.as_("website"),
            json={
                "playbook": "b2b-software",
                "name": "Jane",
                "phone": "+1 415 555 0132",
                "metadata": {"campaign": "spring"},
            },
        )
        assert answer.status_code == 201
        started = answer.json()
        assert answer.headers["location"] == f"/calls/{started['call_id']}"
        assert answer.headers["cache-control"] == "no-store"
        assert started["url"] == "wss://rooms.example.com"
        assert api.dispatcher.asked == [
            {
                "room": started["room"],
                "playbook": "b2b-software",
                "metadata": {"campaign": "spring", "phone": "+14155550132"},
                "call_id": started["call_id"],
            }
        ]
        claims = TokenVerifier(LIVEKIT_KEY, LIVEKIT_SECRET).verify(started["token"])
        assert claims.identity == started["identity"]
        assert claims.name == "Jane"
        assert claims.video is not None
        assert claims.video.room == started["room"]
        assert not claims.video.room_admin


async def test_nothing_need_be_said_to_start_a_call(serve_api: ServeApi) -> None:
    async with serve_api() as api:
        bodies: list[dict[str, str] | None] = [None, {}]
        for body in bodies:
            answer = await api.client.post("/calls", headers=api.as_("website"), json=body)
            assert answer.status_code == 201
        first, second = (asked["room"] for asked in api.dispatcher.asked)
        assert first != second


async def test_a_bot_is_sent_into_a_room_where_somebody_waits(serve_api: ServeApi) -> None:
    async with serve_api() as api:
        answer = await api.client.post(
            "/calls", headers=api.as_("website"), json={"room": "sip-4711"}
        )
        assert answer.status_code == 201
        started = answer.json()
        assert started["room"] == "sip-4711"
        assert started["token"] is None, "whoever may start calls may not listen to others'"
        assert api.dispatcher.asked[0]["room"] == "sip-4711"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phone": "415"}, "body.phone"),
        ({"playbook": "../../etc/passwd"}, "body.playbook"),
        ({"playbook": "no-such"}, "body.playbook"),
        ({"room": " x"}, "body.room"),
        ({"room": "x" * 257}, "body.room"),
        ({"metadata": [1]}, "body.metadata"),
        ({"name": "x" * 81}, "body.name"),
        ({"plabook": "b2b-software"}, "body.plabook"),
        ([1], "body"),
    ],
)
async def test_a_bad_request_names_its_field(serve_api: ServeApi, body: Any, field: str) -> None:
    async with serve_api() as api:
        answer = await api.client.post("/calls", headers=api.as_("website"), json=body)
        assert_problem(answer, 422, field=field)
        assert api.dispatcher.asked == []


async def test_a_body_that_is_no_json_is_told_so(serve_api: ServeApi) -> None:
    async with serve_api() as api:
        headers = {**api.as_("website"), "Content-Type": "application/json"}
        answer = await api.client.post("/calls", headers=headers, content=b"{oops")
        assert_problem(answer, 400, field="body")


async def test_a_body_over_the_bound_is_refused(serve_api: ServeApi) -> None:
    async with serve_api() as api:
        large = {"metadata": {"x": "y" * 70_000}}
        answer = await api.client.post("/calls", headers=api.as_("website"), json=large)
        assert "65536 bytes" in assert_problem(answer, 413)


async def test_no_livekit_is_a_503_without_its_address(serve_api: ServeApi) -> None:
    async with serve_api(LEADLINE_CONCURRENT_CALLS="1") as api:
        api.dispatcher.error = DispatchUnavailableError("LiveKit does not answer at ws://secret")
        answer = await api.client.post("/calls", headers=api.as_("website"))
        assert "secret" not in assert_problem(answer, 503)
        assert answer.headers["retry-after"] == "5"
        api.dispatcher.error = None
        answer = await api.client.post("/calls", headers=api.as_("website"))
        assert answer.status_code == 201, "a call that did not begin takes no place"


async def test_what_nobody_expected_leaks_nothing(serve_api: ServeApi) -> None:
    async with serve_api() as api:
        api.dispatcher.error = RuntimeError("password=hunter2")
        answer = await api.client.post("/calls", headers=api.as_("website"))
        assert "hunter2" not in assert_problem(answer, 500)


# Limits ----------------------------------------------------------------------------------------


async def test_calls_over_the_limit_are_told_when_to_come_back(serve_api: ServeApi) -> None:
    async with serve_api(LEADLINE_CALLS_PER_MINUTE="1") as api:
        await api.client.post("/calls", headers=api.as_("website"))
        answer = await api.client.post("/calls", headers=api.as_("website"))
        assert_problem(answer, 429)
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        assert len(api.dispatcher.asked) == 1


async def test_a_telephone_number_has_its_own_limit(serve_api: ServeApi) -> None:
    async with serve_api(LEADLINE_CONCURRENT_CALLS_PER_PHONE="1") as api:
        first = await api.client.post(
            "/calls", headers=api.as_("website"), json={"phone": "+14155550132"}
        )
        assert first.status_code == 201
        again = await api.client.post(
            "/calls", headers=api.as_("website"), json={"phone": "+1 (415) 555-0132"}
        )
        assert "415" not in assert_problem(again, 429)


# Keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer ll_wrong"}, {"Authorization": "Basic eDp5"}]
)
async def test_without_a_key_nothing_is_shown(serve_api: ServeApi, headers: dict[str, str]) -> None:
    async with serve_api() as api:
        for method, path in (("POST", "/calls"), ("GET", f"/calls/{'0' * 32}"), ("GET", "/leads")):
            answer = await api.client.request(method, path, headers=headers)
            assert_problem(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_is_good_for_its_scopes_only(serve_api: ServeApi) -> None:
    async with serve_api() as api:
        assert_problem(await api.client.get("/leads", headers=api.as_("website")), 403)
        answer = await api.client.post("/calls", headers=api.as_("crm"))
        assert "calls:write" in assert_problem(answer, 403)


# Reading ---------------------------------------------------------------------------------------


async def test_a_call_and_its_lead_are_read_by_their_ids(serve_api: ServeApi) -> None:
    async with serve_api() as api:
        call, lead = call_of(**IDS), lead_of(**IDS)
        async with Store.opened(api.settings) as store:
            await store.finish_call(call, lead)
        answer = await api.client.get(f"/calls/{call.call_id}", headers=api.as_("crm"))
        assert answer.json() == call.model_dump(mode="json")
        answer = await api.client.get(f"/leads/{lead.lead_id}", headers=api.as_("crm"))
        assert answer.json() == lead.model_dump(mode="json")


async def test_an_id_that_is_not_there_is_a_404_and_an_erased_one_a_410(
    serve_api: ServeApi,
) -> None:
    async with serve_api() as api:
        call, lead = call_of(**IDS), lead_of(**IDS)
        async with Store.opened(api.settings) as store:
            await store.finish_call(call, lead)
            await store.erase_lead(lead.lead_id)
        unknown = await api.client.get(f"/calls/{'f' * 32}", headers=api.as_("crm"))
        assert_problem(unknown, 404)
        assert_problem(await api.client.get(f"/leads/{lead.lead_id}", headers=api.as_("crm")), 410)
        prefix = await api.client.get(f"/calls/{call.call_id[:8]}", headers=api.as_("crm"))
        assert_problem(prefix, 422, field="path.call_id")


async def test_leads_come_in_pages_newest_first(serve_api: ServeApi) -> None:
    async with serve_api() as api:
        begun = datetime(2026, 3, 5, 12, tzinfo=UTC)
        async with Store.opened(api.settings) as store:
            for n in range(5):
                ids = {"call_id": f"{n:032x}", "lead_id": f"{n + 100:032x}"}
                # Two at the same moment: the page's end must not lose one.
                created_at = begun + timedelta(minutes=n // 2)
                await store.start_call(
                    call_of(**ids), lead_of(**ids, created_at=created_at, updated_at=created_at)
                )
        seen: list[str] = []
        cursor: str | None = None
        for expected in (2, 2, 1):
            query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await api.client.get("/leads", params=query, headers=api.as_("crm"))).json()
            assert len(page["leads"]) == expected
            seen += [lead["lead_id"] for lead in page["leads"]]
            cursor = page["next"]
        assert cursor is None
        assert seen == [f"{n + 100:032x}" for n in (4, 3, 2, 1, 0)]
        since = (begun + timedelta(minutes=1)).isoformat()
        page = (
            await api.client.get("/leads", params={"since": since}, headers=api.as_("crm"))
        ).json()
        assert [lead["lead_id"] for lead in page["leads"]] == seen[:3]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "201"}, "query.limit"),
        ({"since": "yesterday"}, "query.since"),
        ({"since": "2026-03-05T12:00:00"}, "query.since"),
        ({"cursor": "x"}, "query.cursor"),
        ({"cursor": base64.urlsafe_b64encode(b'["2026-03-05", 1]').decode()}, "query.cursor"),
    ],
)
async def test_a_bad_page_names_its_field(
    serve_api: ServeApi, query: dict[str, str], field: str
) -> None:
    async with serve_api() as api:
        answer = await api.client.get("/leads", params=query, headers=api.as_("crm"))
        assert_problem(answer, 422, field=field)


async def test_a_database_that_is_away_is_a_503(serve_api: ServeApi) -> None:
    url = "postgresql://leadline:hunter2@127.0.0.1:9/leadline"
    async with serve_api(DATABASE_URL=url) as api:
        answer = await api.client.get("/leads", headers=api.as_("crm"))
        detail = assert_problem(answer, 503)
        assert "hunter2" not in detail
        assert "127.0.0.1" not in detail
        assert answer.headers["retry-after"] == "5"


# LiveKit's webhooks ----------------------------------------------------------------------------


def signed(body: str, secret: str = LIVEKIT_SECRET) -> dict[str, str]:
    """As livekit-server signs: a token that carries the body's SHA-256."""
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    token = AccessToken(LIVEKIT_KEY, secret).with_sha256(digest).to_jwt()
    return {"Authorization": token, "Content-Type": "application/webhook+json"}


def left(event_id: str = "EV_1") -> str:
    return json.dumps(
        {
            "event": "participant_left",
            "id": event_id,
            "createdAt": "1772712000",
            "room": {"name": "call-1", "sid": "RM_1"},
            "participant": {
                "identity": "caller-1",
                "kind": "SIP",
                "disconnectReason": "CLIENT_INITIATED",
                "aFieldOfTheFuture": 1,
            },
        }
    )


async def until_heard(heard: list[Any], count: int) -> None:
    async with asyncio.timeout(5):
        while len(heard) < count:  # noqa: ASYNC110 - the queue's owner has no end to wait for.
            await asyncio.sleep(0.005)


async def test_a_signed_webhook_reaches_whoever_listens_once(serve_api: ServeApi) -> None:
    async with serve_api() as api:
        for event_id in ("EV_1", "EV_1", "EV_2"):
            body = left(event_id)
            answer = await api.client.post("/livekit/webhook", content=body, headers=signed(body))
            assert answer.status_code == 204
        await until_heard(api.heard, 2)
        first, second = api.heard
        assert (first.event_id, second.event_id) == ("EV_1", "EV_2")
        assert first.kind == "participant_left"
        assert (first.room, first.participant) == ("call-1", "caller-1")
        assert first.participant_kind == "SIP"
        assert first.disconnect_reason == "CLIENT_INITIATED"


@pytest.mark.parametrize("fault", ["no token", "other secret", "other body", "no json"])
async def test_a_webhook_that_livekit_did_not_sign_is_refused(
    serve_api: ServeApi, fault: str
) -> None:
    async with serve_api() as api:
        body = "{" if fault == "no json" else left()
        headers = {
            "no token": {},
            "other secret": signed(body, "another-secret-0123456789abcdef-0123"),
            "other body": signed(left("EV_9")),
            "no json": signed(body),
        }[fault]
        answer = await api.client.post("/livekit/webhook", content=body, headers=headers)
        assert_problem(answer, 401)
        assert api.heard == []


async def test_a_room_that_is_over_frees_its_place(serve_api: ServeApi) -> None:
    async with serve_api(LEADLINE_CONCURRENT_CALLS="1") as api:
        room = (await api.client.post("/calls", headers=api.as_("website"))).json()["room"]
        assert (await api.client.post("/calls", headers=api.as_("website"))).status_code == 429
        body = json.dumps({"event": "room_finished", "id": "EV_3", "room": {"name": room}})
        await api.client.post("/livekit/webhook", content=body, headers=signed(body))
        await until_heard(api.heard, 1)
        assert (await api.client.post("/calls", headers=api.as_("website"))).status_code == 201


# Health, and what there is ---------------------------------------------------------------------


async def test_health_asks_nobody_and_readiness_asks_all(serve_api: ServeApi) -> None:
    async with serve_api(REDIS_URL="redis://127.0.0.1:9/0") as api:
        await api.client.get("/leads", headers=api.as_("crm"))  # Makes the database.
        assert (await api.client.get("/healthz")).json() == {"status": "ok"}
        answer = await api.client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {
            "status": "not ready",
            "checks": {"database": "ok", "livekit": "away", "redis": "away"},
        }


async def test_openapi_names_every_address_with_its_key_and_its_problems(
    serve_api: ServeApi,
) -> None:
    async with serve_api(LEADLINE_WEB_DEMO="true") as api:
        document = (await api.client.get("/openapi.json")).json()
        assert set(document["paths"]) == {
            "/calls",
            "/calls/{call_id}",
            "/leads",
            "/leads/{lead_id}",
            "/livekit/webhook",
            "/browser/calls",
            "/healthz",
            "/readyz",
        }
        post = document["paths"]["/calls"]["post"]
        assert post["security"]
        assert "application/problem+json" in post["responses"]["429"]["content"]
        assert "ProblemDetails" in document["components"]["schemas"]


@pytest.mark.parametrize(("method", "status"), [("GET", 405), ("DELETE", 405)])
async def test_another_method_or_address_is_a_problem_too(
    serve_api: ServeApi, method: str, status: int
) -> None:
    async with serve_api() as api:
        assert_problem(await api.client.request(method, "/calls"), status)
        assert_problem(await api.client.get("/nothing/here"), 404)


# The page --------------------------------------------------------------------------------------


async def test_without_the_setting_there_is_no_page_and_no_call_without_a_key(
    serve_api: ServeApi,
) -> None:
    async with serve_api() as api:
        assert_problem(await api.client.get("/"), 404)
        headers = {"Origin": "http://testserver"}
        assert_problem(await api.client.post("/browser/calls", headers=headers), 404)


async def test_the_page_starts_a_call_without_a_key_within_limits(serve_api: ServeApi) -> None:
    async with serve_api(LEADLINE_WEB_DEMO="true", LEADLINE_CALLS_PER_MINUTE="1") as api:
        headers = {"Origin": "http://testserver"}
        answer = await api.client.post("/browser/calls", headers=headers)
        assert answer.status_code == 201
        assert answer.json()["token"]
        assert_problem(await api.client.post("/browser/calls", headers=headers), 429)


@pytest.mark.parametrize("origin", [None, "https://example.com", "http://testserver.evil.com"])
async def test_other_sites_pages_start_no_call(serve_api: ServeApi, origin: str | None) -> None:
    async with serve_api(LEADLINE_WEB_DEMO="true") as api:
        headers = {"Origin": origin} if origin else {}
        assert_problem(await api.client.post("/browser/calls", headers=headers), 403)
        assert api.dispatcher.asked == []


async def test_the_page_may_connect_to_livekit_and_load_nothing_from_elsewhere(
    serve_api: ServeApi,
) -> None:
    async with serve_api(
        LEADLINE_WEB_DEMO="true", LEADLINE_LIVEKIT_PUBLIC_URL="ws://localhost:7880"
    ) as api:
        page = await api.client.get("/")
        policy = page.headers["content-security-policy"]
        assert "default-src 'self';" in policy
        assert "connect-src 'self' ws://localhost:7880 http://localhost:7880;" in policy
        for asset in ("/room.js", "/app.css", "/favicon.svg", "/LICENSES.txt"):
            assert (await api.client.get(asset)).status_code == 200
