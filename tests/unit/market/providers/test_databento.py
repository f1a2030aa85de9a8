from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from pydantic import SecretStr

from infra.simulators.brokers.wire import Answer
from infra.simulators.market.databento import Contract, DatabentoWorld
from infra.simulators.market.prints import Print, walk
from shared.domain.errors import AuthRejected, ContractBroken, NotFound, RequestRejected
from shared.domain.market.bars import Timeframe
from shared.market.providers.databento import Databento
from shared.market.registry import load_series
from tests.market_worlds import asker
from tests.twins.manual_clock import ManualClock

NOW = datetime(2020, 3, 13, 21, 30, tzinfo=UTC)
SINCE = datetime(2020, 3, 2, tzinfo=UTC)
ROLL = date(2020, 3, 11)


def at_twice(prints):
    return tuple(Print(p.at, p.price * 2, p.size) for p in prints)


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def world(clock):
    """March leads until the 11th; June trades at twice its price all along."""
    chains = {}
    for root in ("ES", "CL"):
        march = tuple(walk(load_series()[root], date(2020, 2, 20), date(2020, 3, 16)))
        chains[root] = [
            Contract(1, date(2020, 1, 1), march),
            Contract(2, ROLL, at_twice(march)),
        ]
    return DatabentoWorld(now=clock.now, contracts=chains)


async def fetch(world, clock, symbol="ES", timeframe=Timeframe.DAY, key="db-simulated"):
    provider = Databento(asker(world, clock), SecretStr(key))
    return await provider.fetch(symbol, timeframe, SINCE, clock.now())


async def test_sessions_are_made_of_hours_and_end_at_five_in_new_york(world, clock):
    series = await fetch(world, clock)
    assert [b.session.day for b in series.bars] == [3, 4, 5, 6, 9, 10, 11, 12, 13]
    assert {b.closed_at - b.opened_at for b in series.bars} == {timedelta(hours=23)}
    assert b"ohlcv-1h" in world.calls[0].body
    assert series.rejected == ()


async def test_the_day_after_thanksgiving_ends_early_and_monday_is_whole():
    clock = ManualClock(datetime(2019, 12, 2, 22, 30, tzinfo=UTC))
    prints = tuple(walk(load_series()["ES"], date(2019, 11, 25), date(2019, 12, 3)))
    chains = {"ES": [Contract(1, date(2019, 11, 1), prints)]}
    world = DatabentoWorld(now=clock.now, contracts=chains)
    provider = Databento(asker(world, clock), SecretStr("db-simulated"))
    since = datetime(2019, 11, 25, tzinfo=UTC)
    series = await provider.fetch("ES", Timeframe.DAY, since, clock.now())
    closes = {bar.session: bar.closed_at for bar in series.bars}
    assert closes[date(2019, 11, 29)] == datetime(2019, 11, 29, 18, tzinfo=UTC)
    assert closes[date(2019, 12, 2)] == datetime(2019, 12, 2, 22, tzinfo=UTC)
    assert series.rejected == ()


async def test_a_settlement_within_an_hour_takes_minutes(world, clock):
    series = await fetch(world, clock, "CL")
    assert b"ohlcv-1m" in world.calls[0].body
    assert series.bars[-1].closed_at == datetime(2020, 3, 13, 18, 30, tzinfo=UTC)
    assert [b.session.day for b in series.bars] == [3, 4, 5, 6, 9, 10, 11, 12, 13]


async def test_a_roll_is_marked_with_what_older_prices_are_multiplied_with(world, clock):
    series = await fetch(world, clock)
    assert {b.session: b.rolled for b in series.bars if b.rolled is not None} == {ROLL: 2.0}


async def test_back_adjusted_a_roll_is_no_move(world, clock):
    raw = await fetch(world, clock)
    jumps = [b.open / a.close for a, b in pairwise(raw.bars)]
    assert max(jumps) > 1.9
    bars = raw.back_adjusted().bars
    assert all(0.9 < b.open / a.close < 1.1 for a, b in pairwise(bars))
    assert bars[-1] == raw.bars[-1]


async def test_a_roll_whose_gap_cannot_be_measured_is_marked_and_said(world, clock):
    march, june = world.contracts["ES"]
    late = tuple(p for p in june.prints if p.at.date() >= ROLL)
    world.contracts["ES"] = [march, Contract(2, ROLL, late)]
    series = await fetch(world, clock)
    assert [b.rolled for b in series.bars if b.rolled is not None] == [1.0]
    assert "its gap is not known" in series.rejected[0]


