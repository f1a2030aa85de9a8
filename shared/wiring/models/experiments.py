"""Wiring of experiments: an author for each arm, in the place of the usual one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from shared.analyst.accounts.ledger import Ledger
from shared.analyst.analyst import Analyst
from shared.analyst.experiments.assigned import AssignedAnalyst
from shared.analyst.experiments.declared import Arm, Experiment
from shared.analyst.library import PromptLibrary
from shared.analyst.model import ModelAnalyst
from shared.config import BiasSettings
from shared.ports import LanguageModel
from shared.wiring.foundation import Foundation
from shared.wiring.models.providers import Models, open_models

Guard = Callable[[LanguageModel], LanguageModel]


@dataclass(slots=True)
class Arms:
    """Makes the authors of experiments; its owner closes the models that arms brought."""

    settings: BiasSettings
    base: Foundation
    library: PromptLibrary
    guard: Guard
    opened: list[Models] = field(default_factory=list)

    async def around(
        self, usual: Analyst, model: LanguageModel, declared: Iterable[Experiment]
    ) -> Analyst:
        """Put every experiment of the model's provider that has not ended around the usual author.

        Raises: ConfigError for a prompt that was never released, StoreUnavailable.
        """
        today = self.base.clock.now().date()
        for experiment in declared:
            if experiment.provider == model.provider and experiment.until >= today:
                arms = {a.name: await self._author(experiment, a, model) for a in experiment.arms}
                usual = AssignedAnalyst(experiment, arms, usual)
        return usual

    async def _author(self, experiment: Experiment, arm: Arm, model: LanguageModel) -> Analyst:
        if arm.model is not None:
            named = self.settings.model_copy(update={f"{model.provider}_model": arm.model})
            self.opened.append(await open_models(named, self.base))
            model = self.opened[-1].found[model.provider]
        return ModelAnalyst(
            self.guard(model),
            self.library.choose(arm.prompts),
            self.base.clock,
            ledger=Ledger(self.base.documents),
            arm=experiment.label(arm),
        )

    async def close(self) -> None:
        """Release what the arms opened."""
        for models in self.opened:
            await models.close()
