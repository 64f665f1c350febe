"""Evidence: the words that a value, or a consent, came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Source(StrEnum):
    """Who read a value out of the caller's words."""

    RULES = "rules"
    LLM = "llm"
    KEYPAD = "keypad"
    TYPED = "typed"


@dataclass(frozen=True)
class Evidence:
    """The words that a value came from. `turn` counts the caller's turns from 1."""

    text: str
    turn: int
    source: Source = Source.RULES
    value: Any = None
    confidence: float = 1.0
    rule: str = ""

    def document(self) -> dict[str, Any]:
        """The shape that `leadline chat --json` and the stored lead carry."""
        return {
            "text": self.text,
            "turn": self.turn,
            "source": self.source.value,
            "value": self.value,
            "confidence": self.confidence,
            "rule": self.rule,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Evidence:
        return cls(
            text=str(document["text"]),
            turn=int(document["turn"]),
            source=Source(document["source"]),
            value=document.get("value"),
            confidence=float(document.get("confidence", 1.0)),
            rule=str(document.get("rule", "")),
        )
