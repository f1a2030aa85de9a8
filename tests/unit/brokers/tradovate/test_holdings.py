from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.brokers.spec import HeldPosition
from shared.brokers.tradovate.fields import by_id, read_accounts
from shared.brokers.tradovate.holdings import read_holdings
from shared.brokers.tradovate.join import Library
from shared.domain.errors import ContractBroken
from shared.domain.execution import AssetClass
from tests.unit.brokers.tradovate.samples import FIRST, SECOND, load

CHAIN = load("contract_chain")
LIBRARY = Library(*(by_id(CHAIN[kind]) for kind in CHAIN))
FILLS = load("fill_list")
CASH = {"totalCashValue": Decimal("50022.33")}


def bodies(positions: Any = None, own: Any = (), cash: Any = CASH) -> list[Any]:
    rows = load("position_list") if positions is None else positions
    return [rows, cash, LIBRARY, FILLS, list(own)]


def test_positions_are_named_as_their_fills_are() -> None:
    found = read_holdings(bodies(own=FILLS[2:]), SECOND)
    price = Decimal("25386.85")
    assert found.positions == (
        HeldPosition("MNQM26", "MNQ", Decimal(-5), price, AssetClass.FUTURE),
    )
    assert found.cash == Decimal("50022.33")


def test_what_was_closed_is_not_held() -> None:
    assert read_holdings(bodies(own=FILLS[:2]), FIRST).positions == ()


def test_positions_that_tell_of_the_same_trades_as_the_fills_are_settled() -> None:
    found = read_holdings(bodies(own=FILLS[2:]), SECOND)
    newest = datetime(2026, 6, 15, 13, 31, 2, 118_000, tzinfo=UTC)
    assert (found.settled, found.as_of) == (True, newest)


@pytest.mark.parametrize("own", [FILLS[2:3], [], [*FILLS[2:], FILLS[0]], ["spoiled"]])
def test_positions_that_tell_of_other_trades_are_not(own: list[Any]) -> None:
    assert not read_holdings(bodies(own=own), SECOND).settled


def test_an_unknown_contract_is_held_under_its_id() -> None:
    row = {"accountId": 54_066_902, "contractId": 7, "netPos": 1}
    (held,) = read_holdings(bodies([row]), FIRST).positions
    assert (held.symbol, held.average_price) == ("7", None)


@pytest.mark.parametrize("cash", [None, [], {}, {"totalCashValue": "much"}])
def test_cash_that_cannot_be_read_breaks_the_contract(cash: Any) -> None:
    with pytest.raises(ContractBroken):
        read_holdings(bodies(cash=cash), FIRST)


def test_a_position_that_cannot_be_read_breaks_the_contract() -> None:
    with pytest.raises(ContractBroken):
        read_holdings(bodies([{"accountId": 54_066_902, "netPos": "many"}]), FIRST)


def test_all_accounts_of_a_login_are_read() -> None:
    found = read_accounts(load("account_list"))
    assert [(one.account_id, one.number) for one in found] == [
        ("54066902", "DEMO4066902"),
        ("54066903", "EVAL50K-0007"),
    ]


@pytest.mark.parametrize("body", [None, {}, [7], [{"id": "x"}]])
def test_accounts_of_another_shape_break_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read_accounts(body)
