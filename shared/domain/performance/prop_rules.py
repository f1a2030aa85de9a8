"""Rules that a prop firm gives an account, and how far each is from being broken.

What is realized is exact, after each closed trade and at the end of each trading day. What an open
position stood at in between is not in it: a firm that counts open profit may have seen worse.
Source: the kinds of rules are those that Topstep's help centre describes ("What is the Maximum Loss
Limit?": it trails the highest balance at a day's end and stops at the beginning); the amounts are
the user's own.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.money import ExactDecimal, divide_rounded, no_digit_lost
from shared.domain.performance.results import Result

_ZERO = Decimal(0)
_NEAR = Decimal("0.8")  # of a limit used
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{3,10}$")]
Money = Annotated[ExactDecimal, Field(gt=_ZERO)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trailing(StrEnum):
    """What lifts the floor of a trailing drawdown."""

    END_OF_DAY = "end_of_day"  # the balance at the end of a trading day
    CLOSED_TRADE = "closed_trade"  # the balance after each closed trade


class PropRules(_Frozen):
    """The rules of one account; what is None is no rule.

    Units: money in `currency`; `beginning` the balance on the morning of `begins_on`;
    `static_drawdown` below the beginning; `trailing_drawdown` below the highest balance, whose
    floor rises no further than `trailing_stops_at` (Topstep: the beginning); `consistency` the
    share of all profit that the best day may be.
    """

    currency: CurrencyCode
    beginning: Money
    begins_on: date
    daily_loss: Money | None = None
    static_drawdown: Money | None = None
    trailing_drawdown: Money | None = None
    trailing: Trailing = Trailing.END_OF_DAY
    trailing_stops_at: ExactDecimal | None = None
    profit_target: Money | None = None
    consistency: Annotated[ExactDecimal, Field(gt=_ZERO, le=Decimal(1))] | None = None


class Standing(StrEnum):
    """How a rule stands."""

    KEPT = "kept"
    NEAR = "near"  # four fifths of the limit are used
    BROKEN = "broken"
    REACHED = "reached"  # a target
    OPEN = "open"  # a target that is not reached yet


class RuleState(_Frozen):
    """One rule.

    Shape: `broken_on` is the first trading day on which it was broken; `floor` is the balance that
    must not be undercut, where the rule is of that kind.
    Units: `limit`, `used` and `left` money, or shares of 1 for the consistency; `left` is how far
    it is from being broken (a target: from being reached), 0 where it is.
    """

    rule: str
    standing: Standing
    limit: ExactDecimal
    used: ExactDecimal
    left: ExactDecimal
    floor: ExactDecimal | None = None
    broken_on: date | None = None


class _Days:
    """Balances of an account: at the end of each day, and the lowest after any trade of it."""

    def __init__(
        self, rules: PropRules, nets: Mapping[date, Decimal], results: Sequence[Result]
    ) -> None:
        self.rules = rules
        self.order = sorted(day for day in nets if day >= rules.begins_on)
        self.nets = {day: nets[day] for day in self.order}
        self.steps: dict[date, list[Decimal]] = {day: [] for day in self.order}
        for one in sorted(results, key=lambda result: result.order):
            if one.on in self.steps and one.currency == rules.currency:
                self.steps[one.on].append(one.net)

    def path(self, day: date) -> list[Decimal]:
        """List the day's running net after each closed trade, and at its end."""
        running, path = _ZERO, list[Decimal]()
        for net in self.steps[day]:
            running += net
            path.append(running)
        return [*path, self.nets[day]]


def rule_states(
    rules: PropRules,
    nets: Mapping[date, Decimal],
    results: Sequence[Result],
    *,
    today: date,
    unrealized: Decimal = _ZERO,
) -> tuple[RuleState, ...]:
    """Tell how every rule of an account stands.

    Shape: `nets` are the account's nets by trading day, `results` its closed trips, both in the
    rules' currency; other days and currencies are left out.
    Units: `unrealized` profit of what is open now; it counts for today.
    """
    with no_digit_lost():
        days = _Days(rules, nets, results)
        checks = (_daily_loss, _static, _trailing, _target, _consistency)
        found = [check(days, today, unrealized) for check in checks]
    return tuple(state for state in found if state is not None)


