"""An LLM that does what the directive at the tail of its context says, in the directive's words."""

from __future__ import annotations

import re

from tests.emulators.openai_replies import ChatRequest

_PATTERNS = (
    r"First say: (.*)",
    r"Then say, keeping the values: (.*)",
    r"Read back in exactly these words and wait for yes or no: (.*)",
    r"Close with: (.*?) Ask nothing\.",
    r"Then ask only this: (.*)",
)


def follow_the_directive(request: ChatRequest) -> str:
    """The words that the last system message wants said."""
    directive = str(request.messages[-1].get("content", ""))
    said = [found.group(1) for p in _PATTERNS if (found := re.search(p, directive))]
    return " ".join(said) or "Alright."
