"""The equity curve by trading day, and how far it fell from its peaks."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from shared.domain.journal.performance import DayFigures
from shared.domain.money import ExactDecimal, divide_rounded, no_digit_lost

_ZERO = Decimal(0)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CurvePoint(_Frozen):
    """One trading day of one currency.

    Units: `net` of the day = gross - fees - day fees; `equity` the sum of all nets up to the day;
    `drawdown` how far it is below the highest equity so far, 0 or positive.
    """

    day: date
    net: ExactDecimal
    equity: ExactDecimal
    drawdown: ExactDecimal


class Drawdown(_Frozen):
    """The deepest fall of the curve.

    Shape: `peak_on` is the day of the peak, None where that was the beginning, before any day;
    `recovered_on` is the first day at or above the peak again, None while there is none.
    Units: `share` of the peak's equity where the account's beginning is known, else None.
    """

    amount: ExactDecimal
    share: ExactDecimal | None
    peak_on: date | None
    trough_on: date
    recovered_on: date | None


class Curve(_Frozen):
    """The curve of one currency; `deepest` is None where it never fell."""

    currency: str
    points: tuple[CurvePoint, ...]
    deepest: Drawdown | None


def net_by_day(figures: Iterable[DayFigures]) -> dict[str, dict[date, Decimal]]:
    """Sum up by currency and trading day, days in order: gross - fees - day fees."""
    sums: dict[str, dict[date, Decimal]] = {}
    with no_digit_lost():
        for one in figures:
            days = sums.setdefault(one.currency, {})
            net = one.gross - one.fees - one.day_fees
            days[one.day] = days.get(one.day, _ZERO) + net
    return {currency: dict(sorted(days.items())) for currency, days in sorted(sums.items())}


def curve_of(
    currency: str, nets: Mapping[date, Decimal], beginning: Decimal | None = None
) -> Curve:
    """Draw the curve of one currency.

    Units: `beginning` is the equity before the first day; where it is not known the curve begins at
    0, and no share of it is told.
    """
    points: list[CurvePoint] = []
    peak = equity = beginning or _ZERO
    with no_digit_lost():
        for day, net in sorted(nets.items()):
            equity += net
            peak = max(peak, equity)
            drawdown = peak - equity
            points.append(CurvePoint(day=day, net=net, equity=equity, drawdown=drawdown))
    return Curve(currency=currency, points=tuple(points), deepest=_deepest(points, beginning))


def _deepest(points: Sequence[CurvePoint], beginning: Decimal | None) -> Drawdown | None:
    worst = max(range(len(points)), key=lambda i: points[i].drawdown, default=None)
    if worst is None or not points[worst].drawdown:
        return None
    trough = points[worst]
    peak = trough.equity + trough.drawdown
    before = [point.day for point in points[:worst] if point.equity == peak]
    after = [point.day for point in points[worst:] if point.equity >= peak]
    return Drawdown(
        amount=trough.drawdown,
        share=None if beginning is None or peak <= 0 else divide_rounded(trough.drawdown, peak),
        peak_on=before[-1] if before else None,
        trough_on=trough.day,
        recovered_on=after[0] if after else None,
    )