def _state(
    rule: str,
    limit: Decimal,
    used: Decimal,
    *,
    broken_on: date | None,
    floor: Decimal | None = None,
) -> RuleState:
    used = max(used, _ZERO)
    standing = Standing.KEPT
    if broken_on is not None or used >= limit:
        standing = Standing.BROKEN
    elif used >= limit * _NEAR:
        standing = Standing.NEAR
    left = _ZERO if standing is Standing.BROKEN else limit - used
    return RuleState(
        rule=rule,
        standing=standing,
        limit=limit,
        used=used,
        left=left,
        floor=floor,
        broken_on=broken_on,
    )


def _daily_loss(days: _Days, today: date, unrealized: Decimal) -> RuleState | None:
    limit = days.rules.daily_loss
    if limit is None:
        return None
    broken_on = next((day for day in days.order if -min(days.path(day)) >= limit), None)
    used = -(days.nets.get(today, _ZERO) + unrealized)
    if broken_on is None and used >= limit:
        broken_on = today
    return _state("daily_loss", limit, used, broken_on=broken_on)


def _static(days: _Days, today: date, unrealized: Decimal) -> RuleState | None:
    limit = days.rules.static_drawdown
    if limit is None:
        return None
    floor = days.rules.beginning - limit
    balance, broken_on = days.rules.beginning, None
    for day in days.order:
        if broken_on is None and balance + min(days.path(day)) <= floor:
            broken_on = day
        balance += days.nets[day]
    used = days.rules.beginning - (balance + unrealized)
    if broken_on is None and used >= limit:
        broken_on = today
    return _state("static_drawdown", limit, used, broken_on=broken_on, floor=floor)


def _trailing(days: _Days, today: date, unrealized: Decimal) -> RuleState | None:
    rules, limit = days.rules, days.rules.trailing_drawdown
    if limit is None:
        return None
    balance = rules.beginning
    floor, broken_on = balance - limit, None
    for day in days.order:
        for net in days.path(day):
            if broken_on is None and balance + net <= floor:
                broken_on = day
            if rules.trailing is Trailing.CLOSED_TRADE:
                floor = _lifted(floor, balance + net, rules, limit)
        balance += days.nets[day]
        floor = _lifted(floor, balance, rules, limit)
    used = limit - (balance + unrealized - floor)
    if broken_on is None and used >= limit:
        broken_on = today
    return _state("trailing_drawdown", limit, used, broken_on=broken_on, floor=floor)


def _lifted(floor: Decimal, balance: Decimal, rules: PropRules, limit: Decimal) -> Decimal:
    lifted = balance - limit
    if rules.trailing_stops_at is not None:
        lifted = min(lifted, rules.trailing_stops_at)
    return max(floor, lifted)


def _target(days: _Days, today: date, unrealized: Decimal) -> RuleState | None:
    del today, unrealized  # a target is reached by what is realized
    limit = days.rules.profit_target
    if limit is None:
        return None
    made = sum(days.nets.values(), _ZERO)
    is_reached = made >= limit
    return RuleState(
        rule="profit_target",
        standing=Standing.REACHED if is_reached else Standing.OPEN,
        limit=limit,
        used=max(made, _ZERO),
        left=_ZERO if is_reached else limit - made,
    )


def _consistency(days: _Days, today: date, unrealized: Decimal) -> RuleState | None:
    del today, unrealized  # it concerns whole days
    limit = days.rules.consistency
    made = sum(days.nets.values(), _ZERO)
    best = max(days.nets.values(), default=_ZERO)
    if limit is None or best <= 0:
        return None
    used = divide_rounded(best, made) if made > 0 else Decimal(1)
    standing = Standing.OPEN if used > limit else Standing.KEPT  # more profit mends it
    return RuleState(
        rule="consistency",
        standing=standing,
        limit=limit,
        used=used,
        left=max(limit - used, _ZERO),
    )
