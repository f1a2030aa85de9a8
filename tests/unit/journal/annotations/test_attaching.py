from datetime import timedelta

from shared.domain.annotation import Annotation, Subject
from shared.domain.execution import Execution
from shared.domain.journal.book import build_book
from shared.journal.annotations.attaching import of_trips
from shared.journal.annotations.store import Annotated
from tests.rows import ACCOUNT, START, fill, key_of, log

SAID = Annotation(note="mine")
BUY = fill("b", "10", "300")
SELL = fill("s", "-10", "301", minute=5)
FLIP = fill("x", "-20", "301", minute=5)


def of(row: Execution, subject: Subject = Subject.ROUND_TRIP) -> Annotated:
    return Annotated(ACCOUNT, subject, key_of(row), SAID, START)


def notes(rows: list[Execution], spoken: Annotated) -> list[int]:
    trips = build_book("SPY", log(*rows)).trips
    return [len(said) for said in of_trips(trips, [spoken])]


def test_a_trip_has_what_was_said_of_the_row_that_opened_it() -> None:
    assert notes([BUY, SELL], of(BUY)) == [1]


def test_a_late_older_fill_takes_what_was_said_along() -> None:
    late = fill("late", "5", "299").model_copy(
        update={"executed_at": START - timedelta(minutes=10)}
    )
    assert notes([late, BUY, SELL], of(BUY)) == [1]


def test_a_row_that_turned_the_position_speaks_of_the_trip_that_it_opened() -> None:
    assert notes([BUY, FLIP], of(FLIP)) == [0, 1]


def test_what_is_said_of_a_fill_is_not_said_of_its_trip() -> None:
    assert notes([BUY, SELL], of(BUY, Subject.EXECUTION)) == [0]


def test_what_was_said_of_a_row_that_is_gone_belongs_to_no_trip() -> None:
    assert notes([BUY, SELL], of(fill("gone", "1", "1"))) == [0]
