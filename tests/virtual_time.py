"""A loop whose clock jumps to the next timer: a test of time-outs takes no time and never flakes.

The loop's clock stands still while anything can run and moves only when everybody waits, by
exactly as much as the nearest timer asks for. Use `now` as the clock of what is tested, and give
the loop to pytest-asyncio (`pytest_asyncio_loop_factories` in the folder's conftest):

    async def test_something() -> None:
        began = now()
        await asyncio.sleep(60)
        assert now() - began == 60

Only for code without sockets, threads and subprocesses: nothing may come from outside.
"""

from __future__ import annotations

import asyncio
import selectors


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for a time-out it tells the loop how long that would have been."""

    def __init__(self) -> None:
        super().__init__()
        self.waited_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits, and no timer is set: this would hang for good")
            self.waited_s += max(timeout, 0.0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own, which begins at 1000 s."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds, in whole microseconds: sums of them stay exact enough to compare."""
        return round(1000.0 + self._jumping.waited_s, 6)


def now() -> float:
    """The running loop's time."""
    return asyncio.get_running_loop().time()
