"""Five sections at once, then the synthesis: one snapshot and forecast become one answer."""

import asyncio
from datetime import datetime

from shared.analyst.analyst import Analyst
from shared.analyst.drivers import as_drivers, drivers_of, invalidation
from shared.analyst.facts import facts_of
from shared.domain.bias import FEATURE_STEPS, Bias, Forecast, Section, Snapshot, Step


async def write_bias(
    analyst: Analyst, snapshot: Snapshot, forecast: Forecast, *, created_at: datetime
) -> Bias:
    """Let the analyst write all six steps and put the answer together.

    Raises: what the analyst raises when a step has no author left.
    """
    five = await asyncio.gather(
        *(analyst.section(step, snapshot, forecast, ()) for step in FEATURE_STEPS)
    )
    last = await analyst.section(Step.SYNTHESIS, snapshot, forecast, five)
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
        provider=_providers(sections),
        created_at=created_at,
    )


def _providers(sections: tuple[Section, ...]) -> str:
    return "+".join(dict.fromkeys(section.provider for section in sections))
