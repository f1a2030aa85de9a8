"""Performance: every figure that any screen, export or API shows, from one function.

Definitions: docs/reference/metrics.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from shared.domain.money import ExactDecimal, divide_rounded, no_digit_lost

_ZERO = Decimal(0)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DayFigures(_Frozen):
    """What one root and currency added to one trading day; all sums, so days add up to any span.

    Units: money in `currency`. `round_trips` closed on the day; `won` and `lost` are the net
    results of those that won and lost, both positive; `left_out` trips ended too, but have no
    result (RoundTrip.result says when), and nothing of them is in any other figure from when their
    cost became unknown; `gross` is realized on the day, before fees; `fees` were charged with
    executions, `day_fees` for the whole day; `income` is dividends, interest and financing.
    """

    day: date
    root: str  # "" for what belongs to no instrument
    currency: str
    executions: int = 0
    round_trips: int = 0
    wins: int = 0
    losses: int = 0
    left_out: int = 0
    won: ExactDecimal = _ZERO
    lost: ExactDecimal = _ZERO
    gross: ExactDecimal = _ZERO
    fees: ExactDecimal = _ZERO
    day_fees: ExactDecimal = _ZERO
    income: ExactDecimal = _ZERO


class Totals(_Frozen):
    """The figures of one currency; amounts of different currencies are never added.

    Units: `net` = gross - fees - day_fees; `win_rate` a share of 1; `expectancy` the mean net
    result of a round trip. Ratios are rounded to ten places and None where they have no meaning.
    """

    currency: str
    executions: int
    round_trips: int
    wins: int
    losses: int
    win_rate: ExactDecimal | None
    profit_factor: ExactDecimal | None
    expectancy: ExactDecimal | None
    gross: ExactDecimal
    fees: ExactDecimal
    day_fees: ExactDecimal
    net: ExactDecimal
    income: ExactDecimal


class Performance(_Frozen):
    """How a span of days went.

    Shape: `totals` one entry a currency, most executions first; counts are over all of them.
    """

    executions: int
    round_trips: int
    wins: int
    losses: int
    win_rate: ExactDecimal | None
    open_positions: int
    first_day: date | None
    last_day: date | None
    totals: tuple[Totals, ...]


def summarize(figures: Iterable[DayFigures], open_positions: int) -> Performance:
    """Compute the performance of the days given, in whatever order they come."""
    by_currency: defaultdict[str, list[DayFigures]] = defaultdict(list)
    for one in figures:
        by_currency[one.currency].append(one)
    totals = [_totals(currency, days) for currency, days in by_currency.items()]
    totals.sort(key=lambda t: (-t.executions, t.currency))
    round_trips = sum(t.round_trips for t in totals)
    wins = sum(t.wins for t in totals)
    days = [one.day for several in by_currency.values() for one in several]
    return Performance(
        executions=sum(t.executions for t in totals),
        round_trips=round_trips,
        wins=wins,
        losses=sum(t.losses for t in totals),
        win_rate=_ratio(Decimal(wins), Decimal(round_trips)),
        open_positions=open_positions,
        first_day=min(days, default=None),
        last_day=max(days, default=None),
        totals=tuple(totals),
    )


def _totals(currency: str, days: Sequence[DayFigures]) -> Totals:
    round_trips, wins = sum(d.round_trips for d in days), sum(d.wins for d in days)
    with no_digit_lost():
        won, lost = sum((d.won for d in days), _ZERO), sum((d.lost for d in days), _ZERO)
        gross, fees = sum((d.gross for d in days), _ZERO), sum((d.fees for d in days), _ZERO)
        day_fees = sum((d.day_fees for d in days), _ZERO)
        income = sum((d.income for d in days), _ZERO)
        net, result = gross - fees - day_fees, won - lost
    return Totals(
        currency=currency,
        executions=sum(d.executions for d in days),
        round_trips=round_trips,
        wins=wins,
        losses=sum(d.losses for d in days),
        win_rate=_ratio(Decimal(wins), Decimal(round_trips)),
        profit_factor=_ratio(won, lost),
        expectancy=_ratio(result, Decimal(round_trips)),
        gross=gross,
        fees=fees,
        day_fees=day_fees,
        net=net,
        income=income,
    )


def _ratio(numerator: Decimal, denominator: Decimal) -> Decimal | None:
    return divide_rounded(numerator, denominator) if denominator else None
