"""Makes `pairs.jsonl`: what the local recogniser hears when the local voice says callers' values.

    python -m bot.bench.capture.record_pairs --groups 16 --minutes 6 > bot/bench/capture/pairs.jsonl

A group is one caller: a persona, a voice and a line (wide band or telephone, with noise at some
ratio). The file is committed, so that nobody needs the models, or the minutes, to run the bench.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from bot.bench.capture.dice import dice
from bot.bench.capture.personas import Persona, persona
from bot.bench.capture.spoken import lead_in, value_said

FIRST_SEED = 900_000
"""Recorded callers are other people than the bench's own personas."""
RATE = 16_000
FORMS: tuple[tuple[str, str, int], ...] = (
    # What may be asked of a caller, and how many takes of it.
    ("name", "plain", 2), ("name", "spelled", 1),
    ("company", "plain", 2), ("company", "spelled", 1),
    ("team_size", "plain", 2), ("budget", "plain", 2), ("timeline", "plain", 2),
    ("meeting", "plain", 2),
    ("email", "plain", 2), ("email", "spelled", 1), ("email", "words", 1),
    ("email", "local", 1), ("email", "local_words", 1), ("email", "domain", 1),
    ("phone", "plain", 2), ("phone", "digits", 1), ("phone", "last4", 1),
)  # fmt: skip
LINES = (("wide", 30), ("telephone", 30), ("telephone", 20), ("wide", 20), ("telephone", 10),
         ("wide", 15), ("telephone", 25), ("telephone", 5))  # fmt: skip


def recorded_persona(group: int) -> Persona:
    """The caller behind a group of pairs."""
    return persona(FIRST_SEED + group)


def utterances(group: int) -> Iterator[tuple[str, str, str]]:
    """(field, form, words) of everything that the group's caller says."""
    caller = recorded_persona(group)
    rng = dice(f"pairs-{group}")
    for key, form, takes in FORMS:
        if key not in caller.values:
            continue
        for take in range(takes):
            words = value_said(key, caller.values[key], caller.forms.get(key, ()), form, rng)
            before = lead_in(key, words, rng) if form == "plain" and take == 0 else ""
            yield key, form, f"{before} {words}".strip()


def on_the_line(pcm: bytes, *, band: str, snr_db: float, seed: int) -> bytes:
    """The telephone's band (300-3400 Hz at 8 kHz) and white noise at `snr_db` over the speech."""
    import numpy as np
    import soxr

    audio = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768
    if band == "telephone":
        spectrum = np.fft.rfft(audio)
        hz = np.fft.rfftfreq(len(audio), 1 / RATE)
        spectrum[(hz < 300) | (hz > 3400)] = 0
        narrow = soxr.resample(np.fft.irfft(spectrum, len(audio)), RATE, 8000)
        audio = soxr.resample(narrow, 8000, RATE).astype(np.float32)
    loud = audio[np.abs(audio) > 0.01]
    power = float(np.mean(loud**2)) if len(loud) else 1e-4
    noise = np.random.default_rng(seed).standard_normal(len(audio)).astype(np.float32)
    audio = audio + noise * np.sqrt(power / 10 ** (snr_db / 10))
    return bytes((np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes())


def record(groups: int, *, minutes: float) -> Iterator[dict[str, Any]]:
    """Speak, disturb, recognise; stops between two utterances when the time is over."""
    from bot.services.local import Voice, recognise, synthesise

    end = time.monotonic() + 60 * minutes
    for group in range(groups):
        rng = dice(f"voice-{group}")
        voice = Voice(pitch=rng.uniform(0.9, 1.25), speed=rng.uniform(0.85, 1.2))
        band, snr_db = LINES[group % len(LINES)]
        for take, (key, form, words) in enumerate(utterances(group)):
            if time.monotonic() > end:
                return
            pcm = synthesise(words, RATE, voice=voice)
            noisy = on_the_line(pcm, band=band, snr_db=snr_db, seed=1000 * group + take)
            yield {
                "group": group,
                "field": key,
                "form": form,
                "line": f"{band} {snr_db} dB",
                "said": words,
                "heard": recognise(noisy, RATE),
            }


def main() -> None:
    """Print one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=16)
    parser.add_argument("--minutes", type=float, default=6.0)
    options = parser.parse_args()
    for pair in record(options.groups, minutes=options.minutes):
        sys.stdout.write(json.dumps(pair, ensure_ascii=False) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
