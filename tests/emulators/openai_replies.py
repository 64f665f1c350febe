"""What the OpenAI emulator answers: scripted replies, rules over the messages, or an echo."""

import json
import re
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r"\s*\S+")
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """A function that the model wants called."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: f"call_{uuid.uuid4().hex[:24]}")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer: text, or tool calls, or both."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    ignores_limit: bool = False
    """Answers as long as it likes, whatever `max_tokens` says."""

    @classmethod
    def of(cls, raw: "Reply | str | Mapping[str, Any]") -> "Reply":
        """A reply from a text, from data (answered as JSON), or from itself."""
        if isinstance(raw, Reply):
            return raw
        return cls(text=raw if isinstance(raw, str) else json.dumps(raw))


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """A body that has been accepted, with what rules usually look at."""

    body: Mapping[str, Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body["messages"])

    @property
    def is_structured(self) -> bool:
        """Whether JSON is asked for: an extraction rather than a turn of the dialogue."""
        kind = (self.body.get("response_format") or {}).get("type")
        return kind in ("json_object", "json_schema")

    @property
    def schema(self) -> Mapping[str, Any]:
        wanted = (self.body.get("response_format") or {}).get("json_schema") or {}
        found: Mapping[str, Any] = wanted.get("schema") or {}
        return found

    @property
    def last_user(self) -> str:
        """The text of the last message of the user, or an empty string."""
        said = [text_of(m) for m in self.messages if m["role"] == "user"]
        return said[-1] if said else ""

    @property
    def instructions(self) -> str:
        """All system and developer messages, in order."""
        return "\n".join(text_of(m) for m in self.messages if m["role"] in ("system", "developer"))


Rule = Callable[[ChatRequest], "Reply | str | Mapping[str, Any] | None"]


class Brain:
    """Chooses the answer: the script first, then the rules in order, then the fallback.

    Structured requests have a script of their own, because an extraction that runs beside the
    dialogue must not use up its replies.
    """

    def __init__(self, *, fallback: Rule | None = None) -> None:
        self.replies: deque[Reply] = deque()
        self.extractions: deque[Reply] = deque()
        self.rules: list[Rule] = []
        self._fallback = fallback or echo

    def answer(self, request: ChatRequest) -> Reply:
        script = self.extractions if request.is_structured else self.replies
        if script:
            return script.popleft()
        for rule in self.rules:
            if (raw := rule(request)) is not None:
                return Reply.of(raw)
        if request.is_structured:
            return Reply.of(least_instance(request.schema))
        raw = self._fallback(request)
        return Reply.of("" if raw is None else raw)


def echo(request: ChatRequest) -> str:
    """The default: proves in a transcript that the caller's words arrived."""
    return f"You said: {request.last_user}" if request.last_user else "Hello."


def tokens_of(text: str) -> Iterable[str]:
    """The pieces in which a text is streamed: words with the space before them."""
    return _TOKEN.findall(text)


def count_tokens(text: str) -> int:
    return max(1, len(text) // CHARACTERS_PER_TOKEN) if text else 0


def text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def least_instance(schema: Mapping[str, Any]) -> Any:
    """The emptiest value that a JSON schema allows: what a model finds in a text with nothing."""
    options = schema.get("anyOf") or schema.get("oneOf") or []
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "null" in kinds or any(o.get("type") == "null" for o in options):
        return None
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if options:
        return least_instance(options[0])
    least: dict[str | None, Any] = {"string": "", "boolean": False, "array": []}
    if kinds[0] in ("number", "integer"):
        return schema.get("minimum", 0)
    if kinds[0] in least:
        return least[kinds[0]]
    properties = schema.get("properties") or {}
    return {name: least_instance(of) for name, of in properties.items()}
