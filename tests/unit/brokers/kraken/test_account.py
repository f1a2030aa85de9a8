from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.brokers.kraken.account import (
    BALANCES,
    look_up,
    may_read_ledger,
    read_accounts,
    read_holdings,
    refuse_withdrawals,
)
from shared.brokers.kraken.errors import PermissionDenied
from shared.brokers.spec import Ask, BrokerAccount, Request
from shared.domain.errors import AuthRejected, ContractBroken, RequestRejected
from shared.domain.money import loads_exact

SAMPLES = Path(__file__).parents[3] / "fixtures" / "kraken"
ACCOUNT = BrokerAccount("k1", "k1", "USD")
UNTOLD = RequestRejected("an unknown method")


def balances(**held: str) -> dict[str, Any]:
    return {
        "error": [],
        "result": {code.replace("_", "."): {"balance": q} for code, q in held.items()},
    }


def asking(rights: Any, positions: Any = None) -> Ask:
    async def ask(request: Request) -> Any:
        if request.path.endswith("GetApiKeyInfo"):
            if isinstance(rights, Exception):
                raise rights
            return {"result": {"permissions": rights}}
        return positions

    return ask


@pytest.mark.parametrize(
    ("held", "currency"),
    [
        ({"ZUSD": "1", "ZEUR": "2"}, "USD"),
        ({"XXBT": "1", "ZEUR": "0.0"}, "EUR"),
        ({"CHF": "1", "ZGBP": "2"}, "GBP"),
        ({"EUR_HOLD": "1"}, "EUR"),
        ({"XXBT": "1"}, "USD"),
        ({}, "USD"),
    ],
    ids=str,
)
def test_an_account_is_counted_in_the_money_that_it_has(
    held: dict[str, str], currency: str
) -> None:
    assert [one.currency for one in read_accounts(balances(**held))] == [currency]


def test_coins_are_held_by_their_pairs_and_the_currency_is_cash() -> None:
    body = loads_exact((SAMPLES / "balance_ex.json").read_bytes())
    held = read_holdings([body], ACCOUNT)
    assert held.cash == Decimal("568.7327")
    assert {one.symbol: one.quantity for one in held.positions} == {
        "ADA/USD": Decimal(400),
        "BTC/USD": Decimal("0.016057"),
    }


def test_all_wallets_of_an_asset_are_one_and_what_is_no_coin_is_left_out() -> None:
    body = balances(XXBT="1", XBT_M="2", XETH="0", KFEE="9", ZEUR="5", ZUSD="3", USD_HOLD="4")
    held = read_holdings([body], ACCOUNT)
    assert (held.cash, [(one.symbol, one.quantity) for one in held.positions]) == (
        Decimal(7),
        [("BTC/USD", Decimal(3))],
    )


def test_positions_on_margin_are_added_up_by_pair() -> None:
    bought = {"pair": "XXBTZUSD", "type": "buy", "vol": "2", "vol_closed": "0.5"}
    sold = {"pair": "ODD", "type": "sell", "vol": "1", "vol_closed": "0"}
    body = {"result": {"T1": bought, "T2": bought, "T3": sold}}
    held = read_holdings([balances(), body], ACCOUNT)
    assert [(one.symbol, one.quantity) for one in held.positions] == [
        ("BTC/USD:MARGIN", Decimal(3)),
        ("ODD:MARGIN", Decimal(-1)),
    ]


@pytest.mark.parametrize(
    "bodies",
    [
        [None],
        [{"result": []}],
        [balances(XXBT="x")],
        [{"result": {"XXBT": "1"}}],
        [balances(), {"result": {"T1": {"pair": "X", "type": "hold", "vol": 1, "vol_closed": 0}}}],
    ],
    ids=str,
)
def test_another_shape_breaks_the_contract(bodies: list[Any]) -> None:
    with pytest.raises(ContractBroken):
        read_holdings(bodies, ACCOUNT)


@pytest.mark.parametrize(
    ("rights", "reads"),
    [
        (["query-funds", "query-ledger"], True),
        (["query-funds"], False),
        (UNTOLD, True),
        ("x", True),
    ],
    ids=str,
)
async def test_the_ledger_is_asked_for_unless_the_key_is_known_not_to_read_it(
    rights: Any, *, reads: bool
) -> None:
    assert await may_read_ledger(asking(rights)) is reads


async def test_a_key_that_may_not_ask_what_it_may_is_none_that_may_nothing() -> None:
    assert await may_read_ledger(asking(PermissionDenied("no"))) is True


async def test_a_key_that_may_withdraw_is_refused_and_another_is_not() -> None:
    assert await refuse_withdrawals(asking(["query-funds"]), [ACCOUNT]) == [ACCOUNT]
    with pytest.raises(AuthRejected, match="may withdraw"):
        await refuse_withdrawals(asking(["withdraw-funds"]), [ACCOUNT])


@pytest.mark.parametrize(
    ("rights", "told"), [(["query-open-trades"], ["open"]), (["query-funds"], []), (UNTOLD, [])]
)
async def test_positions_on_margin_are_asked_for_only_where_the_key_may(
    rights: Any, told: list[str]
) -> None:
    assert await look_up(asking(rights, "open"), ACCOUNT, []) == told


def test_private_questions_are_posts() -> None:
    assert BALANCES.method == "POST"
