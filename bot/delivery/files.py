"""A file that takes leads: one line for each revision, whole or not at all.

Any number of deliverers may append to it, also from several machines if its file system locks. A
line that was written by a process that died before it could say so is found again, not repeated.
"""

from __future__ import annotations

import asyncio
import csv
import errno
import fcntl
import io
import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.delivery.target import Outcome, Parcel, Verdict
from bot.delivery.webhook import encode
from bot.lead_csv import LeadCsv
from bot.records import LeadRecord

LOCK_TIMEOUT_S = 5.0
TIMEOUT_S = 15.0
_LOCK_POLL_S = 0.02
_MODE = 0o600

Shapes = Callable[[LeadRecord], Mapping[str, Sequence[str]]]


class FileTarget(ABC):
    """What the CSV and the JSONL file share: the lock, the line's end, the disk."""

    def __init__(self, *, name: str, path: Path) -> None:
        """`path` is made, for its owner only, with the folders above it."""
        self._name = name
        self._path = path.expanduser()

    @property
    def name(self) -> str:
        """Its name in the outbox."""
        return self._name

    @property
    def at_once(self) -> int:
        """One line after the other."""
        return 1

    @property
    def timeout_s(self) -> float:
        """More than the lock is waited for."""
        return TIMEOUT_S

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Append the lead's line and wait until it is on the disk."""
        try:
            return await asyncio.to_thread(self._append, parcel)
        except TimeoutError:
            return Outcome(verdict=Verdict.RETRY, detail="another process holds the file")
        except ValueError as error:
            return Outcome(verdict=Verdict.REFUSED, detail=str(error))
        except OSError as error:
            return Outcome(
                verdict=Verdict.RETRY,
                detail=f"the file cannot be written ({os.strerror(error.errno or errno.EIO)})",
            )

    async def aclose(self) -> None:  # noqa: B027 - a file needs no more than this.
        """Nothing is held between two lines."""

    def _append(self, parcel: Parcel) -> Outcome:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(self._path) as file:
            # Only a parcel that was tried before can be there.
            if parcel.attempt > 1 and self._holds(file, parcel):
                return Outcome(verdict=Verdict.DELIVERED, detail="the line was there already")
            end = os.lseek(file, 0, os.SEEK_END)
            torn = end > 0 and os.pread(file, 1, end - 1) != b"\n"
            first_line = _first_line(file) if end else None
            _append_whole(file, (b"\n" if torn else b"") + self._lines(parcel.lead, first_line))
        return Outcome(verdict=Verdict.DELIVERED, detail="appended")

    @abstractmethod
    def _lines(self, lead: LeadRecord, first_line: str | None) -> bytes:
        """The lead as the file keeps it; `first_line` is the file's, None if it is empty."""

    def _holds(self, file: int, parcel: Parcel) -> bool:
        with os.fdopen(os.dup(file), "rb") as reader:
            reader.seek(0)
            text = io.TextIOWrapper(reader, encoding="utf-8", errors="replace", newline="")
            wanted = (parcel.lead.lead_id, str(parcel.revision))
            return any(found == wanted for found in self._revisions(text))

    @abstractmethod
    def _revisions(self, text: io.TextIOBase) -> Iterator[tuple[str, str]]:
        """The lead and revision of each whole line."""


class JsonlTarget(FileTarget):
    """The document of `leadline leads export --format jsonl`, a line each."""

    def _lines(self, lead: LeadRecord, first_line: str | None) -> bytes:
        return encode(Parcel(delivery_id="", lead=lead, attempt=1)) + b"\n"

    def _revisions(self, text: io.TextIOBase) -> Iterator[tuple[str, str]]:
        for line in text:
            try:
                document = json.loads(line)
                yield str(document["lead_id"]), str(document["revision"])
            except (ValueError, TypeError, KeyError):
                continue  # A torn line, or somebody's own.


class CsvTarget(FileTarget):
    """The table of `leadline leads export`, safe for a spreadsheet.

    The header of the file rules: fields that it does not have go, as JSON, into its last column.
    """

    def __init__(self, *, name: str, path: Path, shapes: Shapes) -> None:
        """`shapes`: the columns of a new file, from its first lead; see `LeadCsv`."""
        super().__init__(name=name, path=path)
        self._shapes = shapes

    def _lines(self, lead: LeadRecord, first_line: str | None) -> bytes:
        if first_line is None:
            table = LeadCsv(self._shapes(lead), open_ended=True)
            return (table.header() + table.row(lead)).encode()
        try:
            table = LeadCsv.from_header(first_line)
        except (ValueError, csv.Error):
            raise ValueError(
                "the file does not begin with the header of Leadline's table; move it away"
            ) from None
        return table.row(lead).encode()

    def _revisions(self, text: io.TextIOBase) -> Iterator[tuple[str, str]]:
        for row in csv.DictReader(text):
            yield str(row.get("lead_id")), str(row.get("revision"))


def _append_whole(file: int, data: bytes) -> None:
    """All of it, on the disk, or nothing. Raises OSError."""
    end = os.lseek(file, 0, os.SEEK_END)
    written = 0
    try:
        written = os.write(file, data)
        os.fsync(file)
    finally:
        if written != len(data):
            os.ftruncate(file, end)  # Half a line would spoil the next one.
    if written != len(data):
        raise OSError(errno.ENOSPC, "no space left")


def _first_line(file: int) -> str:
    with os.fdopen(os.dup(file), "rb") as reader:
        reader.seek(0)
        return reader.readline(1_000_000).decode("utf-8", "replace").rstrip("\r\n")


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The file, open for appending, for us alone. Raises TimeoutError after `LOCK_TIMEOUT_S`."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _MODE)
    try:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError from None
                time.sleep(_LOCK_POLL_S)
        yield file
    finally:
        os.close(file)  # Which unlocks it.
