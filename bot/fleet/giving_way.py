"""A process that gets ready gives way to a call that begins.

When a call takes a warm process, the next one is started at once, and would take the processor for
some seconds just when a caller waits for the first word. So it waits a moment, unless it is wanted
itself. The parent tells its processes by a file: they are forked by a server that it cannot speak
with.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Final

BEGINNING_S: Final = 1.5
"""From a job's process to its first sound, on a busy machine."""
AT_MOST_S: Final = 2.5
"""A parent that died leaves its file behind."""
_POLL_S: Final = 0.05
_WHERE: Final = "LEADLINE_WORKER_BEGINNING"
"""In the environment of a worker's processes; nobody sets it but their parent."""


class Beginnings:
    """The parent's side."""

    def __init__(self) -> None:
        """Nothing begins yet. Before the first process is started."""
        self._folder = tempfile.TemporaryDirectory(prefix="leadline-worker-")
        self._file = Path(self._folder.name) / "beginning"
        self._until = 0.0
        os.environ[_WHERE] = str(self._file)

    def begun(self, now: float) -> None:
        """A call has taken its process. `now`: monotonic seconds."""
        self._until = now + BEGINNING_S
        self._file.touch()

    def look(self, now: float, *, is_anybody_waiting: bool) -> None:
        """To be told often: that time is over, or a call waits for a process to be ready."""
        if self._until and (is_anybody_waiting or now >= self._until):
            self._until = 0.0
            self._file.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the file."""
        self._folder.cleanup()


def give_way() -> None:
    """In a process that gets ready: wait while a call begins. Blocks."""
    where = os.environ.get(_WHERE)
    if where is None:
        return
    until = time.monotonic() + AT_MOST_S
    while time.monotonic() < until and Path(where).exists():
        time.sleep(_POLL_S)
