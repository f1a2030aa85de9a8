"""Which language models there are: those of the providers that have a key, or a server."""

from dataclasses import dataclass

from shared.config import ModelSettings
from shared.ports import LanguageModel
from shared.wiring.foundation import Foundation
from shared.wiring.models.keys import read_key


@dataclass(frozen=True, slots=True)
class Models:
    """The models by provider, which their owner closes; `absent` says why a provider has none."""

    found: dict[str, LanguageModel]
    absent: dict[str, str]

    async def close(self) -> None:
        """Release what was opened."""
        for model in self.found.values():
            await model.close()


async def open_models(settings: ModelSettings, base: Foundation) -> Models:
    """Make a model for each provider that is configured; nothing is dialled yet.

    Raises: StoreUnavailable.
    """
    models = Models({}, {})
    gemini = await read_key(settings.gemini_api_key, settings.gemini_secret, base)
    openai = await read_key(settings.openai_api_key, settings.openai_secret, base)
    if gemini is None:
        models.absent["gemini"] = "gemini: there is no key"
    else:
        models.found["gemini"] = _gemini(settings, gemini)
    if openai is None:
        models.absent["openai"] = "openai: there is no key"
    else:
        models.found["openai"] = _openai(settings, openai)
    if settings.local_base_url is not None:
        models.found["local"] = _local(settings)
    return models


def _gemini(settings: ModelSettings, key: str) -> LanguageModel:
    from shared.adapters.models.gemini_language_model import GeminiLanguageModel

    budget, url = settings.gemini_thinking_budget, settings.gemini_base_url
    return GeminiLanguageModel(settings.gemini_model, key, base_url=url, thinking_budget=budget)


def _openai(settings: ModelSettings, key: str) -> LanguageModel:
    from shared.adapters.models.openai_language_model import OpenAILanguageModel

    url, effort = settings.openai_base_url, settings.openai_effort
    return OpenAILanguageModel(settings.openai_model, key, base_url=url, effort=effort)


def _local(settings: ModelSettings) -> LanguageModel:
    from shared.adapters.models.openai_language_model import OpenAILanguageModel

    key = settings.local_api_key
    return OpenAILanguageModel(
        settings.local_model,
        None if key is None else key.get_secret_value(),
        base_url=settings.local_base_url,
        provider="local",
    )
