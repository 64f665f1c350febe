"""A small run of `leadline bench capture`: its aims hold, and its figures mean what they say."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bot.bench.capture.benchmark import personas, run
from bot.bench.capture.dice import dice
from bot.bench.capture.noise import Clean, Synthetic, channel, recorded_pairs
from bot.bench.capture.personas import persona
from bot.bench.capture.spoken import Said
from tests.unit.flows.talk import default_playbook

CALLERS = 24


@pytest.mark.parametrize(
    ("noise", "exact", "turns"),
    [("clean", 0.995, 1.0), ("0.27", 0.99, 1.35), ("0.53", 0.97, 1.8), ("recogniser", 0.88, 2.8)],
)
def test_the_aims_hold(noise: str, exact: float, turns: float) -> None:
    report = run(playbook=default_playbook(), count=CALLERS, noise=noise, seed=3)
    total = report.dialogue.total
    assert total.exact / total.given >= exact
    assert total.confirmed_wrong == 0
    assert report.turns_to_clean <= turns
    assert report.dialogue.endless == 0


@pytest.mark.parametrize("noise", ["clean", "0.27"])
def test_a_lying_llm_confirms_nothing_wrong_and_costs_no_value(noise: str) -> None:
    playbook = default_playbook()
    report = run(playbook=playbook, count=CALLERS, noise=noise, seed=3, lying=True)
    assert report.dialogue.total.confirmed_wrong == 0
    assert report.dialogue.total.exact / report.dialogue.total.given >= 0.99
    assert report.dialogue.endless == 0


def test_it_is_better_than_a_naive_filler() -> None:
    report = run(playbook=default_playbook(), count=CALLERS, noise="0.53", seed=5)
    assert report.dialogue.total.exact > report.naive.total.exact
    assert report.dialogue.turns < report.naive.turns


def test_the_same_seed_gives_the_same_figures() -> None:
    one, other = (run(playbook=default_playbook(), count=6, noise="0.53") for _ in range(2))
    assert one.dialogue == other.dialogue
    assert one.naive == other.naive


def test_no_caller_and_no_recorded_speaker_is_in_both_halves() -> None:
    for noise in ("clean", "recogniser"):
        halves = [
            list(personas(40, seed=1, noise=noise, half=half))
            for half in ("development", "held-out")
        ]
        seeds = [{who.seed for who in half} for half in halves]
        groups = [{who.group for who in half} - {None} for half in halves]
        assert not seeds[0] & seeds[1]
        assert not groups[0] & groups[1]


def test_the_synthetic_channel_gets_the_given_share_of_values_wrong() -> None:
    rng = dice("channel")
    said = [Said("jane dot doe at acme dot com", before="it's", field="email")]
    clean = Clean().heard(said, group=None, rng=rng)
    line = Synthetic(0.27)
    wrong = sum(line.heard(said, group=None, rng=rng) != clean for _ in range(2000))
    assert 0.24 < wrong / 2000 < 0.30


def test_an_answer_without_a_value_arrives_as_it_was_said() -> None:
    line = Synthetic(1.0)
    assert line.heard([Said("", before="no")], group=None, rng=dice("no")) == "no"


def test_the_recorded_pairs_are_real_errors_of_many_speakers_and_lines() -> None:
    pairs = recorded_pairs()
    assert len(pairs) > 300
    assert len({p["group"] for p in pairs}) >= 12
    assert len({p["line"] for p in pairs}) >= 6
    assert sum(p["said"].casefold() != p["heard"].casefold().strip(".") for p in pairs) > 150


def test_a_persona_is_always_the_same() -> None:
    assert persona(7) == persona(7)
    assert len({str(persona(n).values) for n in range(100)}) == 100


def test_an_unknown_noise_is_refused() -> None:
    for name in ("loud", "1.5", "-1"):
        with pytest.raises(ValueError, match=r".*"):
            channel(name)


def test_the_command_prints_one_json_document() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "bench", "capture", "--personas", "3", "--json"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert document["dialogue"]["exact"] == 1.0
    assert set(document["dialogue"]["fields"]["email"]) >= {"exact", "confirmed_wrong", "unknown"}
    assert document["naive"]["turns_a_call"] > document["dialogue"]["turns_a_call"]
