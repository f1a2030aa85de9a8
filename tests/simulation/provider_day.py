"""A day of biases on a virtual clock, with providers that fail in every way that they can."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from infra.simulators.models.script import Asked, draft_for
from shared.adapters.memory_rate_limiter import MemoryRateLimiter
from shared.analyst.deadline import Deadline
from shared.analyst.guard.breaker import Breaker
from shared.analyst.guard.guarded_model import GuardedModel
from shared.analyst.guard.spending import Spending
from shared.analyst.guard.turns import Turns
from shared.analyst.library import load_library
from shared.analyst.model import ModelAnalyst
from shared.analyst.rules import RulesAnalyst
from shared.bias.pipeline import write_bias
from shared.bias.serving.flights import AT_ONCE
from shared.domain.bias import Bias
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.forecast.model_weight import ModelWeight, model_weight
from shared.market.registry import load_instruments
from shared.ports import AnswerUnusable, ModelAnswer, ModelRequest, Rate, Usage
from tests.markets import small_forecast, small_snapshot
from tests.routers import same_for_all
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy
from tests.twins.stepped_clock import SteppedClock

MOMENTS = (21, 12, 13)  # hours: after the close, before the open, after an event
_USAGE = Usage(prompt=3000, output=300)
_START = datetime(2026, 11, 24, 21, tzinfo=UTC)
_DEADLINE_S = 60.0  # for all six sections
_LONGEST_S = 600.0

RAISED: tuple[Callable[[], Exception], ...] = (
    lambda: UpstreamUnavailable("503"),
    lambda: RateLimited("429", retry_after_s=2),
    lambda: RateLimited("429"),
    lambda: RequestRejected("400", status=400),
    lambda: ContractBroken("a page"),
    lambda: AnswerUnusable("blocked", ModelAnswer("", "m", _USAGE)),
    lambda: AuthRejected("401"),
)
WRITTEN = ("no json", json.dumps({"headline": "Up 3 %", "findings": [], "risks": []}))


@dataclass
class FlakyModel:
    """Answers well, but for a share of its calls, which fail in turn in all ways.

    Shape: `started` holds when each call began.
    """

    provider: str
    share: float
    clock: SteppedClock
    random: Random
    started: list[float] = field(default_factory=list)
    faults: int = 0

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        self.started.append(self.clock.monotonic())
        if self.random.random() >= self.share:
            await self.clock.sleep(self.random.uniform(1.0, 4.0))
            text = json.dumps(draft_for(Asked(request.system, request.prompt)))
            return ModelAnswer(text, "gemini-3.5-flash", _USAGE)
        self.faults += 1
        return await self._fail(request)

    async def _fail(self, request: ModelRequest) -> ModelAnswer:
        kinds = len(RAISED) + len(WRITTEN) + 1
        kind = self.faults % kinds
        if kind == kinds - 1:  # a first byte that never comes
            await self.clock.sleep(request.timeout_s)
            raise UpstreamUnavailable("timeout")
        await self.clock.sleep(self.random.uniform(0.05, 1.0))
        if kind < len(RAISED):
            error = RAISED[kind]()
            raise error
        return ModelAnswer(WRITTEN[kind - len(RAISED)], "gemini-3.5-flash", _USAGE)

    async def check(self, *, timeout_s: float) -> None:
        """Nobody asks."""

    async def close(self) -> None:
        """Nothing is open."""


class ProviderDay:
    """21 instruments at three moments, six sections each."""

    def __init__(
        self,
        gemini: float,
        openai: float,
        *,
        usd: str = "1000",
        seed: int = 1,
        calls: int = 10,
        start: datetime = _START,
    ) -> None:
        self.clock = SteppedClock(start)
        self.documents, self.entropy = MemoryDocuments(), SeededEntropy(seed)
        rates = {"gemini": Rate(calls), "openai": Rate(calls)}
        self._limiter = MemoryRateLimiter(self.clock, rates)
        self.models = [
            FlakyModel(name, share, self.clock, Random(seed + number))
            for number, (name, share) in enumerate((("gemini", gemini), ("openai", openai)))
        ]
        analysts = [self._analyst(model, Decimal(usd)) for model in self.models]
        self.router = same_for_all([*analysts, RulesAnalyst()])
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self.longest_s = 0.0

    def _analyst(self, model: FlakyModel, usd: Decimal) -> ModelAnalyst:
        name = model.provider
        guarded = GuardedModel(
            model,
            Turns(name, self._limiter, self.clock),
            Breaker(name, self.clock),
            Spending(name, usd, Decimal("0.5"), self.documents, self.clock, self.entropy),
            self.clock,
            self.entropy,
        )
        return ModelAnalyst(guarded, load_library(), self.clock)

    async def run(self) -> list[Bias]:
        """Let the day pass; every request must come to an answer."""
        answers: list[Bias] = []
        for hour in MOMENTS:
            await self.clock.step((hour - self.clock.now().hour) % 24 * 3600.0)
            tasks = [asyncio.create_task(self._write(symbol)) for symbol in load_instruments()]
            await self.clock.step(_LONGEST_S)
            answers += await asyncio.gather(*tasks)
        return answers

    async def _write(self, symbol: str) -> Bias:
        snapshot = small_snapshot().model_copy(update={"instrument": symbol})
        async with self._at_once:
            began = self.clock.monotonic()
            bias = await write_bias(
                self.router,
                snapshot,
                small_forecast(),
                created_at=self.clock.now(),
                weigh=_no_weight,
                deadline=Deadline.within(self.clock, _DEADLINE_S),
            )
        self.longest_s = max(self.longest_s, self.clock.monotonic() - began)
        return bias


async def _no_weight(provider: str, model: str) -> ModelWeight:
    return model_weight(())


def shares(answers: list[Bias]) -> dict[str, float]:
    """Which part of all sections each provider wrote."""
    counted = Counter(section.provider for bias in answers for section in bias.sections)
    return {name: count / counted.total() for name, count in counted.most_common()}
