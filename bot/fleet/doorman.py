"""Lets a caller into a call, or not: too many calls come from their telephone number.

A call that the HTTP API has started was counted there. One that comes by telephone is known only
when its caller is in the room, so it is counted here; Redis counts for all processes, and without
it nobody can, since each call has a process of its own.
"""

from __future__ import annotations

from bot.call_limits import CallLimits, Refusal
from bot.config import Settings


class Doorman:
    """Of one call."""

    def __init__(self, settings: Settings, *, room: str) -> None:
        """Nothing is connected before a caller with a number comes."""
        self._settings = settings
        self._room = room
        self._limits: CallLimits | None = None

    async def refuses(self, phone: str | None) -> Refusal | None:
        """Why a caller is not let in; None: they are, or their number is not known."""
        if phone is None or self._settings.redis_url is None:
            return None
        if self._limits is None:
            self._limits = CallLimits.of(self._settings)
        return await self._limits.admit(self._room, phone=phone)

    async def aclose(self) -> None:
        """The call is over: its place is free."""
        if self._limits is not None:
            await self._limits.release(self._room)
            await self._limits.aclose()
