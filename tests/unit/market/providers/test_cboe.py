from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulators.brokers.faults import cut_body, html_503, status
from infra.simulators.brokers.wire import Answer
from infra.simulators.market.cboe import CboeWorld
from infra.simulators.market.prints import Print, walk
from shared.domain.errors import (
    ContractBroken,
    NotFound,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.domain.market.bars import Timeframe
from shared.domain.time import NEW_YORK
from shared.market.providers.cboe import CboeHistory
from shared.market.registry import VIX, load_series
from shared.market.sessions import session_close
from tests.market_worlds import asker
from tests.twins.manual_clock import ManualClock

NOW = datetime(2026, 3, 13, 22, 30, tzinfo=UTC)  # a Friday, half past six in New York
SINCE = datetime(2026, 3, 2, tzinfo=UTC)
HTML = b"<!DOCTYPE html><html><body><h1>Access denied</h1></body></html>"
ROW = "03/11/2026,17.100000,18.000000,16.500000,17.500000"


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def world(clock):
    walked = walk(load_series()[VIX], date(2026, 2, 2), date(2026, 3, 16))
    return CboeWorld(now=clock.now, prints={"VIX": walked})


@pytest.fixture
def provider(world, clock):
    return CboeHistory(asker(world, clock))


async def fetch(provider, *, since=SINCE, until=NOW):
    return await provider.fetch(VIX, Timeframe.DAY, since, until)


def days(series):
    return [bar.session.day for bar in series.bars]


def served(*lines):
    """Serve these rows of March 2026, and nothing else."""
    return lambda _: ["DATE,OPEN,HIGH,LOW,CLOSE", *lines]


async def test_days_end_at_a_quarter_past_four_in_new_york_across_a_change_of_the_clocks(provider):
    series = await fetch(provider)
    assert days(series) == [2, 3, 4, 5, 6, 9, 10, 11, 12, 13]
    closes = [bar.closed_at.astimezone(NEW_YORK).time() for bar in series.bars]
    assert set(closes) == {time(16, 15)}
    assert {bar.closed_at.hour for bar in series.bars} == {21, 20}
    assert series.rejected == ()


async def test_a_series_says_whose_it_is_and_has_no_volume(provider):
    series = await fetch(provider)
    assert (series.provider, series.source, series.volume_kind) == ("cboe", "Cboe VIX", "none")
    assert "noncommercial" in series.licence
    assert {bar.volume for bar in series.bars} == {None}


async def test_a_row_is_read_as_it_stands(provider, world):
    world.change = served(ROW)
    (bar,) = (await fetch(provider)).bars
    assert (bar.open, bar.high, bar.low, bar.close) == (17.1, 18.0, 16.5, 17.5)
    assert bar.session == date(2026, 3, 11)


async def test_an_early_close_ends_the_day_as_the_exchanges_table_says(world):
    clock = ManualClock(datetime(2025, 12, 1, 23, 30, tzinfo=UTC))
    walked = walk(load_series()[VIX], date(2025, 11, 24), date(2025, 12, 2))
    world = CboeWorld(now=clock.now, prints={"VIX": walked})
    provider = CboeHistory(asker(world, clock))
    since = datetime(2025, 11, 24, tzinfo=UTC)
    closes = {
        bar.session: bar.closed_at
        for bar in (await fetch(provider, since=since, until=clock.now())).bars
    }
    friday = date(2025, 11, 28)
    assert closes[friday] == session_close(load_series()[VIX], friday)
    assert closes[friday] == datetime(2025, 11, 28, 18, tzinfo=UTC)


# ------------------------------------------------------------ what was known when


async def test_todays_row_is_no_bar_before_its_close_even_where_it_is_there(provider, world):
    world.published = time(10)
    before = datetime(2026, 3, 13, 20, 14, tzinfo=UTC)
    assert days(await fetch(provider, until=before))[-1] == 12
    assert days(await fetch(provider, until=before + timedelta(minutes=1)))[-1] == 13


async def test_while_todays_row_lacks_the_newest_is_of_the_day_before(provider, world, clock):
    world.published = time(20)
    assert days(await fetch(provider))[-1] == 12
    clock.advance(timedelta(hours=2))
    assert days(await fetch(provider))[-1] == 13


async def test_days_of_before_since_are_left_out(provider):
    since = datetime(2026, 3, 10, 13, 30, tzinfo=UTC)  # the opening of that day
    assert days(await fetch(provider, since=since)) == [10, 11, 12, 13]
    assert days(await fetch(provider, since=since + timedelta(minutes=1))) == [11, 12, 13]


async def test_a_holidays_row_of_global_hours_is_neither_a_day_nor_a_fault(world, clock):
    holiday = datetime(2026, 2, 16, 12, tzinfo=UTC)
    world.prints["VIX"].append(Print(holiday, Decimal("199.5")))
    world.prints["VIX"].sort(key=lambda printed: printed.at)
    since = datetime(2026, 2, 13, tzinfo=UTC)
    until = datetime(2026, 2, 17, 23, 30, tzinfo=UTC)
    series = await fetch(CboeHistory(asker(world, clock)), since=since, until=until)
    assert days(series) == [13, 17]
    assert series.bars[-1].high < 199.5
    assert series.rejected == ()


async def test_after_a_holiday_its_row_never_stands_for_the_session_that_lacks(world, clock):
    holiday = datetime(2026, 2, 16, 12, tzinfo=UTC)
    tuesday = datetime(2026, 2, 17, 22, tzinfo=UTC)  # closed, its row is not out
    friday = [p for p in world.prints["VIX"] if p.at.date() <= date(2026, 2, 13)]
    world.prints["VIX"] = [*friday, Print(holiday, Decimal("99.5"))]
    since = datetime(2026, 2, 12, tzinfo=UTC)
    series = await fetch(CboeHistory(asker(world, clock)), since=since, until=tuesday)
    assert days(series) == [12, 13]


# ------------------------------------------------------------ what is not sent again


async def test_what_has_not_changed_is_not_sent_again(provider, world, clock):
    first = await fetch(provider)
    clock.advance(timedelta(minutes=30))
    second = await fetch(provider)
    assert world.calls[1].headers["if-none-match"].startswith('"')
    assert second == first
    clock.advance(timedelta(days=3))
    assert days(await fetch(provider, until=clock.now()))[-1] == 16


async def test_an_unchanged_file_serves_another_span(provider):
    assert len((await fetch(provider)).bars) == 10
    assert len((await fetch(provider, since=datetime(2026, 2, 2, tzinfo=UTC))).bars) == 29


async def test_without_a_mark_the_file_is_asked_for_whole(provider, world):
    world.faults.plan(lambda _, a: Answer(a.status, a.body, {"content-type": "text/csv"}))
    await fetch(provider)
    await fetch(provider)
    assert "if-none-match" not in world.calls[1].headers


async def test_a_spoiled_file_is_not_what_later_ones_are_compared_with(provider, world):
    await fetch(provider)
    mark = {"etag": '"bad"'}
    world.faults.plan(lambda _, __: Answer(200, HTML, mark))
    with pytest.raises(ContractBroken):
        await fetch(provider)
    await fetch(provider)
    assert world.calls[2].headers["if-none-match"] != '"bad"'


async def test_unchanged_since_what_nobody_has_breaks_the_contract(provider, world):
    world.faults.plan(lambda _, __: Answer(304, b"", {}))
    with pytest.raises(ContractBroken, match="nobody has"):
        await fetch(provider)


async def test_it_says_who_asks_and_shows_no_key(provider, world):
    await fetch(provider)
    assert "daybias" in world.calls[0].headers["user-agent"]
    assert "authorization" not in world.calls[0].headers


# ------------------------------------------------------------------ what is spoiled


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "without the columns"),
        (HTML, "without the columns"),
        (b"\xff\xfe\x00", "no text"),
        (b"DATE,OPEN,HIGH,LOW,CLOSE\n", "without any day"),
        (b"DATE,VIX\n03/11/2026,17.5\n", r"without the columns \['CLOSE', 'HIGH'"),
        (b"Date,Open,High,Low,Close\n03/11/2026,1,1,1,1\n", "without the columns"),
        (b"DATE,OPEN,HIGH,LOW,CLOSE\n2026-03-11,1,1,1,1\n", "MM/DD/YYYY, found '2026-03-11'"),
        (b"DATE,OPEN,HIGH,LOW,CLOSE\n13/03/2026,1,1,1,1\n", "MM/DD/YYYY, found '13/03/2026'"),
        (b"DATE,OPEN,HIGH,LOW,CLOSE\n\xd9\xa1\xd9\xa1/03/2026,1,1,1,1\n", "MM/DD/YYYY"),
        (b"DATE,OPEN,HIGH,LOW,CLOSE\nN/A,1,1,1,1\n", "MM/DD/YYYY, found 'N/A'"),
        (b'DATE,OPEN,HIGH,LOW,CLOSE\n"' + b"0" * 200_000, "no CSV"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
async def test_a_body_that_is_no_history_breaks_the_contract(provider, world, body, words):
    world.faults.plan(lambda _, __: Answer(200, body, {}))
    with pytest.raises(ContractBroken, match=words):
        await fetch(provider)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("03/12/2026,N/A,N/A,N/A,N/A", "could not convert"),
        ("03/12/2026,,,,", "not a number"),
        ("03/12/2026,17.1,18.0", "not a number"),
        ("03/12/2026,17.1,nan,16.5,17.5", "not a number"),
        ("03/12/2026,17.1,inf,16.5,17.5", "not a number"),
        ("03/12/2026,17.1,18.0,16.5,17.5,1", "more fields than columns"),
        ("03/12/2026,0.0,0.0,0.0,0.0", "not above 0"),
        ("03/12/2026,-1,18.0,-1,17.5", "not above 0"),
        ("03/12/2026,41.6,18.0,16.5,17.5", "outside of low..high"),
        ("03/14/2026,17.1,18.0,16.5,17.5", "weekend"),
    ],
)
async def test_a_row_that_is_no_day_is_named_and_the_others_are_kept(provider, world, row, words):
    world.change = served(ROW, row)
    series = await fetch(provider, until=NOW + timedelta(days=3))
    assert days(series) == [11]
    (fault,) = series.rejected
    assert fault.startswith("VIX 2026-03-1")
    assert words in fault


