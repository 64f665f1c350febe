"""What lives on this machine or beside it: database, Redis, data directory, models, ports."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from pathlib import Path

from bot.config import Settings
from bot.diagnosis.finding import (
    Finding,
    host_of,
    not_configured,
    refused,
    unreachable,
    usable,
)

REQUEST_TIMEOUT_S = 4.0
MIN_FREE_BYTES = 200 * 1024 * 1024
# Of `leadline demo` and `leadline web`.
PORTS = (7860, 8080)


async def check_redis(settings: Settings) -> Finding:
    """PING."""
    if settings.redis_url is None:
        return not_configured("redis", "not set: the database keeps the calls' state")
    from redis.asyncio import Redis
    from redis.exceptions import AuthenticationError, RedisError, ResponseError
    from redis.exceptions import ConnectionError as RedisConnectionError
    from redis.exceptions import TimeoutError as RedisTimeoutError

    client = Redis.from_url(
        settings.redis_url,
        socket_timeout=REQUEST_TIMEOUT_S,
        socket_connect_timeout=REQUEST_TIMEOUT_S,
        retry=None,
    )
    where = host_of(settings.redis_url)
    try:
        async with client:
            await client.ping()
    except AuthenticationError:
        return refused("redis", f"{where} refused the password", "correct it in REDIS_URL")
    except ResponseError as error:
        return refused("redis", f"{where}: {type(error).__name__}", "check the user in REDIS_URL")
    except (RedisConnectionError, RedisTimeoutError, OSError, TimeoutError) as error:
        return unreachable("redis", settings.redis_url, "REDIS_URL", error)
    except RedisError as error:
        return refused("redis", f"{where}: {type(error).__name__}", "check REDIS_URL")
    return usable("redis", f"server at {where} answers")


async def check_database(settings: Settings) -> Finding:
    """Opens the store as a call does: an empty or older database is migrated."""
    from bot.storage import StorageError, StorageUnavailableError, Store
    from bot.storage.engine import make_engine
    from bot.storage.schema import current_revision

    try:
        async with Store.opened(settings):
            pass
        engine = make_engine(settings)
        try:
            revision = await current_revision(engine)
        finally:
            await engine.dispose()
    except StorageError as error:
        detail, _, remedy = str(error).partition("; ")
        return Finding(
            name="database",
            configured=True,
            reachable=not isinstance(error, StorageUnavailableError),
            usable=False,
            detail=detail,
            remedy=remedy or "check DATABASE_URL, or LEADLINE_DATA_DIR",
        )
    kind = "SQLite" if settings.sqlalchemy_url.startswith("sqlite") else "Postgres"
    return usable("database", f"{kind}, revision {revision}")


async def check_data_dir(settings: Settings) -> Finding:
    """Writes a file into it and looks at the free space."""
    return await asyncio.to_thread(_data_dir, settings.data_dir.expanduser())


def _data_dir(path: Path) -> Finding:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path) as probe:
            probe.write(b"leadline")
            probe.flush()
            os.fsync(probe.fileno())
        free = shutil.disk_usage(path).free
    except OSError as error:
        return refused(
            "data directory",
            f"{path} cannot be written ({error.strerror})",
            "make it writable, or set LEADLINE_DATA_DIR to another directory",
        )
    if free < MIN_FREE_BYTES:
        return refused(
            "data directory",
            f"{path} has only {free // 1024**2} MiB left",
            "free some space, or set LEADLINE_DATA_DIR to another disk",
        )
    return usable("data directory", f"{path}, {free // 1024**3} GiB free")


async def check_local_speech(settings: Settings) -> Finding:
    """Loads both models and lets each run once."""
    del settings
    from bot.services.local import preload

    try:
        await asyncio.to_thread(preload)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        return refused(
            "local speech",
            f"the models cannot be loaded ({type(error).__name__})",
            "install the dependencies anew: remove .venv and run ./leadline doctor",
        )
    return usable("local speech", "the recogniser and the voice are loaded")


async def check_ports(settings: Settings) -> Finding:
    """Whether the usual ports are free; commands take --port for another."""
    del settings
    taken = [port for port in PORTS if not _is_free(port)]
    if not taken:
        return usable("ports", f"{' and '.join(map(str, PORTS))} are free")
    listed = " and ".join(map(str, taken))
    return Finding(
        name="ports",
        configured=True,
        reachable=True,
        usable=True,
        detail=f"{listed} in use, perhaps by another leadline",
        remedy="give leadline demo and leadline web another one with --port",
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
