"""The figures of some closed round trips of one currency; the same function for every group.

Source: definitions in docs/reference/metrics.md.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from shared.domain.money import ExactDecimal, divide_rounded, no_digit_lost
from shared.domain.performance.results import Result

_ZERO = Decimal(0)
_SECOND = timedelta(seconds=1)


class Streaks(BaseModel):
    """The longest runs of wins and of losses, and the one that is under way.

    Shape: `current` is positive in wins, negative in losses, 0 after a result of zero.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    longest_win: int
    longest_loss: int
    current: int


class Statistics(BaseModel):
    """What some round trips come to.

    Units: money in the currency of the trips; `gross` before, `net` after their fees; averages and
    ratios rounded to ten places, None where they have no meaning; `average_loss` and `largest_loss`
    are negative; R figures only over the `r_trips` with a planned risk.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    round_trips: int
    wins: int
    losses: int
    win_rate: ExactDecimal | None
    gross: ExactDecimal
    fees: ExactDecimal
    net: ExactDecimal
    won: ExactDecimal
    lost: ExactDecimal
    profit_factor: ExactDecimal | None
    expectancy: ExactDecimal | None
    average_win: ExactDecimal | None
    average_loss: ExactDecimal | None
    payoff_ratio: ExactDecimal | None
    largest_win: ExactDecimal | None
    largest_loss: ExactDecimal | None
    average_duration_s: ExactDecimal | None
    streaks: Streaks
    r_trips: int
    r_total: ExactDecimal | None
    r_average: ExactDecimal | None


def statistics(results: Iterable[Result]) -> Statistics:
    """Compute the figures of round trips of one currency, in whatever order they come."""
    ordered = sorted(results, key=lambda one: one.order)
    count = len(ordered)
    wins = [one.net for one in ordered if one.net > 0]
    losses = [one.net for one in ordered if one.net < 0]
    with no_digit_lost():
        won, lost = sum(wins, _ZERO), -sum(losses, _ZERO)
        gross = sum((one.gross for one in ordered), _ZERO)
        fees = sum((one.fees for one in ordered), _ZERO)
        net = won - lost
        multiples = [one.r for one in ordered if one.r is not None]
        r_total = sum(multiples, _ZERO)
    average_win, average_loss = _ratio(won, len(wins)), _ratio(-lost, len(losses))
    return Statistics(
        round_trips=count,
        wins=len(wins),
        losses=len(losses),
        win_rate=_ratio(Decimal(len(wins)), count),
        gross=gross,
        fees=fees,
        net=net,
        won=won,
        lost=lost,
        profit_factor=divide_rounded(won, lost) if lost else None,
        expectancy=_ratio(net, count),
        average_win=average_win,
        average_loss=average_loss,
        payoff_ratio=_payoff(average_win, average_loss),
        largest_win=max(wins, default=None),
        largest_loss=min(losses, default=None),
        average_duration_s=_average_duration(ordered),
        streaks=_streaks(ordered),
        r_trips=len(multiples),
        r_total=r_total if multiples else None,
        r_average=_ratio(r_total, len(multiples)),
    )


def _ratio(total: Decimal, count: int) -> Decimal | None:
    return divide_rounded(total, Decimal(count)) if count else None


def _payoff(win: Decimal | None, loss: Decimal | None) -> Decimal | None:
    return divide_rounded(win, -loss) if win is not None and loss else None


def _average_duration(ordered: Sequence[Result]) -> Decimal | None:
    lasted = sum((one.closed_at - one.opened_at for one in ordered), timedelta())
    microseconds = Decimal(lasted // timedelta(microseconds=1))
    return _ratio(microseconds / (_SECOND // timedelta(microseconds=1)), len(ordered))


def _streaks(ordered: Sequence[Result]) -> Streaks:
    longest_win = longest_loss = current = 0
    for one in ordered:
        if one.net > 0:
            current = max(current, 0) + 1
        elif one.net < 0:
            current = min(current, 0) - 1
        else:
            current = 0  # neither won nor lost: it ends both
        longest_win, longest_loss = max(longest_win, current), max(longest_loss, -current)
    return Streaks(longest_win=longest_win, longest_loss=longest_loss, current=current)
