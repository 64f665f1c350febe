"""What a worker is told about a call: the metadata of a LiveKit dispatch.

A dispatch is a hint that may be lost; the call's id in it is what makes a repeated one harmless.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import UsageError

MAX_METADATA_BYTES = 16_384
"""More than a sales team needs, less than LiveKit's limit of 64 KiB for metadata."""


class Assignment(BaseModel):
    """One call that a worker is to hold.

    Parameters:
        call_id: the call's id; a repeated dispatch carries the same.
        playbook: a playbook's name; None for the worker's own default.
        metadata: what the one who asked for the call wants to find again in the record.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    call_id: str = Field(default_factory=lambda: uuid4().hex, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    playbook: str | None = Field(None, max_length=100)
    metadata: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def read(cls, text: str, *, job_id: str) -> Assignment:
        """The assignment in a dispatch's metadata.

        Args:
            text: JSON; may be empty (a dispatch by LiveKit's own tools), then the call gets its
                id from the job's.
            job_id: the job's id, e.g. `AJ_xxxxxxxx`.

        Raises:
            UsageError: the metadata is not an assignment.
        """
        if not text.strip():
            return cls(call_id=job_id)
        if len(text.encode()) > MAX_METADATA_BYTES:
            raise UsageError(
                f"metadata: {len(text.encode())} bytes; at most {MAX_METADATA_BYTES} are possible"
            )
        try:
            assignment = cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "JSON"
            raise UsageError(
                f"metadata: {where}: {first['msg']}; "
                'send e.g. {"call_id": "…", "playbook": "b2b-software"}'
            ) from None
        if "call_id" not in assignment.model_fields_set:
            return assignment.model_copy(update={"call_id": job_id})
        return assignment
