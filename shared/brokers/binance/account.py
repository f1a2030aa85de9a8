"""Binance's two accounts behind one login: their names, what their key may do, what they hold.

Source: binance/binance-spot-api-docs rest-api.md; binance-connector-python's models (snapshots
2026-07-21 and 2026-08-21).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shared.brokers.rows import fields_of, text_of
from shared.brokers.spec import Ask, BrokerAccount, HeldPosition, Holdings, Request
from shared.domain.errors import AuthRejected, ContractBroken, RequestRejected, UnparseableRow
from shared.domain.execution import AssetClass
from shared.domain.money import parse_decimal

FUTURES = "usdm"  # the door of USD-M futures
CASH = "USDT"  # what both accounts are counted in
ACCOUNT = Request("/api/v3/account", {"omitZeroBalances": "true"}, shared=True, cost=20)
POSITIONS = Request("/fapi/v3/positionRisk", host=FUTURES, shared=True, cost=5)
BALANCES = Request("/fapi/v3/balance", host=FUTURES, shared=True, cost=5)
_RIGHTS = Request("/sapi/v1/account/apiRestrictions")
_FUTURES_REACH = timedelta(days=180)  # "6 months", and the shortest six have 181 days
_SIDES = {"BOTH": None, "LONG": Decimal(1), "SHORT": Decimal(-1)}


def is_spot(account: BrokerAccount) -> bool:
    """Tell the spot account from the futures account of a login."""
    return account.account_id.endswith(":spot")


def read_accounts(body: Any) -> list[BrokerAccount]:
    """Read the spot account that a key stands for.

    Raises: ContractBroken.
    """
    uid = body.get("uid") if isinstance(body, dict) else None
    if type(uid) is not int or uid <= 0:
        raise ContractBroken("Binance's account: expected a uid")
    return [BrokerAccount(account_id=f"{uid}:spot", number=f"{uid} spot", currency=CASH)]


async def with_futures(ask: Ask, listed: Sequence[BrokerAccount]) -> list[BrokerAccount]:
    """Add the futures account where the key reaches it; refuse a key that may withdraw.

    Raises: AuthRejected, ContractBroken, and as `ask`.
    """
    (spot,) = listed
    try:
        reached = _reaches_futures(await ask(_RIGHTS))
    except RequestRejected as error:
        if error.status != 404:
            raise
        reached = await _has_futures(ask)  # test environments do not tell what a key may do
    if not reached:
        return [spot]
    uid = spot.account_id.partition(":")[0]
    named = {"account_id": f"{uid}:{FUTURES}", "number": f"{uid} USD-M futures"}
    return [spot, replace(spot, **named, history_limit=_FUTURES_REACH)]


def _reaches_futures(rights: Any) -> bool:
    found = rights if isinstance(rights, dict) else {}
    names = ("enableReading", "enableWithdrawals", "enableFutures")
    reads, withdraws, futures = (found.get(name) for name in names)
    if not (isinstance(reads, bool) and isinstance(withdraws, bool) and isinstance(futures, bool)):
        raise ContractBroken("Binance's key: expected to be told what it may do")
    if withdraws:
        raise AuthRejected("Binance: this key may withdraw; make one that may only read")
    if not reads:
        raise AuthRejected("Binance: this key may not read; switch reading on")
    return futures


async def _has_futures(ask: Ask) -> bool:
    try:
        await ask(POSITIONS)
    except (AuthRejected, RequestRejected):
        return False
    return True


def holdings_requests(account: BrokerAccount) -> tuple[Request, ...]:
    """Name what tells the holdings of an account."""
    return (ACCOUNT,) if is_spot(account) else (BALANCES, POSITIONS)


def read_holdings(bodies: Sequence[Any], account: BrokerAccount) -> Holdings:
    """Read cash and what is held.

    A coin of the spot account is named by its pair with the account's currency, whether or not
    there is one: the account knows coins, and the journal pairs.
    Raises: ContractBroken.
    """
    try:
        if is_spot(account):
            return _spot_holdings(bodies[0], account)
        cash = [
            parse_decimal(row.get("balance"), "balance")
            for row in map(fields_of, array_of(bodies[0]))
            if text_of(row, "asset") == account.currency
        ]
        return Holdings(sum(cash, Decimal(0)), tuple(_positions(bodies[1])))
    except UnparseableRow as error:
        raise ContractBroken(f"Binance's holdings: {error}") from error


def balances_of(body: Any) -> dict[str, Decimal]:
    """Read what the spot account holds, free and locked, by asset.

    Raises: ContractBroken.
    """
    found: dict[str, Decimal] = {}
    try:
        for row in map(fields_of, array_of(fields_of(body).get("balances"))):
            parts = (parse_decimal(row.get(name), name) for name in ("free", "locked"))
            found[text_of(row, "asset")] = sum(parts, Decimal(0))
    except UnparseableRow as error:
        raise ContractBroken(f"Binance's account: {error}") from error
    return {asset: quantity for asset, quantity in found.items() if quantity}


def _spot_holdings(body: Any, account: BrokerAccount) -> Holdings:
    held = balances_of(body)
    cash = held.pop(account.currency, Decimal(0))
    coins = (
        HeldPosition(
            f"{asset}{CASH}", f"{asset}{CASH}", quantity, None, AssetClass.CRYPTO, asset=asset
        )
        for asset, quantity in sorted(held.items())
    )
    return Holdings(cash, tuple(coins))


def _positions(body: Any) -> list[HeldPosition]:
    found = []
    for row in map(fields_of, array_of(body)):
        symbol, side = text_of(row, "symbol"), text_of(row, "positionSide")
        amount = parse_decimal(row.get("positionAmt"), "positionAmt")
        if not amount:  # an open order alone
            continue
        if (sign := sign_of(side)) is not None:
            amount = abs(amount) * sign  # whether a short of a hedge is negative is unverified
        price = parse_decimal(row.get("entryPrice"), "entryPrice")
        named = position_symbol(symbol, side), root_of(symbol)
        found.append(HeldPosition(*named, amount, price, AssetClass.CRYPTO))
    return found


def sign_of(position_side: str) -> Decimal | None:
    """Tell the direction of one side of a hedge; None where longs and shorts are one position.

    Raises: UnparseableRow.
    """
    if position_side not in _SIDES:
        raise UnparseableRow(f"positionSide: expected BOTH, LONG or SHORT, found {position_side!r}")
    return _SIDES[position_side]


def position_symbol(symbol: str, position_side: str) -> str:
    """Name a position: both sides of a hedge are positions of their own and never net.

    Raises: UnparseableRow.
    """
    return symbol if sign_of(position_side) is None else f"{symbol}:{position_side}"


def root_of(symbol: str) -> str:
    """Name what positions are kept by: BTCUSDT_260327 is of BTCUSDT."""
    return symbol.partition("_")[0]


def array_of(body: Any) -> list[Any]:
    """Take the array that an answer is.

    Raises: ContractBroken.
    """
    if not isinstance(body, list):
        raise ContractBroken(f"Binance: expected an array, found {type(body).__name__}")
    return body
