from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from shared.bias.past import past_days
from shared.bias.past.past_days import KeepPastDays, PastDaysStore
from shared.domain.market.bars import Timeframe
from shared.forecast import analogs
from shared.market.registry import load_instruments
from tests.markets import FRIDAY_MORNING, FRIDAY_NIGHT, THURSDAY_EVENING, open_market

SPY = load_instruments()["SPY"]


@pytest.fixture(autouse=True)
def _a_short_fill(monkeypatch):
    monkeypatch.setattr(past_days, "_A_ROUND", 60)
    monkeypatch.setattr(analogs, "NEEDED", 40)


def keeper(market):
    return KeepPastDays(market.documents, market.store, market.clock, market.entropy)


async def test_a_fill_goes_on_where_the_round_before_ended():
    market = await open_market()
    first = await keeper(market).bring([SPY])
    early = await PastDaysStore(market.documents).read("SPY", THURSDAY_EVENING)
    second = await keeper(market).bring([SPY])
    later = await PastDaysStore(market.documents).read("SPY", THURSDAY_EVENING)
    assert (first.added, second.added) == ({"SPY": 60}, {"SPY": 60})
    assert (len(early), len(later)) == (60, 120)
    assert later.sessions[:60].tolist() == early.sessions.tolist()


async def test_a_session_is_added_once_its_bar_has_come(monkeypatch):
    monkeypatch.setattr(past_days, "_A_ROUND", 1000)
    market = await open_market()
    store = PastDaysStore(market.documents)
    await keeper(market).bring([SPY])
    assert date.fromordinal((await store.read("SPY", THURSDAY_EVENING)).sessions[-1]) == date(
        2020, 5, 28
    )
    await market.move_to(FRIDAY_NIGHT)
    assert (await keeper(market).bring([SPY])).added == {"SPY": 1}
    assert date.fromordinal((await store.read("SPY", FRIDAY_NIGHT)).sessions[-1]) == date(
        2020, 5, 29
    )


async def test_what_had_not_closed_at_an_instant_is_not_among_its_past_days(monkeypatch):
    monkeypatch.setattr(past_days, "_A_ROUND", 1000)
    market = await open_market()
    await keeper(market).bring([SPY])
    store, noon = PastDaysStore(market.documents), datetime(2020, 5, 28, 16, tzinfo=UTC)
    assert date.fromordinal((await store.read("SPY", noon)).sessions[-1]) == date(2020, 5, 27)


async def test_a_restated_bar_changes_no_day_that_was_added():
    market = await open_market()
    await keeper(market).bring([SPY])
    before = await PastDaysStore(market.documents).read("SPY", THURSDAY_EVENING)
    series = await market.store.series("SPY", Timeframe.DAY, THURSDAY_EVENING)
    halved = [replace(bar, close=bar.low) for bar in series.bars]
    await market.store.put_series(replace(series, bars=tuple(halved)))
    await keeper(market).bring([SPY])
    after = await PastDaysStore(market.documents).read("SPY", THURSDAY_EVENING)
    assert after.table[: len(before)].tobytes() == before.table.tobytes()


async def test_days_worked_out_from_other_inputs_are_worked_out_again(monkeypatch):
    market = await open_market()
    await keeper(market).bring([SPY])
    monkeypatch.setattr(past_days, "_COLUMNS", "another")
    store = PastDaysStore(market.documents)
    assert len(await store.read("SPY", THURSDAY_EVENING)) == 0
    assert (await keeper(market).bring([SPY])).added == {"SPY": 60}
    assert len(await store.read("SPY", THURSDAY_EVENING)) == 60


async def test_an_instrument_without_bars_is_named():
    market = await open_market()
    report = await keeper(market).bring([load_instruments()["YM"]])
    assert report.missing == ["YM"]


async def test_a_bias_shows_the_days_most_like_its_own_and_its_chances_stay():
    market = await open_market(FRIDAY_MORNING)
    bare = (await market.service().bias("SPY")).bias
    again = await open_market(FRIDAY_MORNING)
    await keeper(again).bring([SPY])
    shown = (await again.service().bias("SPY")).bias
    found = shown.analogs
    assert (found.searched, found.count) == (60, 50)
    assert found.bear + found.neutral + found.bull == 50
    assert found.nearest[0].distance <= found.nearest[-1].distance
    assert found.low <= found.median <= found.high
    assert bare.analogs is None
    assert shown.forecast == bare.forecast


async def test_the_newest_day_of_a_snapshot_is_walked_as_a_backtest_walks_it(monkeypatch):
    monkeypatch.setattr(past_days, "_A_ROUND", 1000)
    close = datetime(2020, 5, 28, 20, tzinfo=UTC)
    market = await open_market(close)
    snapshot = await market.snapshot("SPY", close)
    await market.move_to(FRIDAY_NIGHT)
    await keeper(market).bring([SPY])
    last = (await PastDaysStore(market.documents).read("SPY", market.clock.now())).table[-1]
    today = past_days.predictors(snapshot.features, 252)
    assert last[4:].tolist() == pytest.approx(today.tolist(), nan_ok=True)


async def test_with_nothing_new_no_day_is_worked_out(monkeypatch):
    monkeypatch.setattr(past_days, "_A_ROUND", 1000)
    market = await open_market()
    assert (await keeper(market).bring([SPY])).walked > 60
    assert (await keeper(market).bring([SPY])).walked == 0


async def test_a_day_that_gives_no_forecast_is_worked_out_once_and_holds_up_no_other():
    market = await open_market()
    series = await market.store.series("SPY", Timeframe.DAY, THURSDAY_EVENING)
    still = series.bars[0].close  # no range at all for a quarter: no ATR is known
    flat = [replace(b, open=still, high=still, low=still, close=still) for b in series.bars[:120]]
    await market.store.put_series(
        replace(series, symbol="YM", bars=tuple(flat) + series.bars[120:])
    )
    ym = load_instruments()["YM"]
    rounds = [await keeper(market).bring([ym]) for _ in range(3)]
    assert [r.walked for r in rounds] == [60, 60, 60]
    assert rounds[0].added == {}
    assert rounds[2].added == {"YM": 60}
