"""Composition root of prompt evaluation: a model by its provider's name, frozen snapshots."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.adapters.system_clock import SystemClock
from shared.adapters.system_entropy import SystemEntropy
from shared.analyst.evaluation.harness import Harness, Purse
from shared.bias.past.frozen import FrozenMarket
from shared.config import BiasSettings, load
from shared.domain.errors import ConfigError
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from shared.ports import LanguageModel
from shared.wiring.foundation import Foundation, open_foundation
from shared.wiring.models.providers import open_models

PROVIDERS = ("gemini", "openai", "local", "rules")


def frozen_market(folder: Path) -> FrozenMarket:
    """Read a folder of bars and events; each moment gets a store of its own."""
    return FrozenMarket(folder, load_instruments(), _empty_store)


@asynccontextmanager
async def _empty_store() -> AsyncIterator[MarketStore]:
    from shared.adapters.sqlite.sqlite_documents import SqliteDocuments

    with TemporaryDirectory(prefix="daybias-frozen-") as folder:
        documents = SqliteDocuments(Path(folder) / "documents.sqlite3")
        try:
            yield MarketStore(documents, SystemClock(), SystemEntropy())
        finally:
            await documents.close()


@asynccontextmanager
async def evaluation_harness(
    provider: str,
    *,
    model: str | None,
    base_url: str | None,
    max_usd: Decimal | None,
    parallel: int,
    deadline_s: float,
) -> AsyncIterator[Harness]:
    """Open the model that is evaluated, and close it afterwards.

    Raises: ConfigError when its key, name or address is not set.
    """
    if provider == "rules":
        yield Harness(None, "rules", SystemClock(), Purse(max_usd))
        return
    settings = _settings(provider, model, base_url)
    async with _opened(settings, provider) as (base, found):
        yield Harness(
            found,
            str(getattr(settings, f"{provider}_model")),
            base.clock,
            Purse(max_usd),
            deadline_s=deadline_s,
            parallel=parallel,
        )


def _settings(provider: str, model: str | None, base_url: str | None) -> BiasSettings:
    if provider not in PROVIDERS:
        raise ConfigError([f"no provider {provider!r}; known are {', '.join(PROVIDERS)}"])
    given = {f"{provider}_model": model, f"{provider}_base_url": base_url}
    named = {name: value for name, value in given.items() if value is not None}
    return load(BiasSettings).model_copy(update=named)


@asynccontextmanager
async def _opened(
    settings: BiasSettings, provider: str
) -> AsyncIterator[tuple[Foundation, LanguageModel]]:
    base = open_foundation(settings)
    models = await open_models(settings, base)
    try:
        if provider not in models.found:
            why = models.absent.get(provider, f"{provider}: give --base-url and --model")
            raise ConfigError([why])
        yield base, models.found[provider]
    finally:
        await models.close()
        await base.close()
