"""A model's lean: part of the forecast of record, scored apart, without weight until earned."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from shared.analyst.deadline import Deadline
from shared.analyst.rules import RulesAnalyst
from shared.bias.pipeline import write_bias
from shared.bias.record.links import Commitment
from shared.bias.record.months import OutcomeMonths
from shared.bias.record.score import ScoreBias
from shared.bias.store import BiasStore, Record, is_whole
from shared.domain.bias import Bias, Forecast, Label, Section, Snapshot, Step
from shared.forecast.model_weight import SHARE, ModelWeight, mixed
from shared.forecast.scoring import rps
from shared.market.registry import load_instruments
from shared.ports import Key
from tests.markets import AS_OF, FRIDAY_NIGHT, Market, open_market, small_forecast, small_snapshot
from tests.twins.manual_clock import ManualClock

FRIDAY = date(2020, 5, 29)


class LeaningAnalyst:
    """Writes as the rules do, signed by a model, with a lean in the synthesis."""

    name = "leaning.v1"

    def __init__(self) -> None:
        self.forecasts: list[Forecast] = []

    async def section(
        self,
        step: Step,
        snapshot: Snapshot,
        forecast: Forecast,
        earlier: Sequence[Section],
        *,
        deadline: Deadline,
    ) -> Section:
        section = await RulesAnalyst().section(step, snapshot, forecast, earlier)
        if step is not Step.SYNTHESIS:
            return section
        self.forecasts.append(forecast)
        signed = {"provider": "gemini", "model": "gemini-3.5-flash", "prompt": "synthesis.v1"}
        return section.model_copy(update=signed | {"lean": Label.NEUTRAL})


async def recorded() -> Market:
    market = await open_market()
    await market.service(LeaningAnalyst()).record()
    return market


async def spy_record(market: Market) -> Record:
    store = BiasStore(market.documents, market.clock, market.entropy)
    return next(r for r in await store.records(FRIDAY) if r.instrument == "SPY")


def scorer(market: Market) -> ScoreBias:
    return ScoreBias(
        market.documents, market.store, load_instruments(), market.clock, market.entropy
    )


async def test_the_record_holds_the_lean_with_its_author_under_its_hash():
    record = await spy_record(await recorded())
    assert record.lean is not None
    assert (record.lean.label, record.lean.provider) == (Label.NEUTRAL, "gemini")
    assert (record.lean.model, record.lean.prompt) == ("gemini-3.5-flash", "synthesis.v1")
    assert is_whole(record)
    turned = record.lean.model_copy(update={"label": Label.BULLISH})
    assert not is_whole(replace(record, lean=turned))
    assert not is_whole(replace(record, lean=None))


async def test_a_record_of_the_rules_has_no_lean_and_hashes_as_before_there_were_any():
    market = await open_market()
    await market.service().record()
    (stored,) = await market.documents.get_many([Key("forecasts", ("SPY-2020-05-29",))])
    assert "lean" not in stored.body
    assert is_whole(await spy_record(market))


async def test_a_lean_has_no_weight_and_says_how_many_sessions_are_owed():
    record = await spy_record(await recorded())
    assert record.lean is not None
    assert record.lean.weight == 0
    assert record.lean.why == "0 of 250 forward sessions are scored"
    assert record.lean.rules == record.forecast.probabilities


async def test_a_lean_is_scored_apart_beside_the_rules():
    market = await recorded()
    record = await spy_record(market)
    await market.move_to(FRIDAY_NIGHT)
    await scorer(market).score(FRIDAY, {})
    spy = next(s for s in await scorer(market).scores(FRIDAY) if s["instrument"] == "SPY")
    lean, outcome = spy["lean"], Label(spy["outcome"])
    assert (lean["label"], lean["hit"]) == ("Neutral", outcome is Label.NEUTRAL)
    assert lean["rules_rps"] == rps(record.forecast.probabilities, outcome)
    chances = mixed(record.forecast.probabilities, Label.NEUTRAL, SHARE)
    assert lean["mixed_rps"] == rps(chances, outcome)
    assert sum(spy["chances"]) == pytest.approx(1)
    assert json.dumps(spy["base"])


async def test_a_closed_month_adds_its_leans_that_count_up_by_model_and_session():
    market = await recorded()
    spy = await spy_record(market)
    chained = Commitment(record=spy.chain, link=1, created_at=market.clock.now())
    await market.move_to(FRIDAY_NIGHT)
    work = scorer(market)
    await work.score(FRIDAY, {("SPY", FRIDAY): chained})
    scores = [s for s in await work.scores(FRIDAY) if s["counts"]]
    assert len(scores) == 1 < len(await work.scores(FRIDAY))
    market.clock.advance(timedelta(days=10))
    await work.close_month()
    months = OutcomeMonths(market.documents, market.clock)
    (day,) = await months.lean_days("gemini", "gemini-3.5-flash", date(2019, 1, 1))
    assert (day.session, day.n) == (FRIDAY, len(scores))
    assert day.rules == sum(s["lean"]["rules_rps"] for s in scores)
    assert await months.lean_days("openai", "gpt", date(2019, 1, 1)) == []


async def written(weight: float) -> tuple[Bias, list[Forecast]]:
    async def weigh(provider: str, model: str) -> ModelWeight:
        return ModelWeight(weight, 250, f"{provider} {model}")

    analyst = LeaningAnalyst()
    bias = await write_bias(
        analyst,
        small_snapshot(),
        small_forecast(),
        created_at=AS_OF,
        weigh=weigh,
        deadline=Deadline.within(ManualClock(), 60),
    )
    return bias, analyst.forecasts


async def test_without_weight_no_chance_moves_and_the_synthesis_is_asked_once():
    bias, asked = await written(0.0)
    assert bias.forecast == small_forecast()
    assert asked == [small_forecast()]


async def test_with_weight_the_chances_move_and_the_synthesis_is_written_by_them():
    bias, asked = await written(SHARE)
    rules = small_forecast()
    assert bias.forecast.probabilities == mixed(rules.probabilities, Label.NEUTRAL, SHARE)
    assert bias.forecast.label is rules.label
    assert asked == [rules, bias.forecast]
    assert bias.lean is not None
    assert bias.lean.rules == rules.probabilities
    assert bias.sections[-1].lean is Label.NEUTRAL
