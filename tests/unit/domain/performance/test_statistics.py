from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.performance.results import planned_risk
from shared.domain.performance.statistics import statistics
from tests.unit.domain.performance.results import result

NETS = ("100", "-50", "0", "30", "-20", "-10", "60", "5")
ALL = [result(net, day=n, fees="1") for n, net in enumerate(NETS)]


def test_sums_and_averages_are_exact() -> None:
    found = statistics(ALL)
    assert (found.round_trips, found.wins, found.losses) == (8, 4, 3)
    assert (found.won, found.lost, found.net) == (Decimal(195), Decimal(80), Decimal(115))
    assert (found.gross, found.fees) == (Decimal(123), Decimal(8))
    assert found.profit_factor == Decimal("2.4375")
    assert (found.expectancy, found.win_rate) == (Decimal("14.375"), Decimal("0.5"))
    assert found.average_win == Decimal("48.75")
    assert found.average_loss == Decimal("-26.6666666667")
    assert (found.largest_win, found.largest_loss) == (Decimal(100), Decimal(-50))
    assert found.average_duration_s == Decimal(600)


def test_streaks_end_at_a_result_of_zero() -> None:
    streaks = statistics(ALL).streaks
    assert (streaks.longest_win, streaks.longest_loss, streaks.current) == (2, 2, 2)


def test_a_losing_streak_under_way_is_negative() -> None:
    found = statistics([result("5", day=0), result("-1", day=1), result("-1", day=2)])
    assert found.streaks.current == -2


def test_what_has_no_meaning_is_none() -> None:
    found = statistics([])
    assert (found.win_rate, found.profit_factor, found.expectancy, found.payoff_ratio) == (
        None,
        None,
        None,
        None,
    )


def test_r_figures_are_over_trips_with_a_planned_risk() -> None:
    found = statistics([result("100", risk="50"), result("-25", risk="50", day=1), result("9")])
    assert (found.r_trips, found.r_total, found.r_average) == (2, Decimal("1.5"), Decimal("0.75"))


@pytest.mark.parametrize(
    ("stated", "stop", "entry", "risk"),
    [
        ("150", None, "100", "150"),
        (None, "98", "100", "300"),
        (None, "102", "100", "300"),
        ("150", "98", "100", "150"),
        (None, "100", "100", None),
        (None, "98", None, None),
        (None, None, "100", None),
    ],
)
def test_the_risk_is_as_stated_or_from_the_entry_to_the_stop(
    stated: str | None, stop: str | None, entry: str | None, risk: str | None
) -> None:
    found = planned_risk(
        risk=None if stated is None else Decimal(stated),
        stop=None if stop is None else Decimal(stop),
        entry=None if entry is None else Decimal(entry),
        quantity=Decimal(3),
        multiplier=Decimal(50),
    )
    assert found == (None if risk is None else Decimal(risk))


def test_no_digit_of_a_risk_is_lost() -> None:
    found = planned_risk(
        risk=None,
        stop=Decimal("1.000000000000000001"),
        entry=Decimal("98765.000000000000000002"),
        quantity=Decimal("12345.000000000000000003"),
        multiplier=Decimal(1),
    )
    assert found == Decimal("1219241580.000000000000308637000000000000000003")


@given(st.lists(st.integers(-1000, 1000), max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(nets: list[int], random: Random) -> None:
    results = [result(str(net), day=n) for n, net in enumerate(nets)]
    shuffled = random.sample(results, len(results))
    assert statistics(shuffled) == statistics(results)
