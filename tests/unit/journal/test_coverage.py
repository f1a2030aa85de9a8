from datetime import UTC, date, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.time import NEW_YORK
from shared.journal.coverage import (
    DayCoverage,
    Days,
    DayState,
    coverage_writes,
    day_start,
    lost_day,
    merged,
    read_days,
    touched_days,
    whole_days,
)
from shared.ports import Update
from tests.twins.memory_documents import MemoryDocuments

DAY = date(2026, 3, 10)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(run: int, state: DayState = DayState.COMPLETE, quarantined: int = 0) -> Days:
    return {DAY: DayCoverage(state, quarantined, run)}


def test_only_whole_new_york_days_are_whole() -> None:
    days = whole_days(at("2026-03-09 12:00"), at("2026-03-12 03:59"), NEW_YORK)
    assert days == [date(2026, 3, 10)]


def test_a_window_from_midnight_to_midnight_is_one_day() -> None:
    days = whole_days(at("2026-03-10 04:00"), at("2026-03-11 04:00"), NEW_YORK)
    assert days == [date(2026, 3, 10)]


def test_a_day_of_23_hours_is_whole_too() -> None:
    assert whole_days(at("2026-03-08 05:00"), at("2026-03-09 04:00"), NEW_YORK) == [
        date(2026, 3, 8)
    ]


def test_touched_days_include_the_broken_ones() -> None:
    days = touched_days(at("2026-03-09 12:00"), at("2026-03-11 04:00"), NEW_YORK)
    assert days == [date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11)]


def test_a_day_starts_at_new_york_midnight() -> None:
    assert day_start(at("2026-03-10 02:00"), NEW_YORK) == at("2026-03-09 04:00")


def test_a_newer_run_closes_a_gap() -> None:
    assert merged(told(1, DayState.GAP), told(2)) == told(2)


def test_an_older_run_that_ends_late_opens_no_gap() -> None:
    assert merged(told(2), told(1, DayState.GAP)) == told(2)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4, unique=True))
def test_the_order_of_runs_does_not_matter(runs: list[int]) -> None:
    results = []
    for order in permutations(runs):
        days: Days = {}
        for run in order:
            days = merged(days, told(run, quarantined=run))
        results.append(days)
    assert all(result == told(max(runs), quarantined=max(runs)) for result in results)


def test_a_forgotten_day_is_a_gap_that_reading_again_does_not_help() -> None:
    (day,) = merged({}, {DAY: lost_day("the broker forgot", 3)}).values()
    assert (day.state, day.lost, day.to_be_read) == (DayState.GAP, "the broker forgot", False)


def test_a_day_that_was_complete_stays_so_when_the_broker_forgets_it() -> None:
    days = merged(told(1), {DAY: lost_day("the broker forgot", 3)})
    assert days[DAY].state is DayState.COMPLETE


def test_a_run_that_is_lost_after_the_broker_forgot_is_to_be_read_again() -> None:
    days = merged({DAY: lost_day("the broker forgot", 3)}, told(4, DayState.GAP))
    assert days[DAY].to_be_read
    assert not merged(days, {DAY: lost_day("the broker forgot", 5)})[DAY].to_be_read


def test_the_order_of_news_of_every_kind_does_not_matter() -> None:
    news: list[Days] = [told(5), told(6, DayState.GAP), {DAY: lost_day("forgot", 7)}]
    results = []
    for order in permutations(news):
        days: Days = {}
        for one in order:
            days = merged(days, one)
        results.append(days)
    assert all(result == results[0] for result in results)


async def test_a_forgotten_day_comes_back_as_it_was_written() -> None:
    documents, news = MemoryDocuments(), {DAY: lost_day("the broker forgot", 3)}
    (write,) = await coverage_writes(documents, "user-1", "acc", news)
    await documents.commit([write])
    (found,) = await documents.get_many([write.key])
    assert found is not None
    assert read_days(found.body) == news


async def test_news_of_two_years_go_to_two_documents_and_come_back() -> None:
    documents = MemoryDocuments()
    news = {
        date(2025, 12, 31): DayCoverage(DayState.GAP, 0, 4),
        date(2026, 1, 1): DayCoverage(DayState.COMPLETE, 2, 4),
    }
    writes = await coverage_writes(documents, "user-1", "acc", news)
    await documents.commit(writes)
    found = await documents.get_many([write.key for write in writes])
    read = {day: told for doc in found if doc for day, told in read_days(doc.body).items()}
    assert (read, [key.key.id for key in writes]) == (news, ["acc-2025", "acc-2026"])


async def test_no_news_is_no_write() -> None:
    documents = MemoryDocuments()
    await documents.commit(await coverage_writes(documents, "user-1", "acc", told(1)))
    assert await coverage_writes(documents, "user-1", "acc", told(1)) == []


async def test_news_of_a_day_leave_the_other_days_of_its_year_as_they_were() -> None:
    documents = MemoryDocuments()
    year = {DAY + timedelta(days=n): DayCoverage(DayState.GAP, 0, 4, "why", 3) for n in (-1, 0, 1)}
    news = {DAY: DayCoverage(DayState.COMPLETE, 1, 5), DAY - timedelta(days=2): lost_day("old", 5)}
    await documents.commit(await coverage_writes(documents, "user-1", "acc", year))
    (write,) = await coverage_writes(documents, "user-1", "acc", news)
    assert isinstance(write, Update)
    assert read_days(write.body) == merged(year, news)
    assert list(write.body["days"]) == sorted(write.body["days"])
