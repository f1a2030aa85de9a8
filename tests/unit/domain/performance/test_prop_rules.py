from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.performance.prop_rules import (
    PropRules,
    RuleState,
    Standing,
    Trailing,
    rule_states,
)
from shared.domain.performance.results import Result
from tests.unit.domain.performance.results import MONDAY, result

FIRM = {"currency": "USD", "beginning": "50000", "begins_on": MONDAY}


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def state(
    rule: dict[str, Any],
    nets: Sequence[str],
    results: Sequence[Result] = (),
    *,
    today: int | None = None,
    unrealized: str = "0",
) -> RuleState:
    days = {day(n): Decimal(net) for n, net in enumerate(nets)}
    (found,) = rule_states(
        PropRules.model_validate({**FIRM, **rule}),
        days,
        results,
        today=day(len(nets) - 1 if today is None else today),
        unrealized=Decimal(unrealized),
    )
    return found


def test_a_daily_loss_tells_what_is_left_today() -> None:
    found = state({"daily_loss": "1000"}, ["-900", "-250"])
    assert (found.standing, found.used, found.left) == (
        Standing.KEPT,
        Decimal(250),
        Decimal(750),
    )


def test_a_profit_leaves_the_whole_daily_loss() -> None:
    assert state({"daily_loss": "1000"}, ["300"]).left == Decimal(1000)


def test_four_fifths_of_a_limit_are_near() -> None:
    assert state({"daily_loss": "1000"}, ["-800"]).standing is Standing.NEAR


def test_open_losses_count_today() -> None:
    found = state({"daily_loss": "1000"}, ["-800"], unrealized="-200")
    assert (found.standing, found.broken_on) == (Standing.BROKEN, MONDAY)


def test_a_loss_within_a_day_that_ended_well_still_broke_the_rule() -> None:
    trades = [result("-1200", hour=14), result("1500", hour=15)]
    found = state({"daily_loss": "1000"}, ["300", "0"], trades)
    assert (found.standing, found.broken_on, found.left) == (Standing.BROKEN, MONDAY, Decimal(0))


def test_a_static_floor_never_moves() -> None:
    found = state({"static_drawdown": "2000"}, ["1500", "-2500"])
    assert (found.floor, found.used, found.left) == (Decimal(48000), Decimal(1000), Decimal(1000))


def test_a_trailing_floor_follows_the_best_day_end() -> None:
    found = state({"trailing_drawdown": "2000"}, ["500", "-500"])
    assert (found.floor, found.used, found.left) == (Decimal(48500), Decimal(500), Decimal(1500))


def test_a_trailing_floor_stops_where_the_firm_says() -> None:
    rule = {"trailing_drawdown": "2000", "trailing_stops_at": "50000"}
    assert state(rule, ["500", "2500"]).floor == Decimal(50000)
    assert state({"trailing_drawdown": "2000"}, ["500", "2500"]).floor == Decimal(51000)


def test_a_peak_within_the_day_lifts_the_floor_only_where_each_trade_does() -> None:
    trades = [result("1500", hour=14), result("-1000", hour=15)]
    rule = {"trailing_drawdown": "2000"}
    assert state(rule, ["500"], trades).floor == Decimal(48500)
    by_trade = {**rule, "trailing": Trailing.CLOSED_TRADE}
    assert state(by_trade, ["500"], trades).floor == Decimal(49500)


def test_a_broken_trailing_drawdown_stays_broken() -> None:
    found = state({"trailing_drawdown": "2000"}, ["1000", "-2000", "5000"])
    assert (found.standing, found.broken_on) == (Standing.BROKEN, day(1))


def test_a_target_tells_what_is_missing() -> None:
    found = state({"profit_target": "3000"}, ["1000", "-200"])
    assert (found.standing, found.left) == (Standing.OPEN, Decimal(2200))
    assert state({"profit_target": "3000"}, ["3000"]).standing is Standing.REACHED


def test_the_best_day_may_be_only_so_much_of_all_profit() -> None:
    found = state({"consistency": "0.5"}, ["1000", "200"])
    assert (found.standing, found.used) == (Standing.OPEN, Decimal("0.8333333333"))
    assert state({"consistency": "0.5"}, ["1000", "1000"]).standing is Standing.KEPT


def test_days_before_the_account_began_count_for_nothing() -> None:
    found = state({"static_drawdown": "2000", "begins_on": day(1)}, ["-1900", "-100"])
    assert found.used == Decimal(100)


def test_what_is_no_rule_is_not_told() -> None:
    assert rule_states(PropRules.model_validate(FIRM), {}, [], today=MONDAY) == ()


@pytest.mark.parametrize("wrong", [{"daily_loss": "0"}, {"consistency": "1.1"}, {"luck": "1"}])
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        PropRules.model_validate({**FIRM, **wrong})


@given(st.lists(st.integers(-3000, 3000), min_size=1, max_size=20))
def test_a_trailing_drawdown_is_never_laxer_than_a_static_one(nets: list[int]) -> None:
    texts = [str(net) for net in nets]
    static, trailing = (
        state({kind: "2000"}, texts) for kind in ("static_drawdown", "trailing_drawdown")
    )
    assert trailing.left <= static.left
