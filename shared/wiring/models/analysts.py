"""Who writes a bias: the models in the order of the settings, then the rules, which always can."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from shared.analyst.accounts.ledger import Ledger
from shared.analyst.analyst import Analyst
from shared.analyst.audit.audited_model import AuditedModel
from shared.analyst.experiments.declared import load_experiments
from shared.analyst.library import load_library
from shared.analyst.model import ModelAnalyst
from shared.analyst.router import Router
from shared.analyst.rules import RulesAnalyst
from shared.config import BiasSettings
from shared.domain.bias import Step
from shared.ports import LanguageModel
from shared.wiring.foundation import Foundation
from shared.wiring.models.audit import model_calls
from shared.wiring.models.experiments import Arms
from shared.wiring.models.guards import Guards, open_guards
from shared.wiring.models.providers import Models, open_models


@dataclass(frozen=True, slots=True)
class Analysts:
    """The router with the models behind it and what guards them; its owner closes them."""

    router: Router
    models: Models
    guards: Guards
    arms: Arms

    async def close(self) -> None:
        """Release what was opened."""
        await self.models.close()
        await self.arms.close()
        await self.guards.close()


async def open_analysts(settings: BiasSettings, base: Foundation) -> Analysts:
    """Choose the analysts; a deployment without a key answers by rule and says so.

    Raises: StoreUnavailable, ConfigError for what is not a Redis URL or a released prompt.
    """
    guards, models = open_guards(settings, base), await open_models(settings, base)
    library = load_library().choose(settings.prompt_versions)
    calls = model_calls(settings, base)

    def asked(model: LanguageModel) -> LanguageModel:
        guarded: LanguageModel = guards.around(model)
        return AuditedModel(guarded, calls) if settings.keep_prompts_days else guarded

    ledger, declared = Ledger(base.documents), load_experiments(settings.experiments)
    arms, writers = Arms(settings, base, library, asked), dict[str, Analyst]()
    for provider, model in models.found.items():
        usual = ModelAnalyst(asked(model), library, base.clock, ledger=ledger)
        writers[provider] = await arms.around(usual, model, declared)
    orders, absent = dict[Step, Sequence[Analyst]](), dict[Step, Sequence[str]]()
    for step in Step:
        order = settings.order_of(step)
        orders[step] = [*(writers[p] for p in order if p in writers), RulesAnalyst()]
        # who stands behind the first writer is not missed before that one fails
        passed_over = takewhile(lambda provider: provider not in writers, order)
        absent[step] = [models.absent[p] for p in passed_over if p in models.absent]
    return Analysts(Router(orders, absent=absent), models, guards, arms)
