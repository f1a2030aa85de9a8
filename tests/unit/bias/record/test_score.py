from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.bias.past.past_days import KeepPastDays
from shared.bias.record.links import Commitment
from shared.bias.record.months import OutcomeMonths
from shared.bias.record.score import ScoreBias
from shared.bias.store import BiasStore, is_whole
from shared.domain.bias import Label, Probabilities
from shared.domain.market.bars import Timeframe
from shared.forecast import analogs
from shared.forecast.recalibration import recalibrated
from shared.forecast.scoring import rps
from shared.forecast.vintages import vintage_for
from shared.market.registry import load_instruments
from shared.ports import Key, Update
from tests.markets import FRIDAY_NIGHT, OPEN_13, THURSDAY_EVENING, Market, open_market

FRIDAY = date(2020, 5, 29)


def scorer(market: Market) -> ScoreBias:
    return ScoreBias(
        market.documents, market.store, load_instruments(), market.clock, market.entropy
    )


async def recorded() -> Market:
    market = await open_market()
    await market.service().record()
    return market


async def test_nothing_is_scored_before_its_session_has_closed():
    report = await scorer(await recorded()).score(FRIDAY, {})
    assert report.scored == []
    assert report.pending["SPY"] == "the session has not closed"


async def test_every_record_is_scored_once_beside_the_rivals():
    market = await recorded()
    await market.move_to(FRIDAY_NIGHT)
    first = await scorer(market).score(FRIDAY, {})
    assert sorted(first.scored) == sorted(OPEN_13)
    assert "One day proves nothing" in first.caveat
    scores = await scorer(market).scores(FRIDAY)
    again = await scorer(market).score(FRIDAY, {})
    assert again.scored == []
    assert sorted(again.already) == sorted(OPEN_13)
    assert await scorer(market).scores(FRIDAY) == scores
    rivals = [[r["name"] for r in s["rivals"]] for s in scores]
    naive = ["climatology", "always_bullish", "yesterdays_class", "sign_of_20_days"]
    assert rivals == [[*naive, "analog_days"]] * len(OPEN_13)


async def test_the_figures_are_those_of_the_day():
    market = await recorded()
    await market.move_to(FRIDAY_NIGHT)
    await scorer(market).score(FRIDAY, {})
    spy = next(s for s in await scorer(market).scores(FRIDAY) if s["instrument"] == "SPY")
    # SPY closed at 302.97 and then at 304.32: less than a quarter of its ATR
    assert spy["outcome"] == "Neutral"
    (record,) = (
        r
        for r in await BiasStore(market.documents, market.clock, market.entropy).records(FRIDAY)
        if r.instrument == "SPY"
    )
    assert spy["rps"] == pytest.approx(rps(record.forecast.probabilities, Label.NEUTRAL), abs=1e-6)
    always = next(r for r in spy["rivals"] if r["name"] == "always_bullish")
    assert always["rps"] == rps(Probabilities(bear=0, neutral=0, bull=1), Label.NEUTRAL)
    assert spy["direction_hit"] is None


async def test_analog_days_are_scored_with_what_the_snapshot_said_of_them(monkeypatch):
    monkeypatch.setattr(analogs, "NEEDED", 40)
    market = await open_market()
    documents, clock, entropy = market.documents, market.clock, market.entropy
    await KeepPastDays(documents, market.store, clock, entropy).bring([load_instruments()["SPY"]])
    shown = (await market.service().bias("SPY")).bias
    await market.service().record()
    await market.move_to(FRIDAY_NIGHT)
    await scorer(market).score(FRIDAY, {})
    spy = next(s for s in await scorer(market).scores(FRIDAY) if s["instrument"] == "SPY")
    rival = next(r for r in spy["rivals"] if r["name"] == "analog_days")
    chances, label = analogs.forecast(shown.analogs.counts, shown.forecast.base_rates)
    assert shown.analogs.count == 50
    assert rival["chances"] == [chances.bear, chances.neutral, chances.bull] != spy["base"]
    assert rival["label"] == label


async def test_a_bar_that_has_not_come_leaves_the_score_pending():
    market = await recorded()
    market.clock.advance(FRIDAY_NIGHT - market.clock.now())  # no refresh
    report = await scorer(market).score(FRIDAY, {})
    assert "the bar of 2020-05-29 has not come" in report.pending["SPY"]


async def test_a_record_that_was_changed_afterwards_is_not_scored():
    market = await recorded()
    await market.move_to(FRIDAY_NIGHT)
    (found,) = await market.documents.get_many([Key("forecasts", ("SPY-2020-05-29",))])
    body = {**found.body, "forecast": found.body["forecast"].replace("Neutral", "Bullish")}
    await market.documents.commit([Update(found.key, body, found.version)])
    report = await scorer(market).score(FRIDAY, {})
    assert report.pending == {"SPY": "the record or its snapshot is not what was written"}


