"""Who finds the words: OpenAI, Anthropic, any OpenAI-compatible endpoint, the scripted dialogue."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from bot.config import Settings
from bot.problems import OnProblem
from bot.services.continuation import ReplyPlan
from bot.services.endpoints import openai_base_url
from bot.services.experience import Experience
from bot.services.llm_answer import LLMTerms
from bot.services.llm_clients import anthropic, openai_compatible
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
        service = openai_compatible(
            settings,
            system_prompt,
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=openai_base_url(settings.openai_base_url),
            model=settings.openai_model,
        )
        rungs.append(HostedLLMRung("openai", service))
    if settings.anthropic_api_key is not None and find_spec("anthropic") is not None:
        rungs.append(HostedLLMRung("anthropic", anthropic(settings, system_prompt)))
    if settings.llm_fallback_url is not None:
        key = settings.llm_fallback_key
        service = openai_compatible(
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
            retries_once=len(rungs) == 2,  # one that is hosted, and the scripted dialogue
        ),
    )
