from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from infra.simulators.brokers.faults import body, rows, status
from infra.simulators.brokers.http_door import serve
from infra.simulators.market.alpaca import AlpacaMarketWorld
from infra.simulators.market.prints import Print, walk
from shared.domain.errors import AuthRejected, ContractBroken, NotFound, RequestRejected
from shared.domain.market.bars import Timeframe
from shared.market.providers.alpaca_data import AlpacaData, AlpacaKeys
from shared.market.registry import load_series
from tests.market_worlds import asker
from tests.twins.manual_clock import ManualClock

FRIDAY_NIGHT = datetime(2020, 5, 29, 21, 15, tzinfo=UTC)
SINCE = datetime(2020, 5, 1, tzinfo=UTC)
KEYS = AlpacaKeys("PKSIMULATED", SecretStr("simulated-secret"))
SPY = load_series()["SPY"]


@pytest.fixture
def clock():
    return ManualClock(FRIDAY_NIGHT)


@pytest.fixture
def world(clock):
    prints = {"SPY": walk(SPY, date(2020, 5, 1), date(2020, 5, 29))}
    return AlpacaMarketWorld(now=clock.now, prints=prints)


def provider(world, clock, keys=KEYS):
    return AlpacaData(asker(world, clock), keys)


async def days(world, clock, until=None, since=SINCE):
    until = until or clock.now()
    return await provider(world, clock).fetch("SPY", Timeframe.DAY, since, until)


async def test_a_day_covers_its_session_and_says_where_it_is_from(world, clock):
    series = await days(world, clock)
    last = series.bars[-1]
    assert (last.session, last.opened_at.hour, last.closed_at.hour) == (date(2020, 5, 29), 13, 20)
    assert (series.provider, series.source) == ("alpaca", "Alpaca SPY")
    assert len(series.bars) == 20  # Memorial Day is none
    assert series.rejected == ()


async def test_pages_are_followed_to_their_end(world, clock):
    whole = await days(world, clock)
    world.largest = 7
    assert (await days(world, clock)).bars == whole.bars
    assert len(world.calls) == 1 + 3


async def test_prices_are_split_adjusted_never_dividend_adjusted(world, clock):
    await days(world, clock)
    assert world.calls[0].query["adjustment"] == "split"
    assert world.calls[0].query["feed"] == "sip"


async def test_recent_prices_that_a_free_plan_refuses_are_not_asked_for(world, clock):
    at_the_bell = datetime(2020, 5, 29, 20, 5, tzinfo=UTC)
    early = ManualClock(at_the_bell)
    world.now = early.now
    series = await days(world, early)
    assert series.bars[-1].session == date(2020, 5, 28)


async def test_the_last_day_is_dropped_while_it_is_incomplete(world, clock):
    noon = ManualClock(datetime(2020, 5, 29, 16, 0, tzinfo=UTC))
    world.now = noon.now
    assert (await days(world, noon)).bars[-1].session == date(2020, 5, 28)


async def test_hours_hold_no_trade_of_before_the_bell(world, clock):
    bell = datetime(2020, 5, 28, 13, 30, tzinfo=UTC)
    world.prints["SPY"].append(Print(bell - timedelta(minutes=10), Decimal(999)))
    series = await provider(world, clock).fetch("SPY", Timeframe.HOUR, SINCE, clock.now())
    first = next(b for b in series.bars if b.opened_at >= bell)
    assert (first.opened_at, first.closed_at) == (bell, bell + timedelta(minutes=30))
    assert max(b.high for b in series.bars) < 999


async def test_an_early_close_ends_the_day_and_its_last_hour(clock):
    evening = ManualClock(datetime(2019, 11, 30, 1, 0, tzinfo=UTC))
    prints = {"SPY": walk(SPY, date(2019, 11, 25), date(2019, 11, 29))}
    world = AlpacaMarketWorld(now=evening.now, prints=prints)
    since = datetime(2019, 11, 25, tzinfo=UTC)
    for timeframe in (Timeframe.DAY, Timeframe.HOUR):
        series = await provider(world, evening).fetch("SPY", timeframe, since, evening.now())
        assert series.bars[-1].closed_at == datetime(2019, 11, 29, 18, 0, tzinfo=UTC)


async def test_a_week_in_which_the_clocks_change_has_five_days_of_full_length(clock):
    later = ManualClock(datetime(2020, 3, 14, 1, 0, tzinfo=UTC))
    prints = {"SPY": walk(SPY, date(2020, 3, 2), date(2020, 3, 13))}
    world = AlpacaMarketWorld(now=later.now, prints=prints)
    series = await days(world, later, since=datetime(2020, 3, 1, tzinfo=UTC))
    assert {b.closed_at - b.opened_at for b in series.bars} == {timedelta(hours=6, minutes=30)}
    assert {b.opened_at.hour for b in series.bars} == {14, 13}
    assert len(series.bars) == 10