async def test_any_change_to_a_record_shows_in_its_chain_value():
    market = await recorded()
    store = BiasStore(market.documents, market.clock, market.entropy)
    record = (await store.records(FRIDAY))[0]
    assert is_whole(record)
    assert not is_whole(replace(record, as_of_us=record.as_of_us + 1))
    assert not is_whole(replace(record, previous="x"))
    assert not is_whole(replace(record, snapshot_hash="0" * 64))


async def test_a_closed_month_is_counted_once_and_moves_the_base_rates():
    market = await recorded()
    await market.move_to(FRIDAY_NIGHT)
    work = scorer(market)
    await work.score(FRIDAY, {})
    assert await work.close_month() is None  # May has not closed
    before = (await market.service().bias("SPY")).bias.forecast.base_rates
    market.clock.advance(timedelta(days=10))
    assert await work.close_month() == "2020-05"
    assert await work.close_month() is None
    months = await OutcomeMonths(market.documents, market.clock).read(date(2019, 12, 24))
    assert sum(map(sum, months["2020-05"].values())) == len(OPEN_13)
    assert months["2020-05"]["SPY"] == (0, 1, 0)
    table = recalibrated(vintage_for(market.clock.now()), months, market.clock.now())
    assert table.base_rates("SPY").neutral > before.neutral


async def counted(created_at: datetime | None, **changed: str) -> dict[str, Any]:
    """The score of EURUSD, when its record came into the chain at an instant."""
    market = await recorded()
    records = await BiasStore(market.documents, market.clock, market.entropy).records(FRIDAY)
    committed = {
        (r.instrument, r.session): Commitment(changed.get("record", r.chain), 7, created_at)
        for r in records
        if created_at is not None
    }
    await market.move_to(FRIDAY_NIGHT)
    await scorer(market).score(FRIDAY, committed)
    return next(s for s in await scorer(market).scores(FRIDAY) if s["instrument"] == "EURUSD")


async def test_a_forecast_that_was_committed_before_its_open_counts():
    score = await counted(THURSDAY_EVENING)
    assert (score["counts"], score["link"], score["why_not"]) == (True, 7, None)


async def test_a_forecast_that_came_into_the_chain_too_late_does_not_count():
    score = await counted(datetime(2020, 5, 28, 21, 15, tzinfo=UTC))  # the cut-off of spot
    assert (score["counts"], score["why_not"]) == (False, "it came into the chain after the open")


async def test_a_forecast_that_no_link_has_does_not_count():
    score = await counted(None)
    assert (score["counts"], score["why_not"]) == (False, "no link of the chain has it")


async def test_a_forecast_that_differs_from_the_committed_one_does_not_count():
    score = await counted(THURSDAY_EVENING, record="0" * 64)
    assert (score["counts"], score["why_not"]) == (False, "the chain has another forecast")


async def restate(market: Market, symbol: str, factor: float) -> None:
    """Let the provider tell the whole series anew, as it does after a split."""
    series = await market.store.series(symbol, Timeframe.DAY, market.clock.now())
    assert series is not None
    bars = [
        replace(
            bar,
            open=bar.open * factor,
            high=bar.high * factor,
            low=bar.low * factor,
            close=bar.close * factor,
        )
        for bar in series.bars
    ]
    await market.store.put_series(replace(series, bars=tuple(bars)))


async def test_a_split_before_the_score_does_not_change_the_outcome():
    market = await recorded()
    await market.move_to(FRIDAY_NIGHT)
    await restate(market, "SPY", 4.0)  # four times the move against the range of before
    await scorer(market).score(FRIDAY, {})
    spy = next(s for s in await scorer(market).scores(FRIDAY) if s["instrument"] == "SPY")
    assert spy["outcome"] == "Neutral"


async def test_an_old_snapshot_keeps_the_prices_that_it_was_taken_with():
    market = await recorded()
    store = BiasStore(market.documents, market.clock, market.entropy)
    record = next(r for r in await store.records(FRIDAY) if r.instrument == "SPY")
    before = await store.snapshot(record.snapshot_hash)
    answered = (await market.service().bias("SPY")).bias
    await restate(market, "SPY", 0.25)
    after = await store.snapshot(record.snapshot_hash)
    assert after is not None
    assert after == before
    assert after.hash == record.snapshot_hash
    assert after.feature("last_close").value == 302.97
    assert (await market.service().bias("SPY")).bias == answered
