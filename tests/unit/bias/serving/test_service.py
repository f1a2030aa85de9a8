import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.analyst.rules import RulesAnalyst
from shared.bias.record.months import OutcomeMonths
from shared.bias.serving.service import Served
from shared.bias.store import BiasStore, is_whole
from shared.domain.bias import Moment, Section, Step, Unavailable
from shared.domain.errors import InvalidInput, LeaseHeld, UpstreamUnavailable
from shared.lease import Leases
from shared.market.registry import load_instruments
from tests.markets import FRIDAY_MORNING, FRIDAY_NIGHT, OPEN_13, open_market

FRIDAY = date(2020, 5, 29)


class Counting:
    """The rules, counted; may take a while and may fail."""

    name = "counting.v1"

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, Step]] = []
        self.open = self.most_open = 0
        self.error = error

    async def section(self, step, snapshot, forecast, earlier, *, deadline) -> Section:
        self.calls.append((snapshot.instrument, step))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        if self.error:
            raise self.error
        if step is Step.SYNTHESIS:
            assert len(earlier) == 5
        return await RulesAnalyst().section(step, snapshot, forecast, earlier)


async def served(service, symbol="SPY", **options) -> Served:
    answer = await service.bias(symbol, **options)
    assert isinstance(answer, Served), answer
    return answer


async def test_one_answer_is_computed_then_cached_then_renewed_and_elsewhere_read_from_the_store():
    market = await open_market()
    analyst = Counting()
    service = market.service(analyst)
    first = await served(service)
    second = await served(service)
    market.clock.advance(301)
    third = await served(service)
    await service.land()
    other_process = await served(market.service(analyst))
    caches = [answer.cache for answer in (first, second, third, other_process)]
    assert caches == ["fresh", "cached", "stale", "stored"]
    texts = {a.bias.model_dump_json() for a in (first, second, third, other_process)}
    assert len(texts) == 1
    assert len(analyst.calls) == 6


async def test_the_five_steps_run_at_once_and_the_synthesis_after_them():
    market = await open_market()
    analyst = Counting()
    await served(market.service(analyst))
    assert analyst.most_open == 5
    assert analyst.calls[-1] == ("SPY", Step.SYNTHESIS)


async def test_many_callers_of_many_instances_cost_one_computation():
    market = await open_market()
    analyst = Counting()
    services = [market.service(analyst) for _ in range(3)]
    answers = await asyncio.gather(*(served(service) for service in services for _ in range(4)))
    assert len(analyst.calls) == 6
    assert len({answer.bias.model_dump_json() for answer in answers}) == 1
    assert sum(answer.cache == "fresh" for answer in answers) == 1


async def test_a_failed_computation_frees_the_way_for_the_next():
    market = await open_market()
    with pytest.raises(UpstreamUnavailable):
        await market.service(Counting(UpstreamUnavailable("down"))).bias("SPY")
    assert (await served(market.service(Counting()))).cache == "fresh"


async def test_a_holder_that_died_is_waited_out():
    market = await open_market()
    service = market.service()
    name = "bias-SPY-2020-05-29-close-rules.v3"
    await Leases(market.documents, market.clock, market.entropy).acquire(name, 30)
    assert (await served(service)).cache == "fresh"
    assert sum(market.clock.slept) == pytest.approx(30, abs=1)


async def test_a_computation_that_takes_too_long_is_not_waited_for_for_ever():
    market = await open_market()
    name = "bias-SPY-2020-05-29-close-rules.v3"
    await Leases(market.documents, market.clock, market.entropy).acquire(name, 3600)
    with pytest.raises(LeaseHeld):
        await market.service().bias("SPY")


async def test_an_unknown_symbol_is_refused_with_the_known_ones():
    market = await open_market()
    with pytest.raises(InvalidInput) as caught:
        await market.service().bias("DOGE")
    assert caught.value.expected == tuple(load_instruments())


async def test_a_moment_that_has_not_come_or_was_missed_is_unavailable():
    market = await open_market()
    early = await market.service().bias("SPY", moment=Moment.PRE_OPEN)
    assert isinstance(early, Unavailable)
    assert "has not come yet" in early.reason
    await market.move_to(FRIDAY_MORNING)
    missed = await market.service().bias("SPY", moment=Moment.CLOSE)
    assert isinstance(missed, Unavailable)
    assert "is past and none was taken" in missed.reason


