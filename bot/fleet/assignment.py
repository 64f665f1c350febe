"""What a worker is told about a call: the metadata of a LiveKit dispatch.

A dispatch is a hint that may be lost; the call's id in it is what makes a repeated one harmless.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import UsageError

MAX_METADATA_BYTES = 16_384
"""More than a sales team needs, less than LiveKit's limit of 64 KiB for metadata."""


class Assignment(BaseModel):
    """One call that a worker is to hold.

    Parameters:
        call_id: the call's id; a repeated dispatch carries the same. None for a dispatch by
            LiveKit's own tools: then the room's unfinished call is meant, or a new one.
        playbook: a playbook's name; None for the worker's own default.
        metadata: what the one who asked for the call wants to find again in the record.
        until: seconds since 1970 after which nobody waits for a bot any more.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    call_id: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    playbook: str | None = Field(None, max_length=100)
    metadata: dict[str, Any] = Field(default_factory=dict)
    until: float | None = None

    @classmethod
    def read(cls, text: str) -> Assignment:
        """The assignment in a dispatch's metadata, which is JSON or empty.

        Raises:
            UsageError: the metadata is not an assignment.
        """
        if not text.strip():
            return cls()
        if len(text.encode()) > MAX_METADATA_BYTES:
            raise UsageError(
                f"metadata: {len(text.encode())} bytes; at most {MAX_METADATA_BYTES} are possible"
            )
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "JSON"
            raise UsageError(
                f"metadata: {where}: {first['msg']}; "
                'send e.g. {"call_id": "...", "playbook": "b2b-software"}'
            ) from None

    def is_outdated(self, now: float) -> bool:
        """Whether whoever asked has been told that no bot comes. `now`: seconds since 1970."""
        return self.until is not None and now > self.until
