"""Who finds the words: OpenAI where there is a key, else the scripted dialogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat.services.llm_service import LLMService

from bot.config import Settings
from bot.services.endpoints import openai_base_url
from bot.services.scripted import ScriptedLLMService


def build_llm(
    settings: Settings, *, system_prompt: str, scripted_reply: Callable[[], str]
) -> tuple[str, LLMService[Any]]:
    """The LLM's name for the records, and the service."""
    if settings.openai_api_key is None:
        return "scripted", ScriptedLLMService(reply=scripted_reply)
    from pipecat.services.openai.llm import OpenAILLMService

    return "openai", OpenAILLMService(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=openai_base_url(settings.openai_base_url),
        settings=OpenAILLMService.Settings(
            model=settings.openai_model,
            system_instruction=system_prompt,
            temperature=settings.llm_temperature,
            max_tokens=settings.llm_max_tokens,
        ),
    )