async def test_the_answer_of_an_earlier_moment_stays_readable():
    market = await open_market()
    evening = await served(market.service())
    await market.move_to(FRIDAY_MORNING)
    service = market.service()
    morning = await served(service, patient=True)
    again = await served(service, moment=Moment.CLOSE)
    assert morning.bias.moment is Moment.PRE_OPEN
    assert again.bias == evening.bias


async def test_the_board_has_all_21_in_the_order_of_the_house():
    market = await open_market()
    board = await market.service().board()
    symbols = [a.bias.instrument if isinstance(a, Served) else a.instrument for a in board]
    assert symbols == list(load_instruments())
    assert [a.bias.instrument for a in board if isinstance(a, Served)] == list(OPEN_13)


async def test_a_day_with_an_open_board_asks_for_two_snapshots_an_instrument():
    market = await open_market()
    analyst = Counting()
    for moment in (None, FRIDAY_MORNING):
        if moment:
            await market.move_to(moment)
        for _ in range(4):
            await market.service(analyst).board()
            market.clock.advance(timedelta(minutes=10))
    calls = [step for symbol, step in analyst.calls if symbol == "SPY"]
    assert len(calls) == 2 * 6


async def test_before_the_first_coefficient_table_there_is_no_bias():
    market = await open_market(datetime(2017, 6, 5, 21, 30, tzinfo=UTC))
    answer = await market.service().bias("SPY")
    assert isinstance(answer, Unavailable)
    assert "no coefficient table" in answer.reason


async def test_forecasts_of_record_are_written_once_and_by_the_cut_off():
    market = await open_market()
    service = market.service()
    first = await service.record()
    assert first.written == list(OPEN_13)
    assert [u.instrument for u in first.unavailable] == ["YM", "CL", "NG", "SI", "HG", "ZN", "ZB"]
    assert first.not_due == ["BTCUSD"]  # its day has three hours to go
    store = BiasStore(market.documents, market.clock, market.entropy)
    written = await store.records(FRIDAY)
    again = await market.service(Counting()).record()
    assert again.written == []
    assert again.already == list(OPEN_13)
    assert await store.records(FRIDAY) == written
    assert all(is_whole(record) for record in written)


async def test_a_record_is_the_answer_that_was_served_and_marked():
    market = await open_market()
    answer = await served(market.service())
    assert answer.bias.of_record
    (record,) = await BiasStore(market.documents, market.clock, market.entropy).records(FRIDAY)
    assert record.snapshot_hash == answer.bias.snapshot_hash
    assert record.forecast == answer.bias.forecast


async def test_another_authors_answer_never_replaces_the_record():
    market = await open_market()
    await market.service().record()
    other = await served(market.service(Counting()))
    assert not other.bias.of_record
    records = await BiasStore(market.documents, market.clock, market.entropy).records(FRIDAY)
    assert [r.instrument for r in records] == sorted(OPEN_13)


async def test_after_the_cut_off_nothing_becomes_a_record():
    market = await open_market()
    market.clock.advance(timedelta(minutes=20))  # spot's cut-off was 17:15 New York
    report = await market.service().record()
    assert "EURUSD" in report.not_due
    assert "SPY" in report.written
    late = await served(market.service(), "EURUSD")
    assert not late.bias.of_record


async def test_a_pre_open_answer_is_an_update_and_never_a_record():
    market = await open_market(FRIDAY_MORNING)
    assert not (await served(market.service())).bias.of_record


async def test_each_record_is_chained_to_the_one_before():
    market = await open_market()
    await market.service().record()
    await market.move_to(FRIDAY_NIGHT - timedelta(minutes=10))
    await market.service().record()
    store = BiasStore(market.documents, market.clock, market.entropy)
    friday = {r.instrument: r for r in await store.records(FRIDAY)}
    monday = {r.instrument: r for r in await store.records(date(2020, 6, 1))}
    assert len(monday) >= 9
    assert all(monday[s].previous == friday[s].chain for s in monday)
    assert all(record.previous == "" for record in friday.values())


async def test_outcomes_of_a_closed_month_move_the_chances_of_later_days():
    plain, counted = await open_market(), await open_market()
    months = OutcomeMonths(counted.documents, counted.clock)
    scores = [{"instrument": "SPY", "outcome": "Bearish"}] * 40
    await months.write("2020-04", scores)
    before = (await served(plain.service())).bias.forecast
    after = (await served(counted.service())).bias.forecast
    assert after.base_rates.bear > before.base_rates.bear
    assert after.probabilities.bear > before.probabilities.bear
