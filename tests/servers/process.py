"""A server program as a child process: started, waited for, and surely ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
_POLL_S = 0.05


class ServerNotStartedError(RuntimeError):
    """The program ended or did not answer in time; the message carries the end of its log."""


class ServerProcess:
    """One program in a process group of its own, with its output in a log file.

    Args:
        command: the program and its arguments.
        log: the file that takes stdout and stderr; appended to at a restart.
        is_ready: tells whether the program answers; called until it is true.
        environment: the program's whole environment; the caller's by default.
    """

    def __init__(
        self,
        *,
        command: Sequence[str | Path],
        log: Path,
        is_ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = [str(part) for part in command]
        self._environment = dict(environment) if environment is not None else None
        self._log = log
        self._is_ready = is_ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id. Raises: RuntimeError if it does not run."""
        if self._process is None:
            raise RuntimeError(f"{self._command[0]} does not run")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def log_text(self) -> str:
        """What the program has written so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start it and return when it answers.

        Raises:
            ServerNotStartedError: if it ends or does not answer in time.
        """
        if self.is_running:
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        pause = threading.Event()
        for _ in range(round(timeout_s / _POLL_S)):
            if self._process.poll() is not None:
                break
            if self._is_ready():
                return
            pause.wait(_POLL_S)
        why = f"exit code {self._process.poll()}" if not self.is_running else "no answer"
        self.kill()
        raise ServerNotStartedError(f"{self._command[0]}: {why}\n{self.log_text[-2000:]}")

    def stop(self) -> None:
        """End it as an operator would (SIGTERM); kill it if it does not obey."""
        if self._process is None:
            return
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None

    def wait(self, timeout_s: float) -> int:
        """Wait until it has ended by itself; its exit code. Raises: subprocess.TimeoutExpired."""
        if self._process is None:
            raise RuntimeError(f"{self._command[0]} does not run")
        return self._process.wait(timeout_s)

    def logged(self, text: str, timeout_s: float = 30.0) -> bool:
        """Wait until the program has written this; whether it came in time."""
        pause = threading.Event()
        for _ in range(round(timeout_s / _POLL_S)):
            if text in self.log_text:
                return True
            pause.wait(_POLL_S)
        return False

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen program go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
