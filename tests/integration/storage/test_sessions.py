"""A session comes back as it was, from each store; a stale or an unknown one does not."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from bot.storage import session as session_module
from bot.storage.checkpoints import Checkpointer
from bot.storage.errors import SessionUnreadableError, StorageUnavailableError
from bot.storage.session import (
    PROGRESS_TTL_S,
    SESSION_TTL_S,
    SESSION_VERSION,
    Progress,
    Session,
    dump_session,
    load_session,
)
from bot.storage.sessions import InMemorySessions, LayeredSessions, SessionStore
from bot.storage.sessions_local import LocalSessions
from bot.storage.sessions_redis import RedisSessions
from bot.storage.sessions_sql import SqlSessions
from bot.storage.store import Store
from tests.integration.storage.conftest import settings_for
from tests.servers.valkey import ValkeyFactory, ValkeyServer
from tests.unit.storage.samples import BEGAN, PERSONAL, turn_of

pytestmark = pytest.mark.integration


@pytest.fixture(params=["memory", "sqlite", "postgres", "valkey"])
async def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SessionStore]:
    if request.param == "memory":
        yield InMemorySessions()
    elif request.param == "valkey":
        server: ValkeyServer = request.getfixturevalue("valkey_server")
        redis = RedisSessions(server.url)
        yield redis
        await redis.aclose()
    else:
        url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
        async with Store.opened(settings_for(tmp_path, url)) as store:
            yield SqlSessions(store._engine)


MakeSession = Callable[..., Session]


@pytest.fixture
def make() -> MakeSession:
    call_id = uuid4().hex

    def session(**changes: Any) -> Session:
        values: dict[str, Any] = {
            "call_id": call_id,
            "lead_id": "lead",
            "room": f"room-{call_id}",
            "transport": "livekit",
            "playbook": "b2b-software",
            "started_at": BEGAN,
            "saved_at": BEGAN,
            "token": 1,
            "n": 1,
            "conversation": {"said": ["hello"], "finals": []},
            "turns": [turn_of(1), turn_of(2)],
        }
        return Session(**values | changes)

    return session


async def test_it_comes_back_as_it_was_by_call_and_by_room(
    sessions: SessionStore, make: MakeSession
) -> None:
    session = make(greeted=True, ended="caller_left", resumed=2)
    assert await sessions.save(session)
    assert await sessions.load(session.call_id) == session
    assert await sessions.find(session.room) == session
    assert await sessions.load("unknown") is None
    assert await sessions.find("unknown") is None
    await sessions.delete(session.call_id)
    assert await sessions.load(session.call_id) is None
    assert await sessions.find(session.room) is None


async def test_the_newest_stays_whatever_comes_late(
    sessions: SessionStore, make: MakeSession
) -> None:
    assert await sessions.save(make(token=2, n=3))
    assert not await sessions.save(make(token=1, n=9))
    assert not await sessions.save(make(token=2, n=2))
    assert await sessions.save(make(token=2, n=3, greeted=True))
    assert await sessions.save(make(token=3, n=1))
    kept = await sessions.load(make().call_id)
    assert kept is not None
    assert kept.age == (3, 1)


async def test_words_that_nobody_answered_come_back_with_their_checkpoint_only(
    sessions: SessionStore, make: MakeSession
) -> None:
    await sessions.save(make(n=1))
    words = Progress(call_id=make().call_id, token=1, n=1, conversation={"finals": ["fifty"]})
    await sessions.save_progress(words)
    restored = await sessions.load(make().call_id)
    assert restored is not None
    assert restored.conversation == {"said": ["hello"], "finals": ["fifty"]}
    await sessions.save(make(n=2))
    later = await sessions.load(make().call_id)
    assert later is not None
    assert later.conversation["finals"] == []


def documents() -> list[tuple[str, str]]:
    return [
        (json.dumps({"version": SESSION_VERSION + 1, "call_id": "x"}), "newer version"),
        (json.dumps({"version": None}), "version None"),
        (json.dumps({"version": 0}), "cannot read any more"),
        (json.dumps({"version": SESSION_VERSION, "call_id": PERSONAL[0]}), "damaged at lead_id"),
        (json.dumps([1]), "version None"),
        ('{"version": 1, "call', "not JSON"),
    ]


@pytest.mark.parametrize(("text", "message"), documents())
def test_what_this_version_cannot_read_whole_is_refused(text: str, message: str) -> None:
    with pytest.raises(SessionUnreadableError, match=message) as refused:
        load_session(text)
    assert PERSONAL[0] not in str(refused.value)


def test_an_older_one_is_migrated_step_by_step(
    monkeypatch: pytest.MonkeyPatch, make: MakeSession
) -> None:
    old = json.loads(dump_session(make()))
    old["version"] = SESSION_VERSION - 2
    old["answers"] = old.pop("conversation")
    monkeypatch.setitem(
        session_module.MIGRATIONS,
        SESSION_VERSION - 2,
        lambda d: {"talk" if k == "answers" else k: v for k, v in d.items()},
    )
    monkeypatch.setitem(
        session_module.MIGRATIONS,
        SESSION_VERSION - 1,
        lambda d: {"conversation" if k == "talk" else k: v for k, v in d.items()},
    )
    assert load_session(json.dumps(old)) == make()


async def test_a_newer_one_in_a_store_is_refused_not_half_read(
    valkey_server: ValkeyServer, make: MakeSession
) -> None:
    sessions = RedisSessions(valkey_server.url)
    document = json.loads(dump_session(make())) | {"version": 99}
    async with Redis.from_url(valkey_server.url) as client:
        await client.hset(f"leadline:session:{make().call_id}", "document", json.dumps(document))
    with pytest.raises(SessionUnreadableError, match="version 99"):
        await sessions.load(make().call_id)
    await sessions.aclose()


async def test_in_redis_they_live_for_an_hour_and_five_minutes(
    valkey_server: ValkeyServer, make: MakeSession
) -> None:
    sessions = RedisSessions(valkey_server.url)
    call_id = make().call_id
    await sessions.save(make())
    await sessions.save_progress(Progress(call_id=call_id, token=1, n=1, conversation={}))
    async with Redis.from_url(valkey_server.url) as client:
        session_s = await client.ttl(f"leadline:session:{call_id}")
        turn_s = await client.ttl(f"leadline:turn:{call_id}")
    assert SESSION_TTL_S - 60 < session_s <= SESSION_TTL_S
    assert PROGRESS_TTL_S - 60 < turn_s <= PROGRESS_TTL_S
    await sessions.aclose()


async def test_a_session_outlives_a_redis_that_is_away_and_comes_back_empty(
    new_valkey_server: ValkeyFactory, tmp_path: Path, make: MakeSession
) -> None:
    server = new_valkey_server()
    async with Store.opened(settings_for(tmp_path)) as store:
        both = LayeredSessions([RedisSessions(server.url), SqlSessions(store._engine)])
        assert await both.save(make(n=1))
        server.kill()
        assert await both.save(make(n=2))
        assert (await both.load(make().call_id) or make()).n == 2
        server.start()
        assert (await both.find(make().room) or make()).n == 2
        assert await both.save(make(n=3))
        assert (await both.load(make().call_id) or make()).n == 3
        await both.delete(make().call_id)
        assert await both.load(make().call_id) is None
        await both.aclose()


async def test_checkpoints_wait_for_a_store_that_is_away_and_only_the_newest_is_written(
    new_valkey_server: ValkeyFactory, make: MakeSession
) -> None:
    server = new_valkey_server()
    sessions = RedisSessions(server.url)
    checkpoints = Checkpointer(sessions=sessions, retry_s=0.05)
    checkpoints.save(make(n=1))
    assert await checkpoints.flush()
    server.pause()
    for n in range(2, 50):
        checkpoints.save(make(n=n))
        checkpoints.progress(
            Progress(call_id=make().call_id, token=1, n=n, conversation={"finals": [n]})
        )
    assert not await checkpoints.flush(0.3)
    server.resume()
    assert await checkpoints.flush(5)
    kept = await sessions.load(make().call_id)
    assert kept is not None
    assert (kept.n, kept.conversation["finals"]) == (49, [49])
    await checkpoints.aclose()
    await sessions.aclose()


async def test_a_checkpoint_that_redis_lost_is_saved_again_with_the_open_words(
    new_valkey_server: ValkeyFactory, make: MakeSession
) -> None:
    server = new_valkey_server()
    sessions = RedisSessions(server.url)
    checkpoints = Checkpointer(sessions=sessions, recheck_s=0.1)
    checkpoints.save(make(n=7))
    assert await checkpoints.flush()
    checkpoints.progress(
        Progress(call_id=make().call_id, token=1, n=7, conversation={"finals": ["fifty"]})
    )
    assert await checkpoints.flush()
    server.kill()
    server.start()  # Empty.
    async with asyncio.timeout(10):
        while (kept := await sessions.load(make().call_id)) is None or not kept.conversation[  # noqa: ASYNC110
            "finals"
        ]:
            await asyncio.sleep(0.02)
    assert (kept.n, kept.conversation["finals"]) == (7, ["fifty"])
    await checkpoints.aclose()
    await sessions.aclose()


async def test_while_no_store_answers_the_disk_keeps_the_newest_for_the_next_bot_here(
    tmp_path: Path, make: MakeSession
) -> None:
    away = RedisSessions("redis://127.0.0.1:1/0")
    first = LayeredSessions([away], spill=LocalSessions(tmp_path / "sessions"))
    for n in (1, 2):
        with pytest.raises(StorageUnavailableError):
            await first.save(make(n=n))
    words = Progress(call_id=make().call_id, token=1, n=2, conversation={"finals": ["fifty"]})
    with pytest.raises(StorageUnavailableError):
        await first.save_progress(words)
    files = list((tmp_path / "sessions").iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    second = LayeredSessions([InMemorySessions()], spill=LocalSessions(tmp_path / "sessions"))
    for found in (await second.load(make().call_id), await second.find(make().room)):
        assert found is not None
        assert (found.n, found.conversation["finals"]) == (2, ["fifty"])
    # An older one never comes before it, and what is over is gone.
    assert await second.save(make(n=1))
    assert (await second.load(make().call_id) or make()).n == 2
    await second.delete(make().call_id)
    assert await second.load(make().call_id) is None
    assert list((tmp_path / "sessions").iterdir()) == []
    for each in (first, second):
        await each.aclose()


async def test_a_call_that_ended_while_redis_was_away_has_no_session_when_it_is_back(
    new_valkey_server: ValkeyFactory, tmp_path: Path, make: MakeSession
) -> None:
    server = new_valkey_server()
    async with Store.opened(settings_for(tmp_path)) as store:
        both = LayeredSessions([RedisSessions(server.url), SqlSessions(store._engine)])
        assert await both.save(make(n=5))
        server.pause()
        with pytest.raises(StorageUnavailableError):
            await both.delete(make().call_id)
        server.resume()
        others = LayeredSessions([RedisSessions(server.url), SqlSessions(store._engine)])
        assert await others.load(make().call_id) is None
        assert await others.find(make().room) is None
        for each in (both, others):
            await each.aclose()


async def test_an_erased_call_leaves_nothing_and_what_its_bot_still_saves_is_not_kept(
    valkey_server: ValkeyServer, make: MakeSession
) -> None:
    sessions, session = RedisSessions(valkey_server.url), make(room=f"room-{PERSONAL[2]}")
    await sessions.save(session)
    await sessions.save_progress(
        Progress(call_id=session.call_id, token=1, n=1, conversation={"finals": [PERSONAL[0]]})
    )
    await sessions.erase(session.call_id, session.room)
    assert await sessions.save(session.model_copy(update={"n": 2}))
    async with Redis.from_url(valkey_server.url, decode_responses=True) as client:
        keys = [key async for key in client.scan_iter(f"*{session.call_id}*")]
        assert keys == [f"leadline:erased:{session.call_id}"]
        assert await client.get(f"leadline:room:{session.room}") is None
    assert await sessions.load(session.call_id) is None
    await sessions.aclose()


async def test_a_slow_second_store_costs_a_caller_who_waits_next_to_nothing(
    make: MakeSession,
) -> None:
    class Hanging(InMemorySessions):
        async def load(self, call_id: str) -> Session | None:
            await asyncio.Event().wait()
            return None

    quick = InMemorySessions()
    await quick.save(make())
    both = LayeredSessions([quick, Hanging()])
    async with asyncio.timeout(5):
        assert await both.load(make().call_id) == make()


async def test_a_stale_bots_checkpoint_is_refused_and_it_is_told(make: MakeSession) -> None:
    sessions = InMemorySessions()
    await sessions.save(make(token=2))
    checkpoints = Checkpointer(sessions=sessions)
    checkpoints.save(make(token=1, n=99))
    async with asyncio.timeout(5):
        await checkpoints.is_stale.wait()
    await checkpoints.aclose()


async def test_a_redis_that_is_gone_is_named_without_its_password(make: MakeSession) -> None:
    sessions = RedisSessions("redis://:hunter2@127.0.0.1:1/0")
    with pytest.raises(StorageUnavailableError, match="check REDIS_URL") as refused:
        await sessions.save(make())
    assert "hunter2" not in str(refused.value)
    await sessions.aclose()
