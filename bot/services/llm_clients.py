"""Pipecat's LLM services, set up for a ladder: they ask once, and notice when an answer breaks off.

The clients' own two retries would use up the turn's time unseen. And a stream that simply ends is
to them a complete answer, although both protocols say how a complete one ends: with a
`finish_reason` (https://platform.openai.com/docs/api-reference/chat-streaming) and with
`message_stop` (https://docs.anthropic.com/en/docs/build-with-claude/streaming).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import cache
from typing import Any, Final

from pipecat.services.llm_service import LLMService

from bot.config import Settings
from bot.services.endpoints import anthropic_base_url
from bot.services.tls import http_client


class AnswerBrokenOffError(Exception):
    """The stream ended without saying that the answer is complete."""


def openai_compatible(
    settings: Settings, system_prompt: str, *, api_key: str, base_url: str, model: str
) -> LLMService[Any]:
    """OpenAI, or whoever speaks like it."""
    service = _careful_openai()
    built: LLMService[Any] = service(
        api_key=api_key,
        base_url=base_url,
        settings=service.Settings(
            model=model,
            system_instruction=system_prompt,
            temperature=settings.llm_temperature,
            max_tokens=settings.llm_max_tokens,
        ),
    )
    return built


def anthropic(settings: Settings, system_prompt: str) -> LLMService[Any]:
    """Anthropic's Messages API."""
    from anthropic import AsyncAnthropic

    key = settings.anthropic_api_key
    secret = key.get_secret_value() if key else ""
    service = _careful_anthropic()
    built: LLMService[Any] = service(
        api_key=secret,
        client=AsyncAnthropic(
            api_key=secret,
            base_url=anthropic_base_url(settings.anthropic_base_url),
            max_retries=0,
        ),
        settings=service.Settings(
            model=settings.anthropic_model,
            system_instruction=system_prompt,
            temperature=settings.llm_temperature,
            max_tokens=settings.llm_max_tokens,
        ),
    )
    return built


async def until_its_end(
    stream: Any, is_the_end: Callable[[Any], bool]
) -> AsyncGenerator[Any, None]:
    """The same stream of a client.

    Raises:
        AnswerBrokenOffError: it ended before its end.
    """
    has_ended = False
    try:
        async for event in stream:
            has_ended = has_ended or is_the_end(event)
            yield event
    finally:
        await stream.close()
    if not has_ended:
        raise AnswerBrokenOffError("the answer broke off")


async def until_done(stream: Any) -> AsyncGenerator[Any, None]:
    """A stream of the OpenAI client, up to its `[DONE]` or a chunk with a finish reason.

    Raises:
        AnswerBrokenOffError: it ended before its end, or was cut short on purpose.
    """
    is_done = _hear_done(stream)
    async with aclosing(until_its_end(stream, lambda c: is_done() or _is_last_chunk(c))) as chunks:
        try:
            async for chunk in chunks:
                yield chunk
        except AnswerBrokenOffError:
            if not is_done():
                raise


def _hear_done(stream: Any) -> Callable[[], bool]:
    """Whether `[DONE]` has come: the client swallows it, and some servers say nothing else."""
    events = getattr(stream, "_iter_events", None)
    heard = False
    if events is None:
        return lambda: False

    async def listening() -> AsyncGenerator[Any, None]:
        nonlocal heard
        async for event in events():
            heard = heard or event.data.startswith("[DONE]")
            yield event

    stream._iter_events = listening
    return lambda: heard


CUT_SHORT: Final = frozenset({"length", "content_filter", "max_tokens", "refusal"})
"""Reasons for which an answer ends that is not whole: what is missing is somebody else's to say."""


def _is_last_chunk(chunk: Any) -> bool:
    reasons = {choice.finish_reason for choice in chunk.choices or () if choice.finish_reason}
    if reasons & CUT_SHORT:
        raise AnswerBrokenOffError(f"the answer was cut short ({', '.join(sorted(reasons))})")
    return bool(reasons)


def _is_last_event(event: Any) -> bool:
    if event.type == "message_delta" and event.delta.stop_reason in CUT_SHORT:
        raise AnswerBrokenOffError(f"the answer was cut short ({event.delta.stop_reason})")
    return bool(event.type == "message_stop")


@cache
def _careful_openai() -> Any:
    """Imported when it is needed: the client takes a second to import."""
    from openai import AsyncOpenAI
    from pipecat.services.openai.llm import OpenAILLMService

    class CarefulOpenAI(OpenAILLMService):
        def create_client(
            self,
            api_key: str | None = None,
            base_url: str | None = None,
            organization: str | None = None,
            project: str | None = None,
            default_headers: Mapping[str, str] | None = None,
            **_: Any,
        ) -> Any:
            """As Pipecat makes it, without retries and with the process's certificates."""
            return AsyncOpenAI(
                api_key=api_key,
                base_url=base_url,
                organization=organization,
                project=project,
                default_headers=default_headers,
                http_client=http_client(),
                max_retries=0,
            )

        async def get_chat_completions(self, *args: Any, **kwargs: Any) -> Any:
            stream = await super().get_chat_completions(*args, **kwargs)
            return until_done(stream)

    return CarefulOpenAI


@cache
def _careful_anthropic() -> Any:
    from pipecat.services.anthropic.llm import AnthropicLLMService

    class CarefulAnthropic(AnthropicLLMService):
        async def _create_message_stream(self, *args: Any, **kwargs: Any) -> Any:
            stream = await super()._create_message_stream(*args, **kwargs)  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
            return until_its_end(stream, _is_last_event)

    return CarefulAnthropic
