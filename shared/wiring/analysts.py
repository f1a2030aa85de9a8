"""Who writes a bias: Gemini where there is a key, then the rules, which always can."""

from dataclasses import dataclass

from shared.analyst.library import load_library
from shared.analyst.model import ModelAnalyst
from shared.analyst.router import Router
from shared.analyst.rules import RulesAnalyst
from shared.config import BiasSettings
from shared.domain.errors import NotFound
from shared.ports import LanguageModel
from shared.wiring.foundation import Foundation
from shared.wiring.guards import Guards, open_guards

_NO_KEY = "gemini: there is no key"


@dataclass(frozen=True, slots=True)
class Analysts:
    """The router with the model behind it and what guards that; its owner closes them."""

    router: Router
    model: LanguageModel | None
    guards: Guards

    async def close(self) -> None:
        """Release what was opened."""
        if self.model is not None:
            await self.model.close()
        await self.guards.close()


async def open_analysts(settings: BiasSettings, base: Foundation) -> Analysts:
    """Choose the analysts; a deployment without a key answers by rule and says so.

    Raises: StoreUnavailable, ConfigError for what is not a Redis URL.
    """
    guards = open_guards(settings, base)
    key = await _gemini_key(settings, base)
    if key is None:
        return Analysts(Router.same_for_all([RulesAnalyst()], absent=[_NO_KEY]), None, guards)
    from shared.adapters.models.gemini_language_model import GeminiLanguageModel

    model = guards.around(
        GeminiLanguageModel(settings.gemini_model, key, base_url=settings.gemini_base_url)
    )
    library = load_library().choose(settings.prompt_versions)
    preferred = ModelAnalyst(model, library, base.clock)
    return Analysts(Router.same_for_all([preferred, RulesAnalyst()]), model, guards)


async def _gemini_key(settings: BiasSettings, base: Foundation) -> str | None:
    if settings.gemini_api_key is not None:
        return settings.gemini_api_key.get_secret_value()
    try:
        return (await base.secrets.get(settings.gemini_secret)).value.decode().strip()
    except NotFound:
        return None
