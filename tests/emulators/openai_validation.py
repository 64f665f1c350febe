"""How chat completions refuse a body, in OpenAI's own words and shape.

Sources: https://platform.openai.com/docs/api-reference/chat/create (parameters),
https://platform.openai.com/docs/guides/error-codes (statuses); every error is
`{"error": {"message", "type", "param", "code"}}`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

MODELS = frozenset(
    {
        "gpt-4o-mini",
        "gpt-4o",
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4.1-nano",
        "gpt-5",
        "gpt-5-mini",
        "gpt-5-nano",
        "o3-mini",
        "o4-mini",
    }
)
ROLES = ("system", "assistant", "user", "function", "tool", "developer")
# Models that reason take `max_completion_tokens` only, and the default temperature only.
_REASONING = re.compile(r"^(o\d|gpt-5)")
_NUMBERS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_KNOWN = frozenset(
    {
        "model",
        "messages",
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "seed",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "stop",
        "n",
        "user",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "service_tier",
        "store",
        "metadata",
        "modalities",
        "prediction",
        "reasoning_effort",
        "verbosity",
        "prompt_cache_key",
        "safety_identifier",
        "functions",
        "function_call",
        *_NUMBERS,
    }
)


class RefusedError(Exception):
    """A request that OpenAI refuses. Carries the HTTP status and the fields of the error body."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {"message": message, "type": kind, "param": param, "code": code},
        }


def check_body(body: Any, *, models: frozenset[str] = MODELS) -> None:
    """Raises:
    RefusedError: what is wrong with the body, as OpenAI says it.
    """
    if not isinstance(body, dict):
        raise RefusedError("We could not parse the JSON body of your request.")
    if unknown := set(body) - _KNOWN:
        raise RefusedError(f"Unrecognized request argument supplied: {sorted(unknown)[0]}")
    _check_model(body, models)
    _check_messages(body.get("messages"))
    _check_numbers(body)
    _check_limits(body)
    _check_stream(body)
    _check_tools(body)
    _check_response_format(body)


def _check_model(body: Mapping[str, Any], models: frozenset[str]) -> None:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise RefusedError("you must provide a model parameter")
    if model not in models:
        raise RefusedError(
            f"The model `{model}` does not exist or you do not have access to it.",
            status=404,
            code="model_not_found",
        )


def _check_messages(messages: Any) -> None:
    if messages is None:
        raise RefusedError(
            "Missing required parameter: 'messages'.",
            param="messages",
            code="missing_required_parameter",
        )
    if not isinstance(messages, list):
        raise RefusedError(
            "Invalid type for 'messages': expected an array of objects.",
            param="messages",
            code="invalid_type",
        )
    if not messages:
        raise RefusedError(
            "Invalid 'messages': empty array. Expected an array with minimum length 1,"
            " but got an empty array instead.",
            param="messages",
            code="empty_array",
        )
    for n, message in enumerate(messages):
        _check_message(n, message)
    _check_tool_replies(messages)


def _check_message(n: int, message: Any) -> None:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in ROLES:
        supported = ", ".join(f"'{r}'" for r in ROLES[:-1])
        raise RefusedError(
            f"Invalid value: '{role}'. Supported values are: {supported}, and '{ROLES[-1]}'.",
            param=f"messages[{n}].role",
            code="invalid_value",
        )
    content = message.get("content")
    may_be_null = role == "assistant" and (message.get("tool_calls") or message.get("refusal"))
    if content is None and not may_be_null:
        raise RefusedError(
            "Invalid value for 'content': expected a string, got null.",
            param=f"messages.[{n}].content",
        )
    if content is not None and not isinstance(content, str | list):
        raise RefusedError(
            f"Invalid type for 'messages[{n}].content': expected a string or an array of objects.",
            param=f"messages[{n}].content",
            code="invalid_type",
        )


