"""What a call cost, from the usage that its services reported. Local models cost nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from pipecat.observers.service_metrics_observer import ServiceUsageRecord

from bot.records import Cost, CostLine


@dataclass(frozen=True)
class Price:
    """US dollars for one unit."""

    usd: float
    unit: str


# List prices without a contract, as the providers publish them; a negotiated one differs.
PRICES: dict[tuple[str, str], Price] = {
    # https://deepgram.com/pricing (Nova-3 streaming, pay as you go): $0.0077 a minute
    ("deepgram", "audio_seconds"): Price(0.0077 / 60, "seconds"),
    # https://groq.com/pricing (Whisper Large v3 Turbo): $0.04 an hour
    ("groq", "audio_seconds"): Price(0.04 / 3600, "seconds"),
    # https://platform.openai.com/docs/pricing (gpt-4o-mini): $0.15 / $0.60 a million tokens
    ("openai", "prompt_tokens"): Price(0.15e-6, "prompt tokens"),
    ("openai", "completion_tokens"): Price(0.60e-6, "completion tokens"),
    # https://elevenlabs.io/pricing/api (Flash v2.5): $0.05 a thousand characters
    ("elevenlabs", "characters"): Price(0.05e-3, "characters"),
}
_MEASURES = ("audio_seconds", "prompt_tokens", "completion_tokens", "characters")


class CostMeter:
    """Adds up usage by service."""

    def __init__(self, before: Cost | None = None) -> None:
        """Start at nothing, or at what the call has cost `before` it was resumed."""
        self._units: defaultdict[tuple[str, str], float] = defaultdict(float)
        for line in before.lines if before else ():
            self._units[line.service, line.unit.replace(" ", "_")] += line.units

    def used(self, service: str, usage: ServiceUsageRecord) -> None:
        """Add one report of usage by the service of that name (a rung's name)."""
        for measure in _MEASURES:
            amount = getattr(usage, measure)
            if amount:
                self._units[service, measure] += amount

    @property
    def tokens(self) -> int:
        """Tokens of all LLMs so far, prompts included."""
        return round(
            sum(units for (_, measure), units in self._units.items() if measure.endswith("_tokens"))
        )

    def cost(self) -> Cost:
        """The cost so far, a line for each service and unit."""
        lines = [
            CostLine(
                service=service,
                units=round(units, 3),
                unit=measure.replace("_", " "),
                usd=round(units * PRICES[service, measure].usd, 6)
                if (service, measure) in PRICES
                else 0.0,
            )
            for (service, measure), units in sorted(self._units.items())
        ]
        return Cost(total_usd=round(sum(line.usd for line in lines), 6), lines=lines)
