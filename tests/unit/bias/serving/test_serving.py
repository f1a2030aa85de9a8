"""What callers get while answers are written, renewed, missing or asked for out of turn."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.memory_cache import MemoryCache
from shared.analyst.rules import RulesAnalyst
from shared.bias.serving.service import BiasService, Served
from shared.domain.bias import Moment, Section, Step, Unavailable
from shared.domain.errors import QuotaSpent, StoreUnavailable
from tests.markets import FRIDAY_MORNING, Market, open_market

FRIDAY_NOON = datetime(2020, 5, 29, 16, 0, tzinfo=UTC)  # an hour after the chair has spoken


class Author:
    """The rules, counted; held back until released, step by step."""

    name = "author.v1"

    def __init__(self, *, open_: bool = True) -> None:
        self.calls: Counter[str] = Counter()
        self.gates = {step: asyncio.Event() for step in Step}
        if open_:
            self.release(*Step)

    def release(self, *steps: Step) -> None:
        for step in steps:
            self.gates[step].set()

    async def section(self, step, snapshot, forecast, earlier, *, deadline) -> Section:
        self.calls[snapshot.instrument] += 1
        await self.gates[step].wait()
        return await RulesAnalyst().section(step, snapshot, forecast, earlier, deadline=deadline)


async def served(service: BiasService, symbol: str = "SPY", **options) -> Served:
    answer = await service.bias(symbol, **options)
    assert isinstance(answer, Served), answer
    return answer


# ------------------------------------------------------------ stale while renewed


async def test_at_a_new_moment_the_last_answer_is_served_while_one_flight_writes_the_next():
    market = await open_market()
    await served(market.service(Author()))
    await market.move_to(FRIDAY_MORNING)
    author = Author(open_=False)
    service = market.service(author)
    waiting = [await served(service) for _ in range(5)]
    author.release(*Step)
    await service.land()
    after = await served(service)
    assert {(a.cache, a.bias.moment) for a in waiting} == {("stale", Moment.CLOSE)}
    assert (after.cache, after.bias.moment) == ("cached", Moment.PRE_OPEN)
    assert author.calls["SPY"] == 6


async def test_an_expired_answer_is_served_at_once_and_renewed_behind():
    market = await open_market()
    service = market.service()
    await served(service)
    market.clock.advance(301)
    expired = await served(service)
    await service.land()
    assert [expired.cache, (await served(service)).cache] == ["stale", "cached"]


async def test_who_is_patient_waits_for_the_answer_of_the_moment():
    market = await open_market()
    await served(market.service())
    await market.move_to(FRIDAY_MORNING)
    answer = await served(market.service(), patient=True)
    assert (answer.cache, answer.bias.moment) == ("fresh", Moment.PRE_OPEN)


async def test_the_answer_of_an_earlier_session_is_not_served_for_this_one():
    market = await open_market()
    await served(market.service())
    await market.move_to(datetime(2020, 5, 29, 21, 5, tzinfo=UTC))
    answer = await served(market.service())
    assert (answer.cache, answer.bias.session.isoformat()) == ("fresh", "2020-06-01")


# --------------------------------------------------------------------- failures


async def test_the_lack_of_an_answer_is_kept_for_a_minute():
    market = await open_market()
    service, reads = market.service(), Reads(market)
    storm = [await service.bias("CL") for _ in range(20)]
    before = reads.count
    again = await service.bias("CL")
    assert all(isinstance(answer, Unavailable) for answer in [*storm, again])
    assert reads.count == before
    market.clock.advance(60)
    await service.bias("CL")
    assert reads.count > before


class Reads:
    """Counts how often bars are looked for."""

    def __init__(self, market: Market) -> None:
        self.count = 0
        get_many = market.documents.get_many

        async def counted(keys):
            self.count += any(key.collection == "series" for key in keys)
            return await get_many(keys)

        market.documents.get_many = counted


async def test_a_renewal_that_fails_takes_the_old_answer_from_nobody():
    market = await open_market()
    service = market.service()
    await served(service)
    market.clock.advance(301)
    scan = market.documents.scan

    async def away(query):
        raise StoreUnavailable("away")

    market.documents.scan = away
    assert (await served(service)).cache == "stale"
    await service.land()
    market.documents.scan = scan
    assert (await served(service)).cache == "stale"
    await service.land()
    assert (await served(service)).cache == "cached"


async def test_a_caller_who_leaves_takes_the_answer_from_nobody():
    market = await open_market()
    author = Author(open_=False)
    service = market.service(author)
    impatient = asyncio.create_task(service.bias("SPY"))
    while author.calls["SPY"] < 5:
        await asyncio.sleep(0)
    impatient.cancel()
    author.release(*Step)
    assert (await served(service)).bias.instrument == "SPY"
    assert author.calls["SPY"] == 6


# ---------------------------------------------------------------- moments, quota


async def test_after_a_high_event_there_is_a_new_snapshot():
    market = await open_market(FRIDAY_MORNING)
    await served(market.service())
    await market.move_to(FRIDAY_NOON)
    answer = await served(market.service(), patient=True)
    assert answer.bias.moment is Moment.EVENT
    assert answer.bias.as_of == FRIDAY_NOON
    assert not answer.bias.of_record


async def test_a_session_has_one_snapshot_on_request():
    market = await open_market()
    author = Author()
    first = await market.service(author).request("SPY")
    assert isinstance(first, Served)
    assert first.bias.moment is Moment.ON_REQUEST
    with pytest.raises(QuotaSpent, match="moment=on_request"):
        await market.service(author).request("SPY")
    again = await served(market.service(author), moment=Moment.ON_REQUEST)
    assert again.bias == first.bias
    assert author.calls["SPY"] == 6


async def test_many_requests_at_once_are_one_snapshot():
    market = await open_market()
    author = Author()
    services = [market.service(author) for _ in range(2)]
    answers = await asyncio.gather(*(s.request("SPY") for s in services for _ in range(3)))
    assert len({answer.bias.snapshot_hash for answer in answers}) == 1
    assert author.calls["SPY"] == 6


async def test_what_was_not_asked_for_is_not_there():
    answer = await (await open_market()).service().bias("SPY", moment=Moment.ON_REQUEST)
    assert isinstance(answer, Unavailable)
    assert "has not been asked for" in answer.reason


async def test_an_open_board_costs_at_most_forty_model_calls_an_instrument_a_day():
    market = await open_market()
    author, watched = Author(), ("ES", "SPY")
    services = [market.service(author) for _ in range(2)]
    await services[0].record()
    while market.clock.now() < datetime(2020, 5, 29, 19, tzinfo=UTC):
        market.clock.advance(timedelta(minutes=40))
        for service in services:
            await asyncio.gather(*(service.bias(symbol) for symbol in watched))
            await service.land()
    for symbol in watched:
        await services[1].request(symbol)
    counts = {symbol: author.calls[symbol] for symbol in watched}
    print(f"\nmodel calls of a day with an open board: {counts}")  # noqa: T201 - the bar's figure
    assert max(counts.values()) <= 40
    assert min(counts.values()) == 4 * 6  # close, pre-open, after the chair's words, on request


# --------------------------------------------------------------------- streaming


async def test_finished_steps_are_told_before_the_answer_in_the_order_of_their_end():
    market = await open_market()
    author = Author(open_=False)
    told: list[str] = []

    async def watch() -> None:
        parts = market.service(author).stream("SPY")
        async for part in parts:
            told.extend([part.step if isinstance(part, Section) else part.cache])

    watching = asyncio.create_task(watch())
    for step in (Step.FLUX, Step.SECURITY, Step.TECHNICAL, Step.MACRO, Step.LEADERS):
        author.release(step)
        while step not in told:
            await asyncio.sleep(0)
    author.release(Step.SYNTHESIS)
    await watching
    assert told == ["flux", "security", "technical", "macro", "leaders", "synthesis", "fresh"]


async def test_an_answer_that_is_there_is_all_that_a_stream_tells():
    market = await open_market()
    service = market.service()
    await served(service)
    parts = [part async for part in service.stream("SPY")]
    assert [part.cache for part in parts] == ["cached"]


async def test_a_stream_tells_the_last_answer_first_while_the_next_is_written():
    market = await open_market()
    await served(market.service())
    await market.move_to(FRIDAY_MORNING)
    parts = [part async for part in market.service().stream("SPY")]
    first, *sections, last = parts
    assert (first.cache, first.bias.moment) == ("stale", Moment.CLOSE)
    assert {section.step for section in sections} == set(Step)
    assert (last.cache, last.bias.moment) == ("fresh", Moment.PRE_OPEN)


async def test_instances_that_share_a_cache_tell_the_steps_of_each_others_flights():
    market = await open_market()
    author, cache = Author(open_=False), MemoryCache(market.clock)
    writer, watcher = (market.service(author, cache=cache) for _ in range(2))
    writing = asyncio.create_task(writer.bias("SPY"))
    while author.calls["SPY"] < 5:
        await asyncio.sleep(0)
    author.release(*Step)
    parts = [part async for part in watcher.stream("SPY")]
    await writing
    assert {part.step for part in parts if isinstance(part, Section)} == set(Step)
    assert author.calls["SPY"] == 6


async def test_a_stream_without_an_answer_ends_with_the_reason():
    parts = [part async for part in (await open_market()).service().stream("CL")]
    assert [type(part) for part in parts] == [Unavailable]


async def test_who_stops_watching_does_not_stop_the_writing():
    market = await open_market()
    author = Author(open_=False)
    author.release(Step.FLUX)
    service = market.service(author)
    async for _ in service.stream("SPY"):
        break
    author.release(*Step)
    await service.land()
    assert (await served(service)).cache == "cached"
