"""The voice, without a pipeline."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bot.services.local import voice as voice_module
from bot.services.local.recogniser import recognise
from bot.services.local.voice import (
    PIECE_PHONEMES,
    StopSwitch,
    SynthesisStoppedError,
    Voice,
    load_voice,
    synthesise,
    with_output,
)


def test_the_model_is_loaded_once() -> None:
    with ThreadPoolExecutor(4) as pool:
        models = {id(m) for m in pool.map(lambda _: load_voice(), range(8))}

    assert len(models) == 1


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
def test_audio_comes_at_the_rate_asked_for(rate: int) -> None:
    speech = Voice(sentence_pause_secs=0.0).speak("Thank you very much.", sample_rate=rate)

    assert 0.8 < speech.duration_secs < 2.0
    assert len(speech.pcm) % 2 == 0


def test_speech_begins_at_once_and_ends_with_the_pause_behind_a_sentence() -> None:
    pcm = np.frombuffer(Voice(sentence_pause_secs=0.5).speak("Thank you.").pcm, dtype="<i2")

    assert np.abs(pcm[: 16 * 60]).max() > 300  # within 60 ms
    assert not pcm[-8_000:].any()


def test_nothing_to_say_is_no_sound() -> None:
    assert synthesise("") == b""
    assert synthesise(" — ") == b""


def test_every_written_word_is_timed_in_order() -> None:
    text = "Write to jane.doe@acme.com — before 3:30 PM, please. Thank you!"
    speech = Voice().speak(text)

    assert " ".join(word.text for word in speech.words) == text
    for before, after in zip(speech.words, speech.words[1:], strict=False):
        assert before.start_secs < before.end_secs <= after.start_secs + 1e-9
    assert speech.words[-1].end_secs <= speech.duration_secs
    address = next(word for word in speech.words if "@" in word.text)
    assert address.end_secs - address.start_secs > 1.0


@pytest.mark.parametrize(
    "voice",
    [
        Voice(noise_scale=0.0, noise_width=0.0),
        Voice(noise_scale=0.0, noise_width=0.0, pitch=1.1, speed=1.15),
    ],
)
def test_audio_cut_behind_a_word_holds_the_words_up_to_it(voice: Voice) -> None:
    speech = voice.speak("Our sales team in Chicago has twenty people, and our budget is small.")
    end = next(word.end_secs for word in speech.words if word.text == "people,")
    heard = recognise(speech.pcm[: 2 * round(end * speech.sample_rate)]).lower()

    assert "people" in heard
    assert "budget" not in heard


def test_speed_shortens_and_pitch_does_not() -> None:
    text = "We are a team of about twenty-five people in customer support."
    steady = {"noise_width": 0.0, "sentence_pause_secs": 0.0}
    plain = Voice(**steady).speak(text).duration_secs

    assert Voice(speed=1.5, **steady).speak(text).duration_secs < 0.75 * plain
    assert Voice(pitch=1.15, **steady).speak(text).duration_secs == pytest.approx(plain, rel=0.15)


def test_a_higher_pitch_is_a_higher_pitch() -> None:
    low, high = (_median_pitch_hz(Voice(pitch=pitch)) for pitch in (0.9, 1.2))

    assert 1.15 < high / low < 1.55


def _median_pitch_hz(voice: Voice) -> float:
    pcm = np.frombuffer(voice.speak("We really are, you know, on our own now.").pcm, dtype="<i2")
    windows = pcm[: len(pcm) // 800 * 800].reshape(-1, 800).astype(np.float64)
    loud = windows[np.sqrt((windows**2).mean(axis=1)) > 1_000]
    lags = []
    for window in loud:
        correlation = np.correlate(window, window, "full")[799:]
        lags.append(40 + int(np.argmax(correlation[40:260])))  # 400 to 62 Hz
    return 16_000 / float(np.median(lags))


@pytest.mark.parametrize("settings", [{"speed": 0.0}, {"pitch": 3.0}, {"noise_scale": -1.0}])
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(settings))} is .*; use a value from"):
        Voice(**settings)


def test_a_long_sentence_begins_with_a_short_piece() -> None:
    text = (
        "Thanks for calling, and before we go on, let me make sure that I have everything right, "
        "because our sales team will read it, and they would rather not ask you all of it again."
    )
    pieces = Voice().plan(text)

    assert len(pieces) > 1
    assert len(pieces[0].words) <= 12
    assert [piece.ends_sentence for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert " ".join(word for piece in pieces for word in piece.words) == text


def test_a_sentence_without_any_pause_is_cut_between_words() -> None:
    pieces = Voice().plan("word " * 300)

    assert max(sum(map(len, piece.phonemes)) for piece in pieces) <= 2 * PIECE_PHONEMES + 10


def test_a_stopped_synthesis_ends_at_once_even_in_the_model() -> None:
    voice, switch = Voice(), StopSwitch()
    piece = max(voice.plan("word " * 300), key=lambda p: len(p.words))
    running = threading.Event()
    session = load_voice()._session

    class Announced:
        def run(self, *args: object) -> object:
            running.set()
            return session.run(*args)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as pool:
        patch.setattr(load_voice(), "_session", Announced())
        job = pool.submit(voice.render, piece, sample_rate=16_000, switch=switch)
        assert running.wait(10)
        switch.stop()
        with pytest.raises(SynthesisStoppedError):
            job.result(30)
    with pytest.raises(SynthesisStoppedError):
        voice.render(piece, sample_rate=16_000, switch=switch)


def test_an_inner_value_becomes_an_output_by_protobufs_own_merging() -> None:
    graph = b"\x3a\x02\x12\x00"  # field 7 (graph) with an empty name

    assert with_output(graph, "x") == graph + b"\x3a\x0b\x62\x09\x0a\x01x\x12\x04\x0a\x02\x08\x01"


def test_preloading_twice_costs_nothing_the_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    voice_module.preload_voice()
    monkeypatch.setattr(voice_module, "_warm_up", pytest.fail)
    voice_module.preload_voice()
