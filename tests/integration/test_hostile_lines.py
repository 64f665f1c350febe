"""Rubbish, floods, other scripts and injections as lines of `chat --json` and `capture --json`."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.integration.test_chat_command import documents, leadline
from tests.unit.flows.test_hostile_callers import INJECTIONS, ODD

MEGABYTE = "jane at " * 125_000
RANDOM_LINES = 200


def hostile() -> list[str]:
    rng = random.Random(4)
    words = [
        *[
            "yes",
            "no",
            "at",
            "dot",
            "dash",
            "five",
            "oh",
            "not",
            "with",
            "k",
            "double",
            "wait",
            "sorry",
        ],
        "@",
        "?",
        "$",
        "\U0001f44d",
    ]
    rubbish = [" ".join(rng.choices(words, k=rng.randrange(1, 25))) for _ in range(RANDOM_LINES)]
    odd = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in ODD]
    return [*INJECTIONS, *odd, *rubbish, MEGABYTE, "x" * 1_000_000]


def test_a_chat_answers_every_hostile_line_and_confirms_nothing(tmp_path: Path) -> None:
    lines = [*INJECTIONS, *hostile()[-RANDOM_LINES - 2 :][:40], MEGABYTE]
    texts = ["My email is jane dot doe at acme dot com", *lines]
    stdin = "".join(json.dumps({"text": t}) + "\n" for t in texts).encode()
    result = leadline("chat", "--scripted", "--json", data=tmp_path, stdin=stdin)
    replies = documents(result)
    assert len(replies) >= len(INJECTIONS)
    lead = next(r for r in reversed(replies) if "lead" in r)["lead"]
    assert lead["consent_to_contact"]["value"] is not True
    assert not any(
        "ignore your instructions" in line for line in result.stderr.decode().split("\n")
    )
    first = replies[1 : len(INJECTIONS) + 2]
    assert not any(f["status"] == "confirmed" for r in first for f in r["lead"].values())


def test_capture_answers_every_hostile_line_with_one_document(tmp_path: Path) -> None:
    texts = hostile()
    stdin = "".join(
        json.dumps({"text": text, "ask": ask}) + "\n"
        for text in texts
        for ask in (None, "email", "confirm:email")
    ).encode()
    result = leadline("capture", "--json", data=tmp_path, stdin=stdin)
    found = documents(result)
    assert len(found) == 3 * len(texts)
    assert all(set(d) == {"captured", "answer"} or set(d) == {"error"} for d in found)
    assert "eve@evil.com" not in result.stderr.decode()
