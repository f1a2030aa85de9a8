import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulators.brokers.faults import cut_body, html_503, status
from infra.simulators.market.forexfactory import ForexFactoryWorld
from shared.domain.errors import ContractBroken, RateLimited, UpstreamUnavailable
from shared.domain.market.events import Impact
from shared.market.providers.forexfactory import ForexFactory
from tests.market_worlds import asker
from tests.twins.manual_clock import ManualClock

BODIES = Path(__file__).parents[5] / "shared" / "market" / "calendar"
ROW = {
    "title": "CPI m/m",
    "country": "USD",
    "date": "2026-02-11T08:30:00-05:00",
    "impact": "High",
    "forecast": "0.3%",
    "previous": "",
}


def week(*changes):
    return json.dumps([ROW | change for change in changes or ({},)]).encode()


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 2, 10, 12, 0, tzinfo=UTC))


@pytest.fixture
def world(clock):
    return ForexFactoryWorld(now=clock.now, body=week())


@pytest.fixture
def feed(world, clock):
    return ForexFactory(asker(world, clock))


async def test_an_event_is_in_utc_with_its_values_as_published(feed, clock):
    body = await feed.fetch(clock.now())
    (event,) = body.events
    assert event.at == datetime(2026, 2, 11, 13, 30, tzinfo=UTC)
    assert (event.currency, event.impact, event.title) == ("USD", Impact.HIGH, "CPI m/m")
    assert (event.forecast, event.previous, event.actual) == ("0.3%", None, None)
    assert body.fetched_at == clock.now()


async def test_what_has_not_changed_is_not_sent_again_but_is_known_later(feed, world, clock):
    first = await feed.fetch(clock.now())
    clock.advance(timedelta(hours=1))
    second = await feed.fetch(clock.now(), first)
    assert (second.events, second.fetched_at) == (first.events, clock.now())
    assert world.calls[-1].headers["if-none-match"] == first.etag
    world.body = week({}, {"title": "late"})
    clock.advance(timedelta(hours=1))
    assert len((await feed.fetch(clock.now(), second)).events) == 2


async def test_it_says_who_asks(feed, world, clock):
    await feed.fetch(clock.now())
    assert "daybias" in world.calls[0].headers["user-agent"]


@pytest.mark.parametrize(
    "change", [{"date": ""}, {"date": "2026-02-11T08:30:00"}, {"impact": "Huge"}, {"country": 7}]
)
async def test_a_row_that_is_no_event_is_named_and_the_others_are_kept(feed, world, clock, change):
    world.body = week(change, {})
    body = await feed.fetch(clock.now())
    assert len(body.events) == 1
    assert body.rejected[0].startswith("event 0, 'CPI m/m': no use of ")


@pytest.mark.parametrize("value", ["5.04|3.1", "2-0-7", "<1.00%", "-0.44T", "tentative"])
async def test_an_event_is_kept_whatever_its_number_looks_like(feed, world, clock, value):
    world.body = week({"forecast": value})
    assert (await feed.fetch(clock.now())).events[0].forecast == value


@pytest.mark.parametrize(
    "bad", [b"", b"<html>denied</html>", b"{}", b"[]", b"[1, 2]", b"[{]", b"\xff"]
)
async def test_a_body_that_is_no_week_breaks_the_contract(feed, world, clock, bad):
    world.body = bad
    with pytest.raises(ContractBroken):
        await feed.fetch(clock.now())


@pytest.mark.parametrize("fault", [html_503(), cut_body(), status(500), status(429)])
async def test_a_failure_is_not_tried_again_at_once(feed, world, clock, fault):
    world.faults.plan(fault, times=9)
    with pytest.raises((UpstreamUnavailable, RateLimited)):
        await feed.fetch(clock.now())
    assert len(world.calls) == 1


@pytest.mark.parametrize(
    "week_of", [("2022-08-14", 86, 1), ("2026-02-08", 89, 0), ("2026-08-16", 100, 0)]
)
async def test_recorded_weeks_are_read_whole(feed, world, clock, week_of):
    name, events, rejected = week_of
    path = BODIES / f"ff_calendar_thisweek_{name}.json"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    world.body = path.read_bytes()
    body = await feed.fetch(clock.now())
    assert (len(body.events), len(body.rejected)) == (events, rejected)
    assert path.read_text().count('"title"') == events + rejected


@given(st.lists(st.dictionaries(st.sampled_from(sorted(ROW)), st.text(max_size=12)), max_size=4))
async def test_no_row_crashes_the_reader(rows):
    clock = ManualClock()
    world = ForexFactoryWorld(now=clock.now, body=json.dumps([ROW, *rows]).encode())
    body = await ForexFactory(asker(world, clock)).fetch(clock.now())
    assert len(body.events) + len(body.rejected) == 1 + len(rows)