async def test_a_roll_at_the_border_of_what_is_asked_for_is_found(world, clock):
    provider = Databento(asker(world, clock), SecretStr("db-simulated"))
    since = datetime(2020, 3, 11, 0, 0, tzinfo=UTC)  # hours of the new contract alone
    series = await provider.fetch("ES", Timeframe.HOUR, since, NOW)
    assert (series.bars[0].opened_at, series.bars[0].rolled) == (since, 2.0)


async def test_negative_prices_are_prices(clock):
    night = ManualClock(datetime(2020, 4, 20, 22, 0, tzinfo=UTC))
    start = datetime(2020, 4, 20, 16, 0, tzinfo=UTC)
    prints = (Print(start, Decimal("1.5")), Print(start + timedelta(hours=2), Decimal("-37.63")))
    world = DatabentoWorld(now=night.now, contracts={"CL": [Contract(1, date(2020, 1, 1), prints)]})
    bar = (await fetch(world, night, "CL")).bars[-1]
    assert (bar.low, bar.close) == (-37.63, -37.63)


async def test_a_key_that_may_read_up_to_eight_hours_ago_gets_what_it_may(world, clock):
    world.licensed_delay = timedelta(hours=8)
    series = await fetch(world, clock)
    assert series.bars[-1].session == date(2020, 3, 12)
    assert len(world.calls) == 2


async def test_data_that_end_an_hour_ago_are_asked_for_up_to_there(world, clock):
    world.delay = timedelta(hours=1)
    series = await fetch(world, clock, timeframe=Timeframe.HOUR)
    assert series.bars[-1].closed_at == datetime(2020, 3, 13, 20, 0, tzinfo=UTC)


async def test_a_future_that_never_traded_has_no_bars(world, clock):
    assert (await fetch(world, clock, "NQ")).bars == ()


@pytest.mark.parametrize(("symbol", "timeframe"), [("SPY", "1d"), ("ES", "4h"), ("X", "1d")])
async def test_what_databento_does_not_have_is_not_asked_for(world, clock, symbol, timeframe):
    with pytest.raises(NotFound):
        await fetch(world, clock, symbol, Timeframe(timeframe))
    assert world.calls == []


async def test_a_refused_key_is_said_without_the_key(world, clock):
    with pytest.raises(AuthRejected) as caught:
        await fetch(world, clock, key="db-wrong-4711")
    assert "4711" not in str(caught.value)


async def test_a_request_that_is_refused_for_another_reason_says_so(world, clock):
    body = b'{"detail": {"case": "schema_unavailable", "message": "no"}}'
    world.faults.plan(lambda _, __: Answer(422, body))
    with pytest.raises(RequestRejected, match="422"):
        await fetch(world, clock)


@pytest.mark.parametrize("wrong", [b"<html>", b"ts_event,open\n1,2\n", b"\xff\xfe"])
async def test_an_answer_of_another_shape_breaks_the_contract(world, clock, wrong):
    world.faults.plan(lambda _, __: Answer(200, wrong))
    with pytest.raises(ContractBroken):
        await fetch(world, clock)


async def test_five_minutes_are_made_of_minutes(world, clock):
    series = await fetch(world, clock, timeframe=Timeframe.FIVE_MINUTES)
    assert b"ohlcv-1m" in world.calls[0].body
    assert {b.closed_at - b.opened_at for b in series.bars} == {timedelta(minutes=5)}
    assert series.bars[0].opened_at.minute in {0, 30}  # as the simulated prints


def test_what_a_fetch_is_billed_for_is_estimated_before(clock):
    provider = Databento(asker(DatabentoWorld(now=clock.now), clock), SecretStr("db-simulated"))
    day = timedelta(days=1)
    hours = provider.bytes_of("ES", Timeframe.DAY, SINCE, SINCE + 6 * day)
    minutes = provider.bytes_of("CL", Timeframe.DAY, SINCE, SINCE + 6 * day)
    # two contracts, ten days with the four that are read before, 56 bytes a record
    assert (hours, minutes) == (2 * 10 * 24 * 56, 2 * 10 * 24 * 60 * 56)
