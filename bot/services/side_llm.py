"""The LLM beside the conversation: one question, one JSON document, within a time-out.

The second reader and the summary use it; the chat's speaker shares its client. It is out of band:
nothing that a caller waits for hangs on it.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from bot.config import Settings
from bot.services.endpoints import openai_base_url
from bot.services.tls import http_client

if TYPE_CHECKING:
    from openai import AsyncOpenAI


def openai_client(settings: Settings, *, timeout_s: float, retries: int = 0) -> AsyncOpenAI:
    """A client of the settings' OpenAI-compatible provider; nothing is connected yet.

    Raises:
        ValueError: there is no key.
    """
    from openai import AsyncOpenAI

    if settings.openai_api_key is None:
        raise ValueError("OPENAI_API_KEY is not set")
    return AsyncOpenAI(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=openai_base_url(settings.openai_base_url),
        timeout=timeout_s,
        max_retries=retries,
        http_client=http_client(),
    )


class SideLLM:
    """Structured answers of a small model (https://platform.openai.com/docs/guides/structured-outputs)."""

    def __init__(self, settings: Settings, *, timeout_s: float) -> None:
        """Prepare; nothing is connected before the first question.

        Raises:
            ValueError: there is no key.
        """
        self._client = openai_client(settings, timeout_s=timeout_s)
        self._model = settings.openai_model
        self._timeout_s = timeout_s

    async def answer(
        self, *, instructions: str, data: str, name: str, schema: dict[str, Any], max_tokens: int
    ) -> dict[str, Any]:
        """The document; empty where the model gave another kind of JSON.

        Raises:
            TimeoutError, openai.OpenAIError, ValueError: no answer, or none that is JSON.
        """
        async with asyncio.timeout(self._timeout_s):
            completion = await self._client.chat.completions.create(
                model=self._model,
                messages=[
                    {"role": "system", "content": instructions},
                    {"role": "user", "content": data},
                ],
                temperature=0,
                max_tokens=max_tokens,
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": name, "strict": True, "schema": schema},
                },
            )
        if not completion.choices:
            return {}
        document = json.loads(completion.choices[0].message.content or "{}")
        return document if isinstance(document, dict) else {}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()
