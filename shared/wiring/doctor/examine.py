"""Configuration, stores, keys, models and the age of the data: is what is configured there?"""

from shared.analyst.health import FINE, ModelHealths, ModelState
from shared.config import BiasSettings, Settings, SyncSettings, load
from shared.domain.errors import ConfigError, DaybiasError, NotFound
from shared.ports import Key
from shared.wiring.doctor.doors import servers
from shared.wiring.doctor.feeds import market_data
from shared.wiring.doctor.finding import Condition, Finding, tried
from shared.wiring.foundation import Foundation, open_foundation
from shared.wiring.models.providers import open_models


async def examine() -> list[Finding]:
    """Look at everything that the environment configures; nothing is changed."""
    faults = _configuration()
    if faults:
        return faults
    settings = load(BiasSettings)
    found = [Finding("configuration", Condition.OK, f"profile {settings.profile}")]
    base = open_foundation(settings)
    try:
        found += await _stores(settings, base)
        found += await _models(settings, base)
        found += await market_data(settings, base)
    finally:
        await base.close()
    return found


def _configuration() -> list[Finding]:
    told: dict[str, None] = {}  # a fault of what all kinds share is told once
    for kind in (Settings, SyncSettings, BiasSettings):
        try:
            load(kind)
        except ConfigError as error:
            told |= dict.fromkeys(error.faults)
    return [Finding("configuration", Condition.BROKEN, fault) for fault in told]


async def _stores(settings: BiasSettings, base: Foundation) -> list[Finding]:
    async def documents() -> str:
        await base.documents.get_many([Key("users", ("doctor",))])
        return "read"

    async def secrets() -> str:
        try:
            await base.secrets.get(settings.gemini_secret)
        except NotFound:
            return "read; it holds no key of Gemini"
        return "read"

    found = [await tried("documents", documents), await tried("secrets", secrets)]
    return [*found, *await servers(settings, base)]


async def _models(settings: BiasSettings, base: Foundation) -> list[Finding]:
    try:
        models = await open_models(settings, base)
    except DaybiasError as error:
        return [Finding("models", Condition.BROKEN, str(error))]
    try:
        checked = await ModelHealths(models.found, models.absent).check()
    finally:
        await models.close()
    found = []
    for health in checked:
        condition = Condition.OK if health.state in FINE else Condition.BROKEN
        if health.state is ModelState.NO_KEY:
            condition = Condition.ABSENT
        told = f"{health.state}: {health.detail}" if health.detail else str(health.state)
        found.append(Finding(f"model {health.provider}", condition, told))
    if not models.found:
        found.append(Finding("models", Condition.ABSENT, "the rules analyst writes every section"))
    return found
