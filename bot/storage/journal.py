"""One call's journal: a file for what waits while the database is away, private and bounded.

A line a record: "CRC32 JSON", so a torn or a damaged line is known and costs itself alone. The
file is there only while something waits. Its owner holds a lock on it; whoever gets the lock may
replay it (`bot.storage.replay`). All methods block: call them in a thread.
"""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord
from bot.storage.backlog import FinishWrite, StartWrite, TurnWrite, Write

JOURNAL_BYTES_AT_MOST: Final = 4 * 1024 * 1024
"""Of one call: 500 turns with their leads; what is more is dropped by its worth."""
FOLDER_BYTES_AT_MOST: Final = 256 * 1024 * 1024
"""Of all calls of the machine: then a new journal keeps little but the lead."""
CROWDED_BYTES_AT_MOST: Final = 64 * 1024

_SUFFIX = ".journal"


def journal_folder(data_dir: Path) -> Path:
    """Where a machine's journals are."""
    return data_dir / "journal"


class Journal:
    """What one bot of one call still has to write."""

    def __init__(
        self,
        *,
        folder: Path,
        call_id: str,
        token: int | None,
        limit_bytes: int = JOURNAL_BYTES_AT_MOST,
        folder_limit_bytes: int = FOLDER_BYTES_AT_MOST,
    ) -> None:
        """Touches nothing yet. `token`: the writer's fencing token, kept with each record."""
        self._token = token
        self._folder = folder
        self._path = folder / f"{file_name(call_id)}-{token or 0}{_SUFFIX}"
        self._own_limit = limit_bytes
        self._folder_limit = folder_limit_bytes
        self._file: int | None = None
        self.size = 0

    @property
    def exists(self) -> bool:
        """Whether something is kept."""
        return self._file is not None

    @property
    def limit_bytes(self) -> int:
        """How much may be kept; less when the folder is crowded with other calls' journals."""
        others = sum(
            file.stat().st_size for file in self._folder.glob(f"*{_SUFFIX}") if file != self._path
        )
        return self._own_limit if others < self._folder_limit else CROWDED_BYTES_AT_MOST

    def encoded(self, writes: Iterable[Write]) -> bytes:
        """As it is written."""
        return b"".join(encode(write, self._token) for write in writes)

    def rewrite(self, content: bytes) -> None:
        """Replace everything: after a crash there is the old content or the new.

        Raises:
            OSError: the disk is full or gone; the old content stays.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._path.with_suffix(".new")
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write_all(file, content)
            new.replace(self._path)
            _sync_folder(self._folder)
        except BaseException:
            os.close(file)
            new.unlink(missing_ok=True)
            raise
        self._close()
        self._file, self.size = file, len(content)

    def append(self, content: bytes) -> None:
        """Add records.

        Raises:
            OSError: the disk is full or gone; what was written of them is cut off again.
        """
        if self._file is None:
            raise ValueError("nothing is kept yet: rewrite")
        try:
            _write_all(self._file, content)
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += len(content)

    def clear(self) -> None:
        """Everything is in the database: the file goes."""
        if self._file is None:
            return
        try:
            # Also if the name cannot be removed: it must not be replayed over what comes now.
            os.ftruncate(self._file, 0)
            self._path.unlink(missing_ok=True)
        finally:
            self._close()

    def close(self) -> None:
        """Leave what is kept to the next process."""
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file, self.size = None, 0


def encode(write: Write, token: int | None) -> bytes:
    """One line."""
    if isinstance(write, TurnWrite):
        data: dict[str, Any] = {
            "kind": "turn",
            "call_id": write.call_id,
            "turn": write.turn.model_dump(mode="json"),
            "lead": _lead_document(write.lead) if write.lead else None,
            "latency": write.latency.model_dump(mode="json") if write.latency else None,
        }
    else:
        data = {
            "kind": "start" if isinstance(write, StartWrite) else "finish",
            "call": write.call.model_dump(mode="json"),
            "lead": _lead_document(write.lead),
        }
    # ASCII, so that no recogniser's character can break a line.
    body = json.dumps(data | {"token": token}, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _lead_document(lead: LeadRecord) -> dict[str, Any]:
    """All of it: the consents, too, which no document for others carries."""
    consents = [consent.model_dump(mode="json") for consent in lead.consents]
    return lead.model_dump(mode="json") | {"consents": consents}


def decode(content: bytes) -> tuple[list[tuple[Write, int | None]], int]:
    """The records in their order, and how many lines were torn or damaged, and left out."""
    records: list[tuple[Write, int | None]] = []
    damaged = 0
    for line in content.split(b"\n"):
        if not line:
            continue
        record = _decoded(line)
        if record is None:
            damaged += 1
        else:
            records.append(record)
    return records, damaged


def _decoded(line: bytes) -> tuple[Write, int | None] | None:
    checksum, _, body = line.partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(body) or len(checksum) != 8:
            return None
        data = json.loads(body)
        token = data["token"]
        if data["kind"] == "turn":
            latency = data["latency"]
            turn = TurnWrite(
                call_id=data["call_id"],
                turn=TurnRecord.model_validate(data["turn"]),
                lead=LeadRecord.model_validate(data["lead"]) if data["lead"] else None,
                latency=TurnLatency.model_validate(latency) if latency else None,
            )
            return turn, token
        kind = StartWrite if data["kind"] == "start" else FinishWrite
        call = CallRecord.model_validate(data["call"])
        return kind(call=call, lead=LeadRecord.model_validate(data["lead"])), token
    except (ValueError, KeyError, TypeError):
        return None


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
    os.fsync(file)


def _sync_folder(folder: Path) -> None:
    """So that the new name survives a power cut, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_name(call_id: str) -> str:
    """Call ids are ours, but may come with a dispatch from outside."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in call_id)[:100]