def _check_tool_replies(messages: Sequence[Mapping[str, Any]]) -> None:
    open_calls: set[str] = set()
    for n, message in enumerate(messages):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                raise RefusedError(
                    "Invalid parameter: messages with role 'tool' must be a response to a"
                    " preceeding message with 'tool_calls'.",
                    param=f"messages.[{n}].role",
                )
            open_calls.discard(str(message["tool_call_id"]))
            continue
        _check_no_open_calls(open_calls, n)
        open_calls = {str(call["id"]) for call in message.get("tool_calls") or []}
    _check_no_open_calls(open_calls, len(messages))


def _check_no_open_calls(open_calls: set[str], n: int) -> None:
    if open_calls:
        raise RefusedError(
            "An assistant message with 'tool_calls' must be followed by tool messages responding"
            " to each 'tool_call_id'. The following tool_call_ids did not have response messages:"
            f" {', '.join(sorted(open_calls))}",
            param=f"messages.[{n}].role",
        )


def _check_numbers(body: Mapping[str, Any]) -> None:
    for name, (low, high) in _NUMBERS.items():
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedError(
                f"Invalid type for '{name}': expected a decimal.", param=name, code="invalid_type"
            )
        if value > high:
            raise RefusedError(
                f"Invalid '{name}': decimal above maximum value. Expected a value <= {high},"
                f" but got {value} instead.",
                param=name,
                code="decimal_above_max_value",
            )
        if value < low:
            raise RefusedError(
                f"Invalid '{name}': decimal below minimum value. Expected a value >= {low},"
                f" but got {value} instead.",
                param=name,
                code="decimal_below_min_value",
            )
    temperature = body.get("temperature")
    if _REASONING.match(body["model"]) and temperature not in (None, 1):
        raise RefusedError(
            f"Unsupported value: 'temperature' does not support {temperature} with this model."
            " Only the default (1) value is supported.",
            param="temperature",
            code="unsupported_value",
        )


def _check_limits(body: Mapping[str, Any]) -> None:
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        raise RefusedError(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            param="max_tokens",
        )
    if body.get("max_tokens") is not None and _REASONING.match(body["model"]):
        raise RefusedError(
            "Unsupported parameter: 'max_tokens' is not supported with this model."
            " Use 'max_completion_tokens' instead.",
            param="max_tokens",
            code="unsupported_parameter",
        )
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            raise RefusedError(
                f"Invalid type for '{name}': expected an integer.", param=name, code="invalid_type"
            )
        if value < 1:
            raise RefusedError(
                f"Invalid '{name}': integer below minimum value. Expected a value >= 1,"
                f" but got {value} instead.",
                param=name,
                code="integer_below_min_value",
            )


def _check_stream(body: Mapping[str, Any]) -> None:
    if body.get("stream_options") is not None and not body.get("stream"):
        raise RefusedError(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )


def _check_tools(body: Mapping[str, Any]) -> None:
    tools = body.get("tools")
    if tools is None:
        if body.get("tool_choice") not in (None, "none"):
            raise RefusedError(
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are"
                " specified.",
                param="tool_choice",
            )
        return
    if not isinstance(tools, list) or not tools:
        raise RefusedError(
            "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an"
            " empty array instead.",
            param="tools",
            code="empty_array",
        )
    for n, tool in enumerate(tools):
        name = (tool.get("function") or {}).get("name") if isinstance(tool, dict) else None
        if not name:
            raise RefusedError(
                f"Missing required parameter: 'tools[{n}].function.name'.",
                param=f"tools[{n}].function.name",
                code="missing_required_parameter",
            )


def _check_response_format(body: Mapping[str, Any]) -> None:
    wanted = body.get("response_format")
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in ("text", "json_object", "json_schema"):
        raise RefusedError(
            f"Invalid value: '{kind}'. Supported values are: 'json_object', 'json_schema', and"
            " 'text'.",
            param="response_format.type",
            code="invalid_value",
        )
    if kind == "json_object" and "json" not in str(body["messages"]).lower():
        raise RefusedError(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of"
            " type 'json_object'.",
            param="messages",
        )
    if kind == "json_schema" and not (wanted.get("json_schema") or {}).get("name"):
        raise RefusedError(
            "Missing required parameter: 'response_format.json_schema.name'.",
            param="response_format.json_schema.name",
            code="missing_required_parameter",
        )
