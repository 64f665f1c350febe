"""The messages that Deepgram sends on a streaming connection, field by field.

Source: https://developers.deepgram.com/reference/speech-to-text/listen-streaming, and the models
in deepgram-sdk 7 (`deepgram/listen/v1/types/`), which are generated from the same description.
"""

import re
from datetime import UTC, datetime
from typing import Any

from tests.emulators.endpointing import Segment

MODEL_UUID = "30089e05-99d1-4376-b32e-c263170674af"
_UNSPOKEN = re.compile(r"[^\w'@.+&/-]+")


def results(
    *,
    transcript: str,
    segment: Segment | None,
    request_id: str,
    model: str,
    now_s: float,
    confidence: float,
    is_final: bool,
    speech_final: bool,
    from_finalize: bool = False,
) -> dict[str, Any]:
    """A `Results` message; word times are spread over the segment by the words' lengths."""
    start_s = segment.start_s if segment else now_s
    end_s = segment.speech_end_s if segment else now_s
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": round(end_s - start_s, 3),
        "start": round(start_s, 3),
        "is_final": is_final,
        "speech_final": speech_final,
        "channel": {
            "alternatives": [
                {
                    "transcript": transcript,
                    "confidence": confidence if transcript else 0.0,
                    "words": words(transcript, start_s, end_s, confidence),
                }
            ]
        },
        "metadata": {
            "request_id": request_id,
            "model_info": {"name": model, "version": "2025-01-09.0", "arch": "nova-3"},
            "model_uuid": MODEL_UUID,
        },
        "from_finalize": from_finalize,
    }


def words(transcript: str, start_s: float, end_s: float, confidence: float) -> list[dict[str, Any]]:
    tokens = transcript.split()
    letters = sum(len(t) for t in tokens) or 1
    per_letter_s = max(0.0, end_s - start_s) / letters
    found = []
    at_s = start_s
    for token in tokens:
        until_s = at_s + len(token) * per_letter_s
        found.append(
            {
                "word": plain(token),
                "start": round(at_s, 3),
                "end": round(until_s, 3),
                "confidence": confidence,
                "punctuated_word": token,
            }
        )
        at_s = until_s
    return found


def plain(text: str) -> str:
    """As Deepgram writes without `punctuate` and `smart_format`: lower case, no punctuation."""
    spoken = (_UNSPOKEN.sub("", t).strip(".").lower() for t in text.split())
    return " ".join(t for t in spoken if t)


def metadata(*, request_id: str, duration_s: float, channels: int) -> dict[str, Any]:
    """The summary that follows CloseStream (https://developers.deepgram.com/docs/close-stream)."""
    return {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": request_id,
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "created": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "duration": round(duration_s, 3),
        "channels": channels,
    }


def speech_started(at_s: float) -> dict[str, Any]:
    return {"type": "SpeechStarted", "channel": [0], "timestamp": round(at_s, 3)}


def utterance_end(last_word_end_s: float) -> dict[str, Any]:
    return {"type": "UtteranceEnd", "channel": [0], "last_word_end": round(last_word_end_s, 3)}


def schema_error(message: str) -> dict[str, Any]:
    """The answer to a text message that Deepgram does not know."""
    return {
        "type": "Error",
        "variant": "SchemaError",
        "description": "Could not deserialize last text message.",
        "message": message[:500],
    }
