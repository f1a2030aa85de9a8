"""Five sections at once, then the synthesis: one snapshot and forecast become one answer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from shared.analyst.analyst import Analyst
from shared.analyst.deadline import Deadline
from shared.analyst.drivers import as_drivers, drivers_of, invalidation
from shared.analyst.facts import facts_of
from shared.domain.bias import (
    FEATURE_STEPS,
    Bias,
    Forecast,
    ModelLean,
    Section,
    Snapshot,
    Step,
)
from shared.forecast.model_weight import ModelWeight, mixed
from shared.forecast.probabilities import with_chances

# Provider and model in, the share of its lean in the chances out.
Weigh = Callable[[str, str], Awaitable[ModelWeight]]


async def write_bias(  # noqa: PLR0913 - what is written, by whom, and on which terms
    analyst: Analyst,
    snapshot: Snapshot,
    forecast: Forecast,
    *,
    created_at: datetime,
    weigh: Weigh,
    deadline: Deadline,
) -> Bias:
    """Let the analyst write all six steps by the deadline and put the answer together.

    Shape: five steps wait side by side for half of the time at most, the synthesis for what is
    left. A lean with a share in the chances has it written again, by the new chances.
    Raises: what the analyst raises when a step has no author left.
    """
    five = await _five(analyst, snapshot, forecast, deadline.share(1))
    last = await analyst.section(Step.SYNTHESIS, snapshot, forecast, five, deadline=deadline)
    lean = await _lean(last, forecast, weigh)
    if lean is not None and lean.weight:
        forecast = with_chances(forecast, mixed(lean.rules, lean.label, lean.weight))
        again = await analyst.section(Step.SYNTHESIS, snapshot, forecast, five, deadline=deadline)
        last = again.model_copy(update={"lean": lean.label})
    sections = (*five, last)
    facts = facts_of(snapshot, forecast)
    drivers = drivers_of(facts, forecast.label)
    return Bias(
        instrument=snapshot.instrument,
        session=snapshot.session,
        moment=snapshot.moment,
        as_of=snapshot.as_of,
        snapshot_hash=snapshot.hash,
        prompt_set=analyst.name,
        forecast=forecast,
        drivers_for=as_drivers(drivers.supporting, facts),
        drivers_against=as_drivers(drivers.contradicting, facts),
        invalidation=invalidation(snapshot, facts, forecast.label),
        events_today=snapshot.events,
        sections=sections,
        provenance=snapshot.provenance,
        analogs=snapshot.analogs,
        provider=_providers(sections),
        lean=lean,
        created_at=created_at,
    )


async def _five(
    analyst: Analyst, snapshot: Snapshot, forecast: Forecast, deadline: Deadline
) -> list[Section]:
    asked = (analyst.section(s, snapshot, forecast, (), deadline=deadline) for s in FEATURE_STEPS)
    return list(await asyncio.gather(*asked))


async def _lean(synthesis: Section, forecast: Forecast, weigh: Weigh) -> ModelLean | None:
    if synthesis.lean is None or synthesis.model is None or synthesis.prompt is None:
        return None
    switch = await weigh(synthesis.provider, synthesis.model)
    return ModelLean(
        label=synthesis.lean,
        provider=synthesis.provider,
        model=synthesis.model,
        prompt=synthesis.prompt,
        rules=forecast.probabilities,
        weight=switch.weight,
        why=switch.why,
    )


def _providers(sections: tuple[Section, ...]) -> str:
    return "+".join(dict.fromkeys(section.provider for section in sections))
