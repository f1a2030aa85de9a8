from datetime import timedelta

import pytest

from shared.domain.annotation import Annotation, Subject
from shared.domain.errors import InvalidInput, NotFound
from shared.domain.ids import AccountKey, RowKey
from shared.domain.messages import JournalChanged
from shared.journal.annotations.exclusions import excluded_rows
from shared.journal.annotations.store import Annotated, Annotations, said_between
from shared.journal.queries import Window
from shared.journal.tombstones import Erasure
from tests.house import House
from tests.rows import ACCOUNT, START, USER, fill, key_of, page
from tests.twins.memory_documents import MemoryDocuments

TRIP = Subject.ROUND_TRIP
FIRST = fill("f1", "10", "300")
SAID = Annotation(note="chased it", tags=("fomo",), rating=2)
KEY = key_of(FIRST)


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    await made.store.store(page([FIRST, fill("f2", "-10", "299", minute=5)]))
    await made.settle()
    return made


def annotations(house: House) -> Annotations:
    return Annotations(house.documents, house.bus, house.clock, house.entropy)


async def kept(house: House) -> list[Annotated]:
    hour = timedelta(hours=1)
    return await said_between(house.documents, USER, ACCOUNT, START - hour, START + hour)


async def test_what_is_said_is_kept_by_its_row(house: House) -> None:
    await annotations(house).say(USER, TRIP, KEY, SAID)
    assert [(one.anchor, one.subject, one.said) for one in await kept(house)] == [(KEY, TRIP, SAID)]


async def test_what_is_said_again_replaces_what_was_said(house: House) -> None:
    use = annotations(house)
    await use.say(USER, TRIP, KEY, SAID)
    await use.say(USER, TRIP, KEY, Annotation(note="patient"))
    assert await use.of(USER, TRIP, KEY) == Annotation(note="patient")


async def test_saying_nothing_takes_everything_back(house: House) -> None:
    use = annotations(house)
    await use.say(USER, TRIP, KEY, SAID)
    await use.say(USER, TRIP, KEY, Annotation())
    assert await kept(house) == []


@pytest.mark.parametrize("row", ["nothing", "a/b", "\x00", "__x__", "..", "a" * 32, "a" * 2000])
async def test_a_row_that_is_not_there_cannot_be_spoken_of(house: House, row: str) -> None:
    with pytest.raises(NotFound):
        await annotations(house).say(USER, TRIP, RowKey(row), SAID)


async def test_what_was_said_survives_a_correction_and_a_rebuild(house: House) -> None:
    await annotations(house).say(USER, TRIP, KEY, SAID)
    corrected = FIRST.model_copy(update={"price": FIRST.price + 1})
    await house.store.store(page([corrected], run=2))
    await house.settle()
    assert [one.said for one in await kept(house)] == [SAID]


async def test_an_exclusion_has_a_reason_and_keeps_its_first_instant(house: House) -> None:
    use = annotations(house)
    first = await use.exclude(USER, TRIP, KEY, "a test order")
    house.clock.advance(60)
    again = await use.exclude(USER, TRIP, KEY, "a test order, on paper")
    assert first.said.exclusion is not None
    assert again.said.exclusion is not None
    assert again.said.exclusion.since == first.said.exclusion.since
    with pytest.raises(InvalidInput):
        await use.exclude(USER, TRIP, KEY, " ")


async def test_an_exclusion_leaves_the_rest_of_what_was_said(house: House) -> None:
    use = annotations(house)
    await use.say(USER, TRIP, KEY, SAID)
    await use.exclude(USER, TRIP, KEY, "a test order")
    await use.exclude(USER, TRIP, KEY, None)
    assert await use.of(USER, TRIP, KEY) == SAID


async def test_the_build_is_told_what_counts_for_nothing(house: House) -> None:
    await annotations(house).exclude(USER, TRIP, KEY, "a test order")
    found = await excluded_rows(house.documents, USER, ACCOUNT)
    assert (found["SPY"].round_trips, found["SPY"].executions) == ({KEY}, set())


async def test_an_exclusion_taken_back_again_after_a_crash_is_built(house: House) -> None:
    use = annotations(house)
    await use.exclude(USER, TRIP, KEY, "a test order")
    await house.settle()
    await use.exclude(USER, TRIP, KEY, None)
    house.bus.take()  # the worker died between the store and the bus
    await use.exclude(USER, TRIP, KEY, None)
    await house.settle()
    assert (await house.queries.summary(USER)).round_trips == 1


@pytest.mark.parametrize("reason", ["a test order", None])
async def test_an_exclusion_and_its_end_build_the_instrument_anew(
    house: House, reason: str | None
) -> None:
    use = annotations(house)
    if reason is None:
        await use.exclude(USER, TRIP, KEY, "a test order")
        house.bus.take()
    await use.exclude(USER, TRIP, KEY, reason)
    (changed,) = [JournalChanged.decode(d.data) for d in house.bus.take(JournalChanged.topic)]
    assert (changed.roots, changed.account_key) == (("SPY",), ACCOUNT)


async def test_a_note_alone_builds_nothing(house: House) -> None:
    await annotations(house).say(USER, TRIP, KEY, SAID)
    assert house.bus.take() == []


async def test_an_erased_account_takes_its_annotations_along(house: House) -> None:
    await annotations(house).say(USER, TRIP, KEY, SAID)
    await Erasure(house.documents, house.clock, house.entropy).erase(USER, AccountKey(ACCOUNT))
    assert await kept(house) == []


async def test_an_exclusion_changes_the_figures_and_its_end_brings_them_back(house: House) -> None:
    before = await house.queries.summary(USER)
    use = annotations(house)
    await use.exclude(USER, TRIP, KEY, "a test order")
    await house.settle()
    without = await house.queries.summary(USER)
    await use.exclude(USER, TRIP, KEY, None)
    await house.settle()
    assert (without.round_trips, without.totals[0].gross) == (0, 0)
    assert await house.queries.summary(USER) == before


async def test_an_exclusion_holds_when_rows_come_later(house: House) -> None:
    await annotations(house).exclude(USER, TRIP, KEY, "a test order")
    await house.settle()
    await house.store.store(page([fill("f3", "1", "300", minute=60)], run=2))
    await house.settle()
    assert (await house.queries.summary(USER)).round_trips == 0


async def test_a_list_of_round_trips_shows_what_was_said_of_each(house: House) -> None:
    await annotations(house).say(USER, TRIP, KEY, SAID)
    found = await house.queries.round_trips(USER, None, Window())
    assert [trip.said for trip in found.items] == [(SAID,)]
