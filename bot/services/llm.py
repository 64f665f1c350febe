"""Who finds the words: OpenAI, then any OpenAI-compatible endpoint, then the scripted dialogue."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

from pipecat.services.llm_service import LLMService

from bot.config import Settings
from bot.problems import OnProblem
from bot.services.continuation import ReplyPlan
from bot.services.endpoints import openai_base_url
from bot.services.experience import Experience
from bot.services.llm_answer import LLMTerms
from bot.services.llm_ladder import LLMLadder
from bot.services.llm_rungs import HostedLLMRung, LLMRung, ScriptedRung
from bot.services.patience import PatiencePolicy
from bot.services.turn_budget import TurnBudget

FIRST_TOKEN_START_S = 1.2
"""Patience with an LLM of which the process knows nothing yet."""


def build_llm(
    settings: Settings,
    *,
    system_prompt: str,
    plan: Callable[[], ReplyPlan],
    must_be_scripted: Callable[[], bool],
    experience: Experience,
    budget: TurnBudget,
    on_problem: OnProblem,
) -> LLMLadder:
    """The ladder: who has a key or an endpoint, and the scripted dialogue below them."""
    rungs: list[LLMRung] = []
    if settings.openai_api_key is not None:
        service = _openai_compatible(
            settings,
            system_prompt,
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=openai_base_url(settings.openai_base_url),
            model=settings.openai_model,
        )
        rungs.append(HostedLLMRung("openai", service))
    if settings.anthropic_api_key is not None and find_spec("anthropic") is not None:
        rungs.append(HostedLLMRung("anthropic", _anthropic(settings, system_prompt)))
    if settings.llm_fallback_url is not None:
        key = settings.llm_fallback_key
        service = _openai_compatible(
            settings,
            system_prompt,
            # A server of one's own asks for no key, but the client insists on one.
            api_key=key.get_secret_value() if key else "none",
            base_url=openai_base_url(settings.llm_fallback_url),
            model=settings.llm_fallback_model,
        )
        rungs.append(HostedLLMRung("fallback", service))
    rungs.append(ScriptedRung())
    return LLMLadder(
        rungs=rungs,
        plan=plan,
        must_be_scripted=must_be_scripted,
        terms=LLMTerms(
            experience=experience,
            patience=PatiencePolicy(
                floor_s=min(settings.first_token_floor_s, settings.first_token_timeout_s),
                ceiling_s=settings.first_token_timeout_s,
                start_s=min(FIRST_TOKEN_START_S, settings.first_token_timeout_s),
            ),
            budget=budget,
            on_problem=on_problem,
        ),
    )


def _openai_compatible(
    settings: Settings, system_prompt: str, *, api_key: str, base_url: str, model: str
) -> LLMService[Any]:
    service = _patient_openai()
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


@cache
def _patient_openai() -> Any:
    """Imported when it is needed: the client takes a second to import."""
    from pipecat.services.openai.llm import OpenAILLMService

    class OneTryOpenAI(OpenAILLMService):
        """Asks once: the client's own two retries would use up the turn's time unseen."""

        def create_client(self, *args: Any, **kwargs: Any) -> Any:
            client: Any = super().create_client(*args, **kwargs)  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
            return client.with_options(max_retries=0)

    return OneTryOpenAI


def _anthropic(settings: Settings, system_prompt: str) -> LLMService[Any]:
    from pipecat.services.anthropic.llm import AnthropicLLMService

    key = settings.anthropic_api_key
    service: Any = AnthropicLLMService
    built: LLMService[Any] = service(
        api_key=key.get_secret_value() if key else "",
        settings=service.Settings(
            model=settings.anthropic_model,
            system_instruction=system_prompt,
            temperature=settings.llm_temperature,
            max_tokens=settings.llm_max_tokens,
        ),
    )
    return built
