from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from infra.simulators.brokers.faults import body, rows, status
from infra.simulators.market.oanda import OandaMarketWorld
from infra.simulators.market.prints import Print, walk
from shared.domain.errors import AuthRejected, ContractBroken, NotFound
from shared.domain.market.bars import Timeframe
from shared.market.providers.oanda_candles import OandaCandles
from shared.market.registry import load_series
from shared.market.sessions import session_close, session_open
from tests.market_worlds import asker
from tests.twins.manual_clock import ManualClock

NOW = datetime(2020, 3, 13, 21, 30, tzinfo=UTC)  # a Friday, half an hour after the dealing day
SINCE = datetime(2020, 3, 1, tzinfo=UTC)
NAMES = {"EURUSD": "EUR_USD", "XAUUSD": "XAU_USD", "BTCUSD": "BTC_USD", "WTICO_USD": "WTICO_USD"}


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def world(clock):
    first, last = date(2020, 3, 2), date(2020, 3, 16)
    prints = {name: walk(load_series()[s], first, last) for s, name in NAMES.items()}
    return OandaMarketWorld(now=clock.now, prints=prints)


async def fetch(world, clock, symbol="EURUSD", timeframe=Timeframe.DAY, token="simulated-token"):
    provider = OandaCandles(asker(world, clock), SecretStr(token))
    return await provider.fetch(symbol, timeframe, SINCE, clock.now())


@pytest.mark.parametrize("symbol", NAMES)
async def test_days_are_those_of_the_market_across_a_change_of_the_clocks(world, clock, symbol):
    market = load_series()[symbol]
    series = await fetch(world, clock, symbol)
    assert len(series.bars) == (11 if symbol == "BTCUSD" else 10)
    for bar in series.bars:
        assert bar.opened_at == session_open(market, bar.session)
        assert bar.closed_at == session_close(market, bar.session)
    assert (series.provider, series.volume_kind) == ("oanda", "ticks")
    assert series.rejected == ()


async def test_the_day_that_is_under_way_is_dropped(world, clock):
    before = ManualClock(NOW - timedelta(hours=1))
    world.now = before.now
    assert (await fetch(world, before)).bars[-1].session == date(2020, 3, 12)


async def test_a_candle_that_oanda_calls_incomplete_is_dropped_whatever_our_clock_says(
    world, clock
):
    world.faults.plan(
        rows(lambda found: [*found[:-1], found[-1] | {"complete": False}], at="candles")
    )
    assert (await fetch(world, clock)).bars[-1].session == date(2020, 3, 12)


async def test_sundays_evening_is_the_first_hour_of_monday(world, clock):
    series = await fetch(world, clock, timeframe=Timeframe.HOUR)
    first = next(b for b in series.bars if b.session == date(2020, 3, 9))
    assert first.opened_at == datetime(2020, 3, 8, 21, 0, tzinfo=UTC)
    assert series.bars[-1].closed_at == datetime(2020, 3, 13, 21, 0, tzinfo=UTC)


async def test_negative_prices_are_prices(clock):
    night = ManualClock(datetime(2020, 4, 20, 22, 0, tzinfo=UTC))
    start = datetime(2020, 4, 20, 17, 0, tzinfo=UTC)
    prints = [Print(start, Decimal("1.5")), Print(start + timedelta(hours=1), Decimal("-37.63"))]
    world = OandaMarketWorld(now=night.now, prints={"WTICO_USD": prints})
    bar = (await fetch(world, night, "WTICO_USD")).bars[-1]
    assert (bar.session, bar.close, bar.high) == (date(2020, 4, 20), -37.63, 1.5)


async def test_a_long_history_of_hours_is_asked_for_in_parts(world, clock):
    provider = OandaCandles(asker(world, clock), SecretStr("simulated-token"))
    since = NOW - timedelta(days=400)
    series = await provider.fetch("EURUSD", Timeframe.HOUR, since, NOW)
    assert len(world.calls) == 2
    assert len(series.bars) == 10 * 24


@pytest.mark.parametrize(("symbol", "timeframe"), [("SPY", "1d"), ("EURUSD", "4h"), ("X", "1d")])
async def test_what_oanda_does_not_have_is_not_asked_for(world, clock, symbol, timeframe):
    with pytest.raises(NotFound):
        await fetch(world, clock, symbol, Timeframe(timeframe))
    assert world.calls == []


async def test_an_instrument_that_the_accounts_division_lacks_is_not_found(world, clock):
    with pytest.raises(NotFound):
        await fetch(world, clock, "SPX500_USD")


async def test_a_refused_token_is_said_without_the_token(world, clock):
    with pytest.raises(AuthRejected) as caught:
        await fetch(world, clock, token="wrong-4711")
    assert "4711" not in str(caught.value)
    world.faults.plan(status(403))
    with pytest.raises(AuthRejected):
        await fetch(world, clock)


@pytest.mark.parametrize("wrong", [{}, {"candles": [{"time": "x"}]}, [], {"candles": 3}])
async def test_an_answer_of_another_shape_breaks_the_contract(world, clock, wrong):
    world.faults.plan(body(wrong))
    with pytest.raises(ContractBroken):
        await fetch(world, clock)
