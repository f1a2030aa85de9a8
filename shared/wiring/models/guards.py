"""What stands before the model providers, and what all instances share of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal

from shared.adapters.memory_rate_limiter import MemoryRateLimiter
from shared.analyst.accounts.ledger import Ledger
from shared.analyst.guard.breaker import Breaker
from shared.analyst.guard.guarded_embedder import GuardedEmbedder
from shared.analyst.guard.guarded_model import GuardedModel
from shared.analyst.guard.spending import Spending
from shared.analyst.guard.turns import Turns
from shared.config import ModelLimits
from shared.ports import BilledEmbedder, Cache, LanguageModel, Rate, RateLimiter
from shared.wiring.foundation import Foundation

_ON_THIS_MACHINE = 100  # calls a second of a provider that has no limit and costs nothing


@dataclass(slots=True)
class Guards:
    """The limiter and the cache of the bias functions, and a guard for each provider.

    Shape: models of one provider share its queue, its breaker and its money.
    """

    settings: ModelLimits
    base: Foundation
    limiter: RateLimiter
    cache: Cache
    close: Callable[[], Awaitable[None]]
    _parts: dict[str, tuple[Turns, Breaker]] = field(default_factory=dict)
    _money: dict[str, Spending] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the purses of those who bill."""
        settings = self.settings
        usd_a_day = {"gemini": settings.gemini_usd_a_day, "openai": settings.openai_usd_a_day}
        self._money = {name: self._spending(name, usd) for name, usd in usd_a_day.items()}

    def around(self, model: LanguageModel) -> GuardedModel:
        """Put a model behind its provider's guard."""
        provider, base = model.provider, self.base
        turns, breaker = self._shared(provider)
        money = self._money.get(provider)
        return GuardedModel(model, turns, breaker, money, base.clock, base.entropy)

    def around_gemini_embeddings(self, embedder: BilledEmbedder) -> GuardedEmbedder:
        """Put Gemini's embedder before the turns and the money of Gemini's models.

        Its breaker is its own: one of the two may be down without the other.
        """
        base, (turns, _) = self.base, self._shared("gemini")
        breaker, money = Breaker("gemini embeddings", base.clock), self._money["gemini"]
        ledger = Ledger(base.documents)
        return GuardedEmbedder(
            embedder, "gemini", turns, breaker, money, ledger, base.clock, base.entropy
        )

    def _shared(self, provider: str) -> tuple[Turns, Breaker]:
        if provider not in self._parts:
            turns = Turns(provider, self.limiter, self.base.clock)
            self._parts[provider] = turns, Breaker(provider, self.base.clock)
        return self._parts[provider]

    def _spending(self, provider: str, usd_a_day: Decimal) -> Spending:
        base, money = self.base, (usd_a_day, self.settings.worst_call_usd)
        return Spending(provider, *money, base.documents, base.clock, base.entropy)


def open_guards(settings: ModelLimits, base: Foundation) -> Guards:
    """Share limits and cache through Redis where there is one, else keep to this process's share.

    Raises: ConfigError for what is not a Redis URL.
    """
    alone = MemoryRateLimiter(base.clock, _rates(settings, settings.model_instances))
    if settings.redis_url is None:
        return Guards(settings, base, alone, base.cache, _nothing_open)
    from shared.adapters.redis.redis_cache import RedisCache
    from shared.adapters.redis.redis_client import open_redis
    from shared.adapters.redis.redis_rate_limiter import RedisRateLimiter

    redis = open_redis(settings.redis_url.get_secret_value())
    limiter = RedisRateLimiter(redis, base.clock, _rates(settings, 1), alone=alone)
    return Guards(settings, base, limiter, RedisCache(redis, base.clock), redis.aclose)


def _rates(settings: ModelLimits, instances: int) -> dict[str, Rate]:
    return {
        "gemini": _share(settings.gemini_calls_a_second, instances),
        "openai": _share(settings.openai_calls_a_second, instances),
        "local": Rate(_ON_THIS_MACHINE),
    }


def _share(calls: int, instances: int) -> Rate:
    """Give one instance's share, so that all of them together stay within the limit."""
    return Rate(calls // instances) if calls >= instances else Rate(1, instances / calls)


async def _nothing_open() -> None:
    """Close what was never opened."""
