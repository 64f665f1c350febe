"""The OpenAI emulator, driven by Pipecat's real service and by the real client."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from pipecat.frames.frames import (
    ErrorFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    MetricsFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.base_llm import OpenAILLMSettings
from pipecat.services.openai.llm import OpenAILLMService

from bot.services.endpoints import openai_base_url
from tests.emulators.bench import ServiceBench
from tests.emulators.faults import FaultKind
from tests.emulators.openai import DEFAULT_KEY, OpenAIEmulator, OpenAITiming
from tests.emulators.openai_replies import ChatRequest, Reply, ToolCall

HELLO: list[Any] = [
    {"role": "system", "content": "You are Leadline."},
    {"role": "user", "content": "Hello, I am Jane."},
]
QUICK = OpenAITiming(first_token_ms=1, per_token_ms=0)


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(timing=QUICK) as emulator:
        yield emulator


@pytest.fixture
async def client(emulator: OpenAIEmulator) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(
        api_key=DEFAULT_KEY, base_url=emulator.base_url, max_retries=0, timeout=5
    ) as client:
        yield client


def service(
    emulator: OpenAIEmulator,
    *,
    api_key: str = DEFAULT_KEY,
    settings: OpenAILLMSettings | None = None,
) -> OpenAILLMService:
    wanted = OpenAILLMSettings(model="gpt-4o-mini", temperature=0.3, max_completion_tokens=300)
    return OpenAILLMService(
        api_key=api_key,
        base_url=openai_base_url(emulator.http_url + "/"),
        settings=settings or wanted,
    )


async def reply_of(bench: ServiceBench) -> str:
    await bench.next(LLMFullResponseEndFrame)
    return "".join(f.text for f in bench.all(LLMTextFrame))


class TestThroughPipecat:
    async def test_a_scripted_reply_is_streamed(self, emulator: OpenAIEmulator) -> None:
        emulator.reply("Nice to meet you, Jane. What does your company do?")
        async with ServiceBench(service(emulator)) as bench:
            await bench.send(LLMContextFrame(LLMContext(HELLO)))
            assert await reply_of(bench) == "Nice to meet you, Jane. What does your company do?"
            assert len(bench.all(LLMTextFrame)) == 10

    async def test_the_usage_is_reported(self, emulator: OpenAIEmulator) -> None:
        async with ServiceBench(service(emulator)) as bench:
            await bench.send(LLMContextFrame(LLMContext(HELLO)))
            await reply_of(bench)
            data = [d for f in bench.all(MetricsFrame) for d in f.data]
        usage = [d.value for d in data if isinstance(d, LLMUsageMetricsData)]
        assert usage
        assert usage[0].completion_tokens > 0

    async def test_the_request_is_recorded_as_it_was_sent(self, emulator: OpenAIEmulator) -> None:
        async with ServiceBench(service(emulator)) as bench:
            await bench.send(LLMContextFrame(LLMContext(HELLO)))
            await reply_of(bench)
        chat = emulator.chats[0]
        assert chat.last_user == "Hello, I am Jane."
        assert chat.instructions == "You are Leadline."
        assert chat.body["temperature"] == 0.3
        assert chat.body["max_completion_tokens"] == 300
        assert chat.body["stream_options"] == {"include_usage": True}

    @pytest.mark.parametrize(
        ("kind", "says"),
        [(FaultKind.UNAUTHORIZED, "401"), (FaultKind.SERVER_ERROR, "500")],
    )
    async def test_a_refusal_becomes_an_error(
        self, emulator: OpenAIEmulator, kind: FaultKind, says: str
    ) -> None:
        emulator.faults.inject(kind, times=None)
        async with ServiceBench(service(emulator)) as bench:
            await bench.send(LLMContextFrame(LLMContext(HELLO)))
            error = await bench.next(ErrorFrame)
        assert says in error.error

    async def test_a_connection_cut_midway_leaves_the_beginning_and_an_error(
        self, emulator: OpenAIEmulator
    ) -> None:
        emulator.faults.inject(FaultKind.CLOSE_MIDWAY, chunks=2)
        emulator.reply("One two three four five.")
        async with ServiceBench(service(emulator)) as bench:
            await bench.send(LLMContextFrame(LLMContext(HELLO)))
            await bench.next(ErrorFrame)
            assert "".join(f.text for f in bench.all(LLMTextFrame)) == "One two"


class TestAnswers:
    async def test_rules_look_at_the_messages(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI
    ) -> None:
        @emulator.rule
        def greets_jane(request: ChatRequest) -> str | None:
            return "Hello Jane!" if "Jane" in request.last_user else None

        answer = await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert answer.choices[0].message.content == "Hello Jane!"

    async def test_tools_are_called_in_a_stream(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI
    ) -> None:
        emulator.reply(Reply(tool_calls=(ToolCall(name="end_call", arguments={"why": "done"}),)))
        tool: Any = {"type": "function", "function": {"name": "end_call", "parameters": {}}}
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, tools=[tool], stream=True
        )
        chunks = [chunk async for chunk in stream]
        calls = [c for chunk in chunks for c in chunk.choices[0].delta.tool_calls or []]
        assert calls[0].function is not None
        assert calls[0].function.name == "end_call"
        arguments = "".join(c.function.arguments or "" for c in calls if c.function)
        assert json.loads(arguments) == {"why": "done"}
        assert chunks[-1].choices[0].finish_reason == "tool_calls"

    async def test_extractions_have_a_script_of_their_own(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI
    ) -> None:
        emulator.reply("A turn of the dialogue.")
        emulator.extract({"company": "Acme"})
        schema: Any = {
            "type": "json_schema",
            "json_schema": {
                "name": "lead",
                "schema": {
                    "type": "object",
                    "properties": {
                        "company": {"type": ["string", "null"]},
                        "team_size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                        "need": {"type": "string"},
                    },
                },
            },
        }
        scripted, unscripted = [
            await client.chat.completions.create(
                model="gpt-4o-mini", messages=HELLO, response_format=schema
            )
            for _ in range(2)
        ]
        assert json.loads(scripted.choices[0].message.content or "") == {"company": "Acme"}
        assert json.loads(unscripted.choices[0].message.content or "") == {
            "company": None,
            "team_size": None,
            "need": "",
        }
        turn = await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert turn.choices[0].message.content == "A turn of the dialogue."

    async def test_the_token_limit_is_kept(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI
    ) -> None:
        emulator.reply("one two three four")
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, max_tokens=2
        )
        assert answer.choices[0].message.content == "one two"
        assert answer.choices[0].finish_reason == "length"

    async def test_a_check_of_key_and_model_is_answered(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI
    ) -> None:
        assert (await client.models.retrieve("gpt-4o-mini")).id == "gpt-4o-mini"
        assert "gpt-4o" in [m.id async for m in client.models.list()]
        with pytest.raises(openai.NotFoundError, match="does not exist"):
            await client.models.retrieve("gpt-99")
        with pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
            await client.with_options(api_key="wrong").models.list()


class TestRejects:
    @pytest.mark.parametrize(
        ("change", "param", "code"),
        [
            ({"messages": []}, "messages", "empty_array"),
            ({"messages": None}, "messages", "missing_required_parameter"),
            ({"messages": "hello"}, "messages", "invalid_type"),
            ({"messages": [{"role": "boss", "content": "x"}]}, "messages[0].role", "invalid_value"),
            ({"messages": [{"role": "user", "content": None}]}, "messages.[0].content", None),
            ({"messages": [{"role": "tool", "content": "x"}]}, "messages.[0].role", None),
            ({"temperature": 3}, "temperature", "decimal_above_max_value"),
            ({"temperature": -1}, "temperature", "decimal_below_min_value"),
            ({"temperature": "hot"}, "temperature", "invalid_type"),
            ({"max_tokens": 0}, "max_tokens", "integer_below_min_value"),
            ({"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens", None),
            ({"model": "o4-mini", "max_tokens": 5}, "max_tokens", "unsupported_parameter"),
            ({"model": "gpt-5", "temperature": 0.3}, "temperature", "unsupported_value"),
            ({"stream_options": {"include_usage": True}}, "stream_options", None),
            ({"tools": []}, "tools", "empty_array"),
            ({"response_format": {"type": "yaml"}}, "response_format.type", "invalid_value"),
            ({"response_format": {"type": "json_object"}}, "messages", None),
            ({"colour": "blue"}, None, None),
        ],
    )
    async def test_a_bad_body_gets_400_in_openais_shape(
        self,
        client: AsyncOpenAI,
        change: dict[str, Any],
        param: str | None,
        code: str | None,
    ) -> None:
        body = {"model": "gpt-4o-mini", "messages": HELLO, **change}
        with pytest.raises(openai.BadRequestError) as caught:
            await client.post("/chat/completions", body=body, cast_to=object)
        assert (caught.value.param, caught.value.code) == (param, code)
        assert caught.value.type == "invalid_request_error"

    async def test_a_tool_call_without_its_result_is_refused(self, client: AsyncOpenAI) -> None:
        call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        messages: list[Any] = [*HELLO, {"role": "assistant", "tool_calls": [call]}, *HELLO]
        with pytest.raises(openai.BadRequestError, match="call_1"):
            await client.chat.completions.create(model="gpt-4o-mini", messages=messages)

    async def test_an_unknown_model_gets_404(self, client: AsyncOpenAI) -> None:
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(model="gpt-99", messages=HELLO)
        assert caught.value.code == "model_not_found"

    async def test_a_wrong_key_gets_401(self, client: AsyncOpenAI) -> None:
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.with_options(api_key="wrong").chat.completions.create(
                model="gpt-4o-mini", messages=HELLO
            )
        assert caught.value.code == "invalid_api_key"


class TestFaults:
    async def test_too_many_requests_say_when_to_come_back_and_pass(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI
    ) -> None:
        emulator.faults.inject(FaultKind.RATE_LIMITED, retry_after_s=7, after=1)
        await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        with pytest.raises(openai.RateLimitError) as caught:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert caught.value.response.headers["retry-after"] == "7"
        await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)

    async def test_a_reset_connection(self, emulator: OpenAIEmulator, client: AsyncOpenAI) -> None:
        emulator.faults.inject(FaultKind.REFUSE)
        with pytest.raises(openai.APIConnectionError):
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)

    async def test_a_server_that_is_down_comes_back_on_the_same_port(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI
    ) -> None:
        await emulator.down()
        with pytest.raises(openai.APIConnectionError):
            await client.models.list()
        await emulator.up()
        assert (await client.models.retrieve("gpt-4o")).id == "gpt-4o"

    async def test_an_empty_answer_still_ends_in_order(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI
    ) -> None:
        emulator.faults.inject(FaultKind.EMPTY)
        emulator.reply("Kept for the next request.")
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, stream=True
        )
        chunks = [chunk async for chunk in stream]
        assert not any(c.choices[0].delta.content for c in chunks)
        assert chunks[-1].choices[0].finish_reason == "stop"
        answer = await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert answer.choices[0].message.content == "Kept for the next request."

    async def test_garbage_breaks_the_stream(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI
    ) -> None:
        emulator.faults.inject(FaultKind.GARBAGE)
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, stream=True
        )
        with pytest.raises(json.JSONDecodeError):
            _ = [chunk async for chunk in stream]

    @pytest.mark.parametrize("kind", [FaultKind.STALL_BEFORE_FIRST, FaultKind.STALL_MIDWAY])
    async def test_a_stall_lasts_until_it_is_cleared(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI, kind: FaultKind
    ) -> None:
        emulator.faults.inject(kind)
        emulator.reply("One two three.")

        async def read() -> str:
            stream = await client.chat.completions.create(
                model="gpt-4o-mini", messages=HELLO, stream=True
            )
            return "".join([c.choices[0].delta.content or "" async for c in stream])

        reading = asyncio.create_task(read())
        await emulator.wait_for_request("chat")
        done, _ = await asyncio.wait({reading}, timeout=0.05)
        assert not done
        emulator.faults.clear()
        assert await reading == "One two three."

    async def test_slow_adds_to_the_first_token(
        self, emulator: OpenAIEmulator, client: AsyncOpenAI
    ) -> None:
        emulator.faults.inject(FaultKind.SLOW, delay_s=30)
        with pytest.raises(openai.APITimeoutError):
            await client.with_options(timeout=0.1).chat.completions.create(
                model="gpt-4o-mini", messages=HELLO
            )
