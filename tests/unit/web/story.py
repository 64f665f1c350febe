"""A call as RTVI messages: what a real one sends, without models. For the page and its server."""

from __future__ import annotations

from typing import Any

Message = dict[str, Any]

FIELDS = (
    "name",
    "company",
    "need",
    "team_size",
    "budget",
    "timeline",
    "decision_maker",
    "email",
    "phone",
    "consent_to_contact",
    "meeting",
)
SCRIPT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("bot", "Hi, this is Ada, the AI assistant at Leadline. May I ask your full name?", {}),
    ("caller", "My name is Daniel Carter.", {"name": ("Daniel Carter", "validated")}),
    ("bot", "Nice to meet you, Daniel Carter. Which company are you with?", {}),
    ("caller", "I work for Green River Foods.", {"company": ("Green River Foods", "validated")}),
    ("bot", "Green River Foods, great. What are you hoping our software can help you with?", {}),
    (
        "caller",
        "We need help answering our sales calls at night.",
        {"need": ("We need help answering our sales calls at night.", "heard")},
    ),
    ("bot", "Thanks, that helps. How many people would be using it?", {}),
    ("caller", "About forty people.", {"team_size": (40, "validated")}),
    ("bot", "40 people, got it. What budget do you have in mind?", {}),
    (
        "caller",
        "We have thirty thousand dollars a year.",
        {
            "budget": (
                {"min": 30000, "max": 30000, "currency": "USD", "period": "year"},
                "validated",
            )
        },
    ),
    ("bot", "30,000 dollars a year, got it. What's the best e-mail address for you?", {}),
    (
        "caller",
        "It's daniel at greenriverfoods.com.",
        {"email": ("daniel@greenriverfoods.com", "validated")},
    ),
    (
        "bot",
        "Let me read that back: daniel at green river foods dot com. Is that right?",
        {},
    ),
    ("caller", "Yes, that's right.", {"email": ("daniel@greenriverfoods.com", "confirmed")}),
    ("bot", "And what's a good phone number to reach you?", {}),
    ("caller", "I'd rather not give you that.", {"phone": (None, "refused")}),
    (
        "bot",
        "Wonderful, that's all I need. A specialist will be in touch. Thank you, and goodbye!",
        {},
    ),
)


def server_message(data: Message) -> Message:
    """An event of ours on its way to the page."""
    return {"label": "rtvi-ai", "type": "server-message", "data": data}


def rtvi(kind: str, data: Message | None = None) -> Message:
    """One of Pipecat's own messages."""
    return {"label": "rtvi-ai", "type": kind, **({"data": data} if data is not None else {})}


def story(*, turns: int = len(SCRIPT), unfinished: bool = False) -> list[Message]:
    """The first `turns` turns; `unfinished` leaves the last one half said."""
    messages = [
        server_message({"type": "leadline.call", "state": "started", "call_id": "c0ffee"}),
    ]
    lead: dict[str, Message] = {
        field: {"value": None, "status": "open", "evidence": []} for field in FIELDS
    }
    messages.append(_lead(lead))
    for n, (role, text, learnt) in enumerate(SCRIPT[:turns], start=1):
        last = unfinished and n == turns
        messages += _bot_turn(n, text, last) if role == "bot" else _caller_turn(n, text, last)
        for field, (value, status) in learnt.items():
            lead[field] = {
                "value": value,
                "status": status,
                "evidence": [{"text": text, "turn": n, "source": "rules"}],
            }
        if learnt and not last:
            messages.append(_lead(lead))
    return messages


def _lead(lead: dict[str, Message]) -> Message:
    known = sum(field["status"] in ("validated", "confirmed") for field in lead.values())
    return server_message(
        {
            "type": "leadline.lead",
            "lead": {name: dict(field) for name, field in lead.items()},
            "score": 10 * known,
            "disposition": "qualified" if known >= 6 else "incomplete",
        }
    )


def _turn(n: int, role: str, text: str) -> Message:
    return server_message(
        {
            "type": "leadline.turn",
            "turn": {
                "n": n,
                "role": role,
                "text": text,
                "heard_text": text,
                "interrupted": False,
                "start_s": 4.0 * n,
                "end_s": 4.0 * n + 3,
                "rung": {"stt": "local", "llm": "scripted", "tts": "local"},
            },
        }
    )


def _caller_turn(n: int, text: str, unfinished: bool) -> list[Message]:
    words = text.split()
    messages = [rtvi("user-started-speaking")]
    messages += [
        rtvi("user-transcription", _transcript(" ".join(words[:count]), final=False))
        for count in range(1, len(words))
    ]
    if unfinished:
        return messages
    return [
        *messages,
        rtvi("user-transcription", _transcript(text, final=True)),
        rtvi("user-stopped-speaking"),
        _turn(n, "caller", text),
    ]


def _transcript(text: str, *, final: bool) -> Message:
    return {"text": text, "user_id": "u", "timestamp": "2026-01-01T00:00:00Z", "final": final}


def _bot_turn(n: int, text: str, unfinished: bool) -> list[Message]:
    words = text.split()
    messages = [rtvi("bot-started-speaking"), _output(n, "", text, "new")]
    stop = len(words) // 2 if unfinished else len(words)
    for count in range(1, stop + 1):
        spoken, rest = " ".join(words[:count]), " ".join(words[count:])
        messages.append(_output(n, spoken, rest, "in-progress" if rest else "completed"))
    if n > 1:
        messages.append(
            server_message(
                {
                    "type": "leadline.latency",
                    "n": n,
                    "voice_to_voice_ms": 540.0 + 37 * (n % 7),
                    "parts": {"endpointing_wait_ms": 300.0, "speech_synthesis_ms": 240.0},
                }
            )
        )
    if unfinished:
        return messages
    return [*messages, rtvi("bot-stopped-speaking"), _turn(n, "bot", text)]


def _output(segment: int, spoken: str, rest: str, status: str) -> Message:
    return rtvi(
        "bot-output",
        {
            "text": f"{spoken} {rest}".strip(),
            "segment_id": segment,
            "output_type": "sentence",
            "will_be_spoken": True,
            "spoken_status": status,
            "spoken_progress": {"accumulated_text": spoken, "remaining_text": rest},
        },
    )
