"""The recogniser, without a pipeline."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.services.local import recogniser
from bot.services.local.engine import Urgency
from bot.services.local.recogniser import MAX_TEXT_CHARS, Utterance, bounded, recognise
from bot.services.local.voice import Voice, synthesise

UNVARYING = Voice(noise_scale=0.0, noise_width=0.0)


@pytest.mark.parametrize(
    ("heard", "kept"),
    [
        ("d-" * 60 + "d", "-".join("d" * 8)),
        ("Uh?", "Uh?"),
        ("", ""),
        ("five five five, zero zero zero zero", "five five five, zero zero zero zero"),
        ("no no no no no", "no no no no no"),
        ("thank you so much " * 30, "thank you so much thank you so much thank you so much"),
        ("It is, uh, " + "ha " * 40 + "funny", "It is, uh, ha ha ha ha ha ha ha ha funny"),
    ],
)
def test_endless_loops_are_cut_and_real_repetition_is_kept(heard: str, kept: str) -> None:
    assert bounded(heard).strip() == kept


def test_no_transcript_is_endless() -> None:
    assert len(bounded(" ".join(str(n) for n in range(5_000)))) <= MAX_TEXT_CHARS


def test_silence_is_no_text() -> None:
    assert recognise(bytes(32_000)) == ""
    assert recognise(b"") == ""


def test_an_odd_byte_at_the_end_does_no_harm() -> None:
    assert (
        "thank" in recognise(synthesise("Thank you very much.", voice=UNVARYING) + b"\x01").lower()
    )


def test_threads_do_not_garble_each_others_text() -> None:
    texts = ["Thank you very much.", "What company do you work for?"] * 3
    audio = [synthesise(text, voice=UNVARYING) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        heard = list(pool.map(recognise, audio))

    for text, words in zip(texts, heard, strict=True):
        assert text.split()[1].lower() in words.lower()


def test_text_is_read_while_it_is_spoken() -> None:
    pcm = synthesise("We are a team of about twenty-five people.", voice=UNVARYING)
    middle = len(pcm) // 4 * 2
    utterance = Utterance()
    utterance.hear(pcm[:middle])
    first = utterance.interim().result(30)
    utterance.hear(pcm[middle:])
    whole = utterance.final().result(30)

    assert "team" in first
    assert "people" not in first
    assert "people" in whole


def test_a_final_that_overtakes_a_waiting_interim_misses_nothing() -> None:
    utterance, release = Utterance(), threading.Event()
    recogniser.engine().submit(lambda: release.wait(10), urgency=Urgency.CALLER_WAITS)
    utterance.hear(synthesise("Thank you very much.", voice=UNVARYING))
    interim = utterance.interim()
    final = utterance.final()
    release.set()

    assert "thank you" in final.result(30).lower()
    assert interim.result(30) == ""


def test_the_model_is_loaded_once() -> None:
    with ThreadPoolExecutor(4) as pool:
        models = {id(m) for m in pool.map(lambda _: recogniser.load_recogniser(), range(8))}

    assert len(models) == 1
