from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.journal.performance import DayFigures, summarize

DAY = date(2020, 5, 26)


def figures(**fields: object) -> DayFigures:
    return DayFigures.model_validate({"day": DAY, "root": "SPY", "currency": "USD", **fields})


def test_the_figures_follow_their_definitions() -> None:
    (totals,) = summarize(
        [
            figures(executions=4, round_trips=2, wins=2, won="30", gross="33", fees="3"),
            figures(executions=4, round_trips=2, losses=1, lost="12", gross="-11", fees="1"),
            figures(root="", day_fees="0.25", income="5"),
        ],
        1,
    ).totals
    assert (totals.round_trips, totals.wins, totals.losses) == (4, 2, 1)
    assert totals.win_rate == Decimal("0.5")
    assert totals.profit_factor == Decimal("2.5")
    assert totals.expectancy == Decimal("4.5")
    assert (totals.gross, totals.fees, totals.day_fees) == (
        Decimal(22),
        Decimal(4),
        Decimal("0.25"),
    )
    assert totals.net == Decimal("17.75")
    assert totals.income == Decimal(5)


def test_ratios_without_a_denominator_are_absent() -> None:
    performance = summarize([figures(executions=1)], 1)
    (totals,) = performance.totals
    assert (performance.win_rate, totals.win_rate) == (None, None)
    assert (totals.profit_factor, totals.expectancy) == (None, None)


def test_currencies_are_never_added() -> None:
    performance = summarize(
        [figures(gross="1", executions=2), figures(currency="EUR", gross="2", executions=3)], 0
    )
    assert [(t.currency, t.gross) for t in performance.totals] == [
        ("EUR", Decimal(2)),
        ("USD", Decimal(1)),
    ]
    assert performance.executions == 5


def test_nothing_traded_is_an_empty_performance() -> None:
    performance = summarize([], 0)
    assert (performance.executions, performance.first_day, performance.totals) == (0, None, ())


@given(
    st.lists(
        st.builds(
            figures,
            gross=st.decimals("-1e9", "1e9", places=8).map(str),
            fees=st.decimals("-10", "10", places=8).map(str),
            currency=st.sampled_from(["USD", "EUR"]),
            executions=st.integers(0, 9),
        )
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_days_changes_no_figure(days: list[DayFigures], random: object) -> None:
    shuffled = list(days)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert summarize(shuffled, 0) == summarize(days, 0)
