"""All checks at once, each within its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.config import Settings
from bot.diagnosis.breakers import check_breakers
from bot.diagnosis.finding import Finding
from bot.diagnosis.machine import (
    check_data_dir,
    check_database,
    check_local_speech,
    check_ports,
    check_redis,
)
from bot.diagnosis.providers import (
    check_anthropic,
    check_deepgram,
    check_elevenlabs,
    check_llm_fallback,
    check_openai,
)
from bot.diagnosis.rooms import check_daily, check_livekit
from bot.diagnosis.voices import check_voices
from bot.services.endpoints import EndpointError
from bot.telemetry.redaction import redact, secrets_of

Check = Callable[[Settings], Awaitable[Finding]]

CHECK_TIMEOUT_S = 5.0
# A cold disk and busy cores may take long; whoever waits for another machine has limits of its own.
LONGER_TIMEOUTS_S: Mapping[str, float] = {"local speech": 60.0, "database": 30.0}

CHECKS: Mapping[str, Check] = {
    "livekit": check_livekit,
    "daily": check_daily,
    "deepgram": check_deepgram,
    "openai": check_openai,
    "anthropic": check_anthropic,
    "llm fallback": check_llm_fallback,
    "elevenlabs": check_elevenlabs,
    "voices": check_voices,
    "local speech": check_local_speech,
    "redis": check_redis,
    "breakers": check_breakers,
    "database": check_database,
    "data directory": check_data_dir,
    "ports": check_ports,
}


async def examine(
    settings: Settings,
    *,
    checks: Mapping[str, Check] = CHECKS,
    timeout_s: float = CHECK_TIMEOUT_S,
) -> list[Finding]:
    """Findings in the order of the checks; none raises, none takes longer than its time-out."""
    secrets = secrets_of(settings)
    findings = await asyncio.gather(
        *(_within(name, check, settings, timeout_s) for name, check in checks.items())
    )
    return [_redacted(finding, secrets) for finding in findings]


async def _within(name: str, check: Check, settings: Settings, timeout_s: float) -> Finding:
    limit_s = max(timeout_s, LONGER_TIMEOUTS_S.get(name, 0.0))
    try:
        async with asyncio.timeout(limit_s):
            return await check(settings)
    except TimeoutError:
        return Finding(
            name=name,
            configured=True,
            reachable=False,
            usable=False,
            detail=f"no answer within {limit_s:g} s",
            remedy="check the address, the network and the firewall on the way",
        )
    except EndpointError as error:
        detail, _, remedy = str(error).partition(": ")
        return Finding(name=name, configured=True, usable=False, detail=detail, remedy=remedy)
    except Exception as error:
        # One broken check must not hide the others.
        return Finding(
            name=name,
            configured=True,
            usable=False,
            detail=f"the check itself failed ({type(error).__name__})",
            remedy="please report this",
        )


def _redacted(finding: Finding, secrets: tuple[str, ...]) -> Finding:
    remedy = redact(finding.remedy, secrets) if finding.remedy is not None else None
    return replace(finding, detail=redact(finding.detail, secrets), remedy=remedy)