async def test_a_row_out_of_order_is_put_where_it_belongs(provider, world):
    world.change = lambda lines: [lines[0], *reversed(lines[1:])]
    series = await fetch(provider)
    assert days(series) == [2, 3, 4, 5, 6, 9, 10, 11, 12, 13]
    assert series.rejected == ()


async def test_a_day_that_stands_twice_counts_once(provider, world):
    world.change = served(ROW, ROW)
    series = await fetch(provider)
    assert (days(series), series.rejected) == ([11], ())


async def test_a_second_different_row_of_a_day_is_named_and_the_first_holds(provider, world):
    world.change = served(ROW, ROW.replace("17.500000", "17.600000"))
    series = await fetch(provider)
    assert [bar.close for bar in series.bars] == [17.5]
    assert "a second, different row of 2026-03-11" in series.rejected[0]


async def test_impossible_rows_of_long_ago_are_no_fault_of_today(provider, world):
    world.change = lambda lines: [lines[0], "02/08/2006,41.6,13.61,12.76,12.83", *lines[1:]]
    series = await fetch(provider)
    assert (len(series.bars), series.rejected) == (10, ())


async def test_a_byte_order_mark_and_carriage_returns_change_nothing(provider, world, clock):
    expected = await fetch(CboeHistory(asker(world, clock)))
    world.faults.plan(
        lambda _, a: Answer(200, b"\xef\xbb\xbf" + a.body.replace(b"\n", b"\r\n"), {})
    )
    assert await fetch(provider) == expected


