"""Lines that are ready: their first silence is cut, a longer line begins with them, they last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest

from bot.services.kept_recordings import KeptRecordings
from bot.services.recordings import RecordedLines, Recordings, without_the_first_silence
from bot.services.tts_rungs import Piece, SpokenWord

RATE = 16_000
SORRY = "Sorry, we were cut off."


def loud(seconds: float) -> bytes:
    return np.full(int(seconds * RATE), 3000, dtype=np.int16).tobytes()


class OneVoice:
    """Says each word for half a second."""

    name = "hosted"

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def speak(self, text: str) -> AsyncGenerator[Piece, None]:
        self.texts.append(text)
        for n, word in enumerate(text.split()):
            await asyncio.sleep(0)
            yield SpokenWord(word, n * 0.5)
            yield loud(0.5)


async def test_a_line_that_begins_with_a_recording_asks_the_voice_only_for_the_rest() -> None:
    recordings = Recordings()
    recordings["hosted", SORRY, RATE] = [loud(1.0), SpokenWord("Sorry,", 0.0)]
    voice, lines = OneVoice(), RecordedLines(recordings, beginnings=(SORRY,))
    pieces = [piece async for piece in lines.sound(voice, f"{SORRY} Your name?", RATE)]
    assert voice.texts == ["Your name?"]
    assert pieces[0] == loud(1.0)
    words = [(piece.text, piece.start_s) for piece in pieces if isinstance(piece, SpokenWord)]
    assert words == [("Sorry,", 0.0), ("Your", 1.0), ("name?", 1.5)]


async def test_without_the_recording_the_voice_says_all_of_it() -> None:
    voice, lines = OneVoice(), RecordedLines(Recordings(), beginnings=(SORRY,))
    assert [piece async for piece in lines.sound(voice, f"{SORRY} Your name?", RATE)]
    assert voice.texts == [f"{SORRY} Your name?"]


async def test_who_stops_listening_stops_the_voice() -> None:
    recordings = Recordings()
    recordings["hosted", SORRY, RATE] = [loud(1.0)]
    voice, lines = OneVoice(), RecordedLines(recordings, beginnings=(SORRY,))
    sound = lines.sound(voice, f"{SORRY} Your name?", RATE)
    assert await anext(sound) == loud(1.0)
    await sound.aclose()


def test_the_silence_with_which_a_voice_begins_is_cut() -> None:
    pieces: list[Piece] = [SpokenWord("Sorry,", 0.2), bytes(RATE // 5 * 2), loud(0.5)]
    sound, word = without_the_first_silence(pieces, RATE)
    assert isinstance(sound, bytes) and isinstance(word, SpokenWord)
    assert len(sound) / 2 / RATE == pytest.approx(0.51, abs=0.011)
    assert word.start_s == pytest.approx(0.01, abs=0.011)


def test_a_kept_recording_is_there_for_the_next_process(tmp_path: Path) -> None:
    first = KeptRecordings(tmp_path / "voices", voices="a")
    first["hosted", SORRY, RATE] = [loud(0.1), SpokenWord("Sorry,", 0.0)]
    first.keep(("hosted", SORRY, RATE))
    assert KeptRecordings(tmp_path / "voices", voices="a") == first
    assert KeptRecordings(tmp_path / "voices", voices="another voice") == {}


def test_a_damaged_recording_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "half.json").write_text('{"version": 1, "voices": "a"')
    assert KeptRecordings(tmp_path, voices="a") == {}
