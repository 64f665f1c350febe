"""What is said beside the playbook, one module for each language."""

from flows.phrases import english
from flows.phrases.interface import Phrases, RepairStep

_LANGUAGES: dict[str, Phrases] = {"en": english.ENGLISH}


def phrases_for(language: str) -> Phrases:
    """Raises KeyError for a language that has no phrases."""
    return _LANGUAGES[language]


__all__ = ["Phrases", "RepairStep", "phrases_for"]