async def test_a_bitcoin_day_is_made_of_hours_of_the_utc_day(clock):
    market = load_series()["BTCUSD"]
    prints = {"BTC/USD": walk(market, date(2020, 5, 23), date(2020, 5, 29))}
    world = AlpacaMarketWorld(now=clock.now, prints=prints)
    series = await provider(world, clock).fetch("BTCUSD", Timeframe.DAY, SINCE, clock.now())
    assert [b.session.day for b in series.bars] == [23, 24, 25, 26, 27, 28]
    assert all(b.opened_at.hour == 0 for b in series.bars)
    assert world.calls[0].path == "/v1beta3/crypto/us/bars"


async def test_a_duplicate_bar_counts_once_and_a_different_one_is_named(world, clock):
    whole = await days(world, clock)
    world.faults.plan(rows(lambda found: [*found, found[-1]], at="bars.SPY"))
    assert (await days(world, clock)).bars == whole.bars
    other = {"o": 1.0, "h": 1.0, "l": 1.0, "c": 1.0}
    world.faults.plan(rows(lambda found: [*found, found[-1] | other], at="bars.SPY"))
    series = await days(world, clock)
    assert series.bars == whole.bars
    assert "a second, different row" in series.rejected[0]


async def test_a_bar_that_is_none_is_named_and_left_out(world, clock):
    world.faults.plan(rows(lambda found: [found[0] | {"h": 0.5}, *found[1:]], at="bars.SPY"))
    series = await days(world, clock)
    assert len(series.bars) == 19
    assert "outside of low..high" in series.rejected[0]


@pytest.mark.parametrize(
    "wrong", [{"bars": []}, {"bars": {"SPY": [{"t": 1}]}}, [], {"bars": {"SPY": 1}}]
)
async def test_an_answer_of_another_shape_breaks_the_contract(world, clock, wrong):
    world.faults.plan(body(wrong))
    with pytest.raises(ContractBroken):
        await days(world, clock)


@pytest.mark.parametrize(
    ("symbol", "timeframe"), [("ES", "1d"), ("VIX", "1d"), ("NONE", "1d"), ("SPY", "4h")]
)
async def test_what_alpaca_does_not_have_is_not_found_and_not_asked(
    world, clock, symbol, timeframe
):
    with pytest.raises(NotFound):
        await provider(world, clock).fetch(symbol, Timeframe(timeframe), SINCE, clock.now())
    assert world.calls == []


async def test_a_symbol_without_any_trade_has_no_bars(world, clock):
    series = await provider(world, clock).fetch("QQQ", Timeframe.DAY, SINCE, clock.now())
    assert series.bars == ()


async def test_wrong_keys_are_told_from_a_plan_that_is_too_small(world, clock):
    wrong = AlpacaKeys("PKSIMULATED", SecretStr("wrong-4711"))
    with pytest.raises(AuthRejected) as caught:
        await provider(world, clock, wrong).fetch("SPY", Timeframe.DAY, SINCE, clock.now())
    assert "4711" not in str(caught.value)
    world.faults.plan(status(403))
    with pytest.raises(AuthRejected):
        await days(world, clock)
    world.now = lambda: FRIDAY_NIGHT - timedelta(hours=1)  # the server's clock is behind
    with pytest.raises(RequestRejected):
        await days(world, clock)


async def test_the_same_bars_come_through_a_real_socket(world, clock):
    import httpx

    from shared.market.providers.asking import Asker
    from tests.twins.seeded_entropy import SeededEntropy

    whole = await days(world, clock)
    with serve(world.handle) as url:
        async with httpx.AsyncClient() as client:
            real = AlpacaData(Asker("Alpaca", client, clock, SeededEntropy(), 0.0), KEYS, host=url)
            series = await real.fetch("SPY", Timeframe.DAY, SINCE, clock.now())
    assert series == whole


async def test_bars_of_five_minutes_lie_within_the_bells(world, clock):
    bell = datetime(2020, 5, 28, 13, 30, tzinfo=UTC)
    world.prints["SPY"].append(Print(bell - timedelta(minutes=4), Decimal(999)))
    world.prints["SPY"].append(Print(bell + timedelta(minutes=7), Decimal(101)))
    short = Timeframe.FIVE_MINUTES
    series = await provider(world, clock).fetch("SPY", short, SINCE, clock.now())
    that_day = [b for b in series.bars if b.session == bell.date()]
    assert (that_day[0].opened_at, that_day[1].opened_at) == (bell, bell + timedelta(minutes=5))
    assert {b.closed_at - b.opened_at for b in that_day} == {timedelta(minutes=5)}
    assert max(b.high for b in series.bars) < 999
