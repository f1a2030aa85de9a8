"""Runs the trials of an evaluation, a few at a time, and stops when its money is spent."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from shared.analyst.accounts.prices import cost_usd
from shared.analyst.accounts.recording import most_usd
from shared.analyst.evaluation.figures import summarize
from shared.analyst.evaluation.inversion import groups_of, invert
from shared.analyst.evaluation.trials import (
    RERUN,
    Asked,
    Case,
    Trial,
    try_model,
    try_rules,
)
from shared.analyst.inputs import inputs_of
from shared.analyst.library import Prompt, PromptLibrary
from shared.analyst.rules import VERSION, write_draft
from shared.domain.bias import Step
from shared.domain.errors import InvalidInput
from shared.ports import Clock, LanguageModel, ModelAnswer, Usage

_REPEATED = 5  # snapshots that are asked again, and turned round
_CHARACTERS_A_TOKEN = 3.5  # names and numbers make shorter tokens than prose
_ANSWER_TOKENS = 600
_CALLS_A_TRIAL = Decimal("1.3")  # some drafts are repaired


@dataclass(frozen=True, slots=True)
class Plan:
    """What is evaluated.

    Shape: `prompts` by step, each in the versions to compare; none = the rules alone. `reruns` is
    how often each of the first snapshots is asked again.
    """

    cases: tuple[Case, ...]
    prompts: Mapping[Step, tuple[Prompt, ...]]
    library: PromptLibrary
    reruns: int = 0
    inversions: bool = True

    def trials(self, step: Step, prompt: Prompt | None) -> Iterator[Asked]:
        """List what is asked of one prompt, or of the rules."""
        chosen = {} if prompt is None else {step: prompt.header.version}
        library = self.library.choose(chosen)
        for case in self.cases:
            yield Asked(step, case, library)
        for case in self.cases[:_REPEATED]:
            for _ in range(self.reruns):
                yield Asked(step, case, library, RERUN)
            if self.inversions:
                yield from _inverted(Asked(step, case, library))


def _inverted(asked: Asked) -> Iterator[Asked]:
    original = asked.case.snapshot
    for group, names in groups_of(asked.step).items():
        case = replace(asked.case, snapshot=invert(original, names))
        yield replace(asked, case=case, purpose=group, original=original.hash)


@dataclass(slots=True)
class Purse:
    """What may be spent, and what was.

    Shape: `cap_usd` None = no limit; a trial whose cost nobody tells is in `unknown`, and counts
    as what it cost at most: by the price table, else `worst_usd`.
    """

    cap_usd: Decimal | None = None
    worst_usd: Decimal = Decimal(0)
    spent_usd: Decimal = Decimal(0)
    unknown: int = 0

    def take(self, cost: Decimal | None, at_most: Decimal | None = None) -> None:
        """Note what a trial cost."""
        self.unknown += cost is None
        bound = self.worst_usd if at_most is None else at_most
        self.spent_usd += bound if cost is None else cost

    @property
    def is_open(self) -> bool:
        """Whether another trial may begin."""
        return self.cap_usd is None or self.spent_usd < self.cap_usd


@dataclass(slots=True)
class Harness:
    """One evaluation.

    Shape: `model` None = the rules; `advance` is called after every trial.
    Units: `deadline_s` seconds for one section, a repair included.
    """

    model: LanguageModel | None
    model_name: str
    clock: Clock
    purse: Purse = field(default_factory=Purse)
    deadline_s: float = 60.0
    parallel: int = 4
    advance: Callable[[], None] = lambda: None

    async def run(self, plan: Plan) -> dict[str, Any]:
        """Ask everything and work out the figures.

        Shape: on (the day), provider, model, snapshots (hashes), spent_usd, and `results`: one a
        step and prompt.
        Raises: InvalidInput when a cap was given that cannot hold.
        """
        self._check_purse(plan)
        gate = asyncio.Semaphore(self.parallel)
        results = [
            {"step": str(step), "prompt": VERSION if prompt is None else prompt.id}
            | await self._results(plan, step, prompt, gate)
            for step, prompt in _subjects(plan, rules=self.model is None)
        ]
        return {
            "on": self.clock.now().date().isoformat(),
            "provider": "rules" if self.model is None else self.model.provider,
            "model": self.model_name,
            "snapshots": [case.snapshot.hash for case in plan.cases],
            "spent_usd": None if self.purse.unknown else f"{self.purse.spent_usd:f}",
            "results": results,
        }

    def estimate_usd(self, plan: Plan) -> Decimal | None:
        """Say beforehand what it will cost, rather too much; None where no price is known."""
        if self.model is None:
            return Decimal(0)
        today, total = self.clock.now().date(), Decimal(0)
        for step, prompt in _subjects(plan, rules=False):
            asked = list(plan.trials(step, prompt))
            answer = ModelAnswer("", self.model_name, _usage(asked[0]))
            one = cost_usd(self.model.provider, [answer], today)
            if one is None:
                return None
            total += one * len(asked) * _CALLS_A_TRIAL
        return total

    async def _results(
        self, plan: Plan, step: Step, prompt: Prompt | None, gate: asyncio.Semaphore
    ) -> dict[str, Any]:
        asked = list(plan.trials(step, prompt))
        tried = await asyncio.gather(*(self._try(one, gate) for one in asked))
        trials = [trial for trial in tried if trial is not None]
        rules = {c.snapshot.hash: write_draft(step, c.snapshot, c.forecast) for c in plan.cases}
        labels = {c.snapshot.hash: c.forecast.label for c in plan.cases}
        return summarize(trials, rules, labels, skipped=len(asked) - len(trials))

    async def _try(self, asked: Asked, gate: asyncio.Semaphore) -> Trial | None:
        async with gate:
            if not self.purse.is_open:
                return None
            trial, at_most = await self._trial(asked)
            self.purse.take(trial.cost_usd, at_most)
            self.advance()
            return trial

    async def _trial(self, asked: Asked) -> tuple[Trial, Decimal | None]:
        if self.model is None:
            return try_rules(asked), Decimal(0)
        trial = await try_model(asked, self.model, self.clock, self.deadline_s)
        return trial, most_usd(self.model.provider, trial.calls, self.clock.now().date())

    def _check_purse(self, plan: Plan) -> None:
        cap, estimate = self.purse.cap_usd, self.estimate_usd(plan)
        if cap is None:
            return
        if estimate is None:
            raise InvalidInput(f"no price of {self.model_name} is known: a cap cannot be held")
        self.purse.worst_usd = estimate / max(count(plan, rules=self.model is None), 1)
        if estimate > cap:
            raise InvalidInput(f"about {estimate:.2f} USD would be spent, the cap is {cap:f}")


def count(plan: Plan, *, rules: bool) -> int:
    """Tell how many sections will be asked for."""
    return sum(len(list(plan.trials(*subject))) for subject in _subjects(plan, rules=rules))


def _subjects(plan: Plan, *, rules: bool) -> Iterator[tuple[Step, Prompt | None]]:
    for step, prompts in plan.prompts.items():
        yield from ((step, prompt) for prompt in ((None,) if rules else prompts))


def _usage(asked: Asked) -> Usage:
    prompt = asked.library.prompts[asked.step]
    case, step = asked.case, asked.step
    text = prompt.fill(inputs_of(step, case.snapshot, case.facts(step), case.earlier))
    schema = str(prompt.output.model_json_schema())
    characters = len(prompt.system) + len(text) + len(schema)
    return Usage(prompt=round(characters / _CHARACTERS_A_TOKEN), output=_ANSWER_TOKENS)