# -------------------------------------------------------------------- who answers


async def test_a_file_that_has_moved_is_a_fault_and_not_a_series_that_is_not_served(
    provider, world
):
    world.prints.clear()
    with pytest.raises(ContractBroken, match="not there any more"):
        await fetch(provider)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (html_503(), UpstreamUnavailable),
        (cut_body(), UpstreamUnavailable),
        (status(429), RateLimited),
        (status(403), RequestRejected),
    ],
)
async def test_failures_are_sorted_by_what_comes_next(provider, world, fault, error):
    world.faults.plan(fault, times=9)
    with pytest.raises(error):
        await fetch(provider)


async def test_a_short_failure_is_waited_for(provider, world):
    world.faults.plan(html_503(), times=2)
    assert len((await fetch(provider)).bars) == 10


@pytest.mark.parametrize(
    ("symbol", "timeframe"),
    [(VIX, Timeframe.HOUR), (VIX, Timeframe.FOUR_HOURS), ("SPY", Timeframe.DAY)],
)
async def test_nothing_but_days_of_the_vix_is_served(provider, world, symbol, timeframe):
    with pytest.raises(NotFound):
        await provider.fetch(symbol, timeframe, SINCE, NOW)
    assert world.calls == []


_FIELDS = st.one_of(st.sampled_from(["N/A", "", "17.5", "1e400", "0"]), st.text(max_size=6))


@given(st.lists(st.lists(_FIELDS, min_size=4, max_size=5), max_size=5))
async def test_no_row_crashes_the_reader(found):
    clock = ManualClock(NOW)
    lines = [",".join(["03/12/2026", *(f.replace('"', "'") for f in row)]) for row in found]
    world = CboeWorld(now=clock.now, prints={"VIX": []}, change=served(ROW, *lines))
    try:
        series = await fetch(CboeHistory(asker(world, clock)))
    except ContractBroken:
        return  # a line break inside of a field begins a row whose date is none
    assert 1 <= len(series.bars) <= 2
