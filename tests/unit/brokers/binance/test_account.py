from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.brokers.binance.account import (
    balances_of,
    holdings_requests,
    position_symbol,
    read_accounts,
    read_holdings,
    root_of,
)
from shared.brokers.binance.spec import SPEC, read_time
from shared.brokers.spec import BrokerAccount
from shared.domain.errors import ContractBroken
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "binance"
SPOT = BrokerAccount("354937868:spot", "354937868 spot", "USDT")
FUTURES = BrokerAccount("354937868:usdm", "354937868 USD-M futures", "USDT")
WALLET = [{"asset": "BNB", "balance": "1"}, {"asset": "USDT", "balance": "103.12345678"}]


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / name).read_bytes())


def test_the_spot_account_is_named_by_the_user_s_id() -> None:
    assert read_accounts(sample("account.json")) == [SPOT]


@pytest.mark.parametrize("body", [None, [], {}, {"uid": "7"}, {"uid": 0}, {"uid": True}])
def test_an_account_without_a_uid_breaks_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read_accounts(body)


def test_coins_are_held_by_their_pairs_and_the_currency_is_cash() -> None:
    held = read_holdings([sample("account.json")], SPOT)
    assert held.cash == Decimal("455.14715")
    assert {one.symbol: one.quantity for one in held.positions} == {
        "BTCUSDT": Decimal("0.01699"),
        "BNBUSDT": Decimal("0.098875"),
    }


def test_what_is_locked_in_orders_is_held() -> None:
    body = {"balances": [{"asset": "BTC", "free": "1", "locked": "0.5"}]}
    assert balances_of(body) == {"BTC": Decimal("1.5")}


def test_what_is_not_held_is_left_out() -> None:
    assert balances_of({"balances": [{"asset": "BTC", "free": "0.0", "locked": "0"}]}) == {}


def test_a_futures_position_is_signed_and_the_wallet_is_cash() -> None:
    held = read_holdings([WALLET, sample("usdm_position_risk_v3.json")], FUTURES)
    (position,) = held.positions
    assert (held.cash, position.symbol, position.quantity, position.average_price) == (
        Decimal("103.12345678"),
        "BTCUSDT",
        Decimal("-0.005"),
        Decimal("91234.5"),
    )


@pytest.mark.parametrize("amount", ["2", "-2"], ids=["without its sign", "with its sign"])
def test_the_short_side_of_a_hedge_is_negative(amount: str) -> None:
    (row,) = sample("usdm_position_risk_v3.json")
    sides = [
        {**row, "positionSide": s, "positionAmt": a} for s, a in (("LONG", "3"), ("SHORT", amount))
    ]
    held = read_holdings([[], sides], FUTURES).positions
    assert [(one.symbol, one.quantity) for one in held] == [
        ("BTCUSDT:LONG", Decimal(3)),
        ("BTCUSDT:SHORT", Decimal(-2)),
    ]


def test_an_open_order_alone_is_no_position() -> None:
    (row,) = sample("usdm_position_risk_v3.json")
    assert read_holdings([WALLET, [{**row, "positionAmt": "0.000"}]], FUTURES).positions == ()


@pytest.mark.parametrize(
    "bodies",
    [
        [{}, []],
        [[{"asset": "USDT"}], []],
        [["x"], []],
        [[], {}],
        [[], ["x"]],
        [[], [{"symbol": "BTCUSDT", "positionSide": "UP", "positionAmt": "1"}]],
        [[], [{"symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": "x"}]],
    ],
)
def test_futures_holdings_of_another_shape_break_the_contract(bodies: list[Any]) -> None:
    with pytest.raises(ContractBroken):
        read_holdings(bodies, FUTURES)


@pytest.mark.parametrize("body", [None, {}, {"balances": {}}, {"balances": [{"asset": "BTC"}]}])
def test_a_spot_account_of_another_shape_breaks_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read_holdings([body], SPOT)


def test_each_account_is_asked_for_at_its_own_host() -> None:
    doors = [{one.host for one in holdings_requests(account)} for account in (SPOT, FUTURES)]
    assert doors == [{""}, {"usdm"}]
    assert all("usdm" in SPEC.doors[environment] for environment in SPEC.hosts)


def test_a_contract_that_ends_is_kept_with_its_pair() -> None:
    assert (root_of("BTCUSDT_260327"), root_of("BTCUSDT")) == ("BTCUSDT", "BTCUSDT")
    assert position_symbol("BTCUSDT", "BOTH") == "BTCUSDT"


def test_the_exchange_s_clock_is_read_in_milliseconds() -> None:
    at = parse_instant("2025-11-24T00:00:00.123Z")
    assert read_time({"serverTime": 1763942400123}) == at


@pytest.mark.parametrize("body", [None, {}, {"serverTime": "1"}, {"serverTime": 10**18}])
def test_a_clock_of_another_shape_breaks_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read_time(body)
