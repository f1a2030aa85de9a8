from zoneinfo import ZoneInfo

import pytest

from shared.domain.journal.trips.round_trip import Direction
from shared.domain.performance.groups import Dimension, grouped
from shared.domain.performance.statistics import statistics
from tests.unit.domain.performance.results import result

NEW_YORK = ZoneInfo("America/New_York")
ALL = [
    result("10", day=0, hour=14, tags=("a", "b")),
    result("-5", day=1, hour=15, root="NQ", broker="oanda", tags=("b",)),
    result("3", day=7, hour=15, currency="EUR", direction=Direction.SHORT),
]


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        (Dimension.INSTRUMENT, ["ES", "ES", "NQ"]),
        (Dimension.BROKER, ["oanda", "topstepx", "topstepx"]),
        (Dimension.DIRECTION, ["long", "short"]),
        (Dimension.HOUR, ["09:00", "10:00", "11:00"]),
        (Dimension.WEEKDAY, ["Monday", "Monday", "Tuesday"]),
        (Dimension.DAY, ["2026-03-02", "2026-03-03", "2026-03-09"]),
        (Dimension.WEEK, ["2026-W10", "2026-W11"]),
        (Dimension.MONTH, ["2026-03", "2026-03"]),
        (Dimension.TAG, ["without a tag", "a", "b"]),
        (Dimension.ACCOUNT, ["account", "account"]),
    ],
)
def test_groups_come_in_the_natural_order_of_their_dimension(
    by: Dimension, labels: list[str]
) -> None:
    assert [group.label for group in grouped(ALL, by, NEW_YORK)] == labels


def test_a_trip_with_two_tags_is_in_both_groups() -> None:
    found = {
        group.name: group.figures.round_trips for group in grouped(ALL, Dimension.TAG, NEW_YORK)
    }
    assert found == {"": 1, "a": 1, "b": 2}


@pytest.mark.parametrize("by", [one for one in Dimension if one is not Dimension.TAG])
def test_the_groups_of_a_currency_add_up_to_all_of_it(by: Dimension) -> None:
    groups = [group for group in grouped(ALL, by, NEW_YORK) if group.currency == "USD"]
    whole = statistics([one for one in ALL if one.currency == "USD"])
    assert sum(group.figures.net for group in groups) == whole.net
    assert sum(group.figures.round_trips for group in groups) == whole.round_trips
