from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.journal.performance import DayFigures
from shared.domain.performance.curve import Curve, curve_of, net_by_day
from tests.unit.domain.performance.results import MONDAY


def curve(*nets: str, beginning: str | None = None) -> Curve:
    days = {MONDAY + timedelta(days=n): Decimal(net) for n, net in enumerate(nets)}
    return curve_of("USD", days, None if beginning is None else Decimal(beginning))


def test_equity_adds_up_day_by_day() -> None:
    points = curve("10", "-4", "3").points
    assert [point.equity for point in points] == [Decimal(10), Decimal(6), Decimal(9)]
    assert [point.drawdown for point in points] == [Decimal(0), Decimal(4), Decimal(1)]


def test_the_deepest_fall_names_its_peak_its_trough_and_its_recovery() -> None:
    deepest = curve("10", "-4", "-2", "3", "3").deepest
    assert deepest is not None
    assert (deepest.amount, deepest.peak_on, deepest.trough_on, deepest.recovered_on) == (
        Decimal(6),
        MONDAY,
        MONDAY + timedelta(days=2),
        MONDAY + timedelta(days=4),
    )


def test_a_fall_from_the_very_beginning_has_no_peak_day() -> None:
    deepest = curve("-4", "1").deepest
    assert deepest is not None
    assert (deepest.peak_on, deepest.recovered_on) == (None, None)


def test_a_share_is_told_only_where_the_beginning_is_known() -> None:
    known, unknown = curve("-5000", beginning="50000").deepest, curve("-5000").deepest
    assert known is not None
    assert unknown is not None
    assert (known.share, unknown.share) == (Decimal("0.1"), None)


def test_a_curve_that_never_fell_has_no_deepest() -> None:
    assert curve("1", "0", "2").deepest is None


def test_a_days_net_is_after_all_fees_and_currencies_stay_apart() -> None:
    figures = [
        DayFigures(day=MONDAY, root="ES", currency="USD", gross="10", fees="1"),  # type: ignore[arg-type]
        DayFigures(day=MONDAY, root="", currency="USD", day_fees="0.5"),  # type: ignore[arg-type]
        DayFigures(day=MONDAY, root="X", currency="EUR", gross="7"),  # type: ignore[arg-type]
    ]
    assert net_by_day(figures) == {
        "EUR": {MONDAY: Decimal(7)},
        "USD": {MONDAY: Decimal("8.5")},
    }


@given(st.lists(st.integers(-500, 500), min_size=1, max_size=40))
def test_the_deepest_fall_is_the_greatest_of_all_falls(nets: list[int]) -> None:
    equity = [0]
    for net in nets:
        equity.append(equity[-1] + net)
    greatest = max(a - b for i, a in enumerate(equity) for b in equity[i:])
    deepest = curve(*map(str, nets)).deepest
    assert (deepest.amount if deepest else 0) == greatest
