"""The account behind a key of Kraken: what the key may do, and what is held.

A key names neither account nor user, and an account has no currency: it is counted in dollars, or
where there never were any, in the first of other money that it has a balance of.
Source: docs.kraken.com (BalanceEx, OpenPositions, GetApiKeyInfo; read 2026-11). The names of
permissions are those that clients read (unverified); in some places they are not told.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from shared.brokers.kraken.errors import PermissionDenied
from shared.brokers.kraken.fields import result_of
from shared.brokers.kraken.names import CREDITS, MONEY, Assets, asset_name, split_pair
from shared.brokers.rows import fields_of, text_of
from shared.brokers.spec import Ask, BrokerAccount, HeldPosition, Holdings, Request
from shared.domain.errors import AuthRejected, ContractBroken, RequestRejected, UnparseableRow
from shared.domain.execution import AssetClass
from shared.domain.money import parse_decimal

BALANCES = Request("/0/private/BalanceEx", form={}, shared=True)
_RIGHTS = Request("/0/private/GetApiKeyInfo", form={}, shared=True)
_POSITIONS = Request("/0/private/OpenPositions", form={})
_MONEY = ("USD", "EUR", "GBP", "CAD", "AUD", "CHF", "JPY", "KRW")
_SIGNS = {"buy": Decimal(1), "sell": Decimal(-1)}


def read_accounts(body: Any) -> list[BrokerAccount]:
    """Read the one account that a key stands for; the login names it.

    Raises: ContractBroken.
    """
    held = {asset_name(code) for code in result_of(body)}
    currency = next((money for money in _MONEY if money in held), "USD")
    return [BrokerAccount("", "", currency)]


async def refuse_withdrawals(ask: Ask, listed: Sequence[BrokerAccount]) -> Sequence[BrokerAccount]:
    """Make sure that a key cannot take money out, where it tells what it may do.

    Raises: AuthRejected, and as `ask`.
    """
    if "withdraw-funds" in await _rights(ask):
        raise AuthRejected("Kraken: this key may withdraw; make one that may only read")
    return listed


async def may_read_ledger(ask: Ask) -> bool:
    """Tell whether it makes sense to ask for the ledger.

    Raises: as `ask`.
    """
    rights = await _rights(ask)
    return not rights or "query-ledger" in rights


async def _rights(ask: Ask) -> frozenset[str]:
    """List what the key may do; nothing where Kraken does not tell."""
    try:
        found = result_of(await ask(_RIGHTS)).get("permissions")
    except (PermissionDenied, RequestRejected):  # an unknown method, in some places
        return frozenset()
    return frozenset(map(str, found)) if isinstance(found, list) else frozenset()


async def look_up(ask: Ask, _: BrokerAccount, __: Sequence[Any]) -> Sequence[Any]:
    """Ask for positions on margin where the key may: each refusal brings a lock-out nearer.

    Raises: as `ask`.
    """
    return [await ask(_POSITIONS)] if "query-open-trades" in await _rights(ask) else []


def read_holdings(bodies: Sequence[Any], account: BrokerAccount) -> Holdings:
    """Read cash and what is held, whatever wallet it is in.

    A coin is named by its pair with the account's currency: the account knows coins, and the
    journal pairs. Other money than the account's is neither.
    Raises: ContractBroken.
    """
    balances, *on_margin = bodies
    held = defaultdict[str, Decimal](Decimal)
    try:
        for code, row in result_of(balances).items():
            held[asset_name(code)] += parse_decimal(fields_of(row).get("balance"), "balance")
        positions = [_coin(name, q, account) for name, q in sorted(held.items()) if _is_coin(name)]
        for body in on_margin:
            positions += _on_margin(body)
    except UnparseableRow as error:
        raise ContractBroken(f"Kraken's holdings: {error}") from error
    return Holdings(held[account.currency], tuple(one for one in positions if one.quantity))


def _is_coin(name: str) -> bool:
    return name not in MONEY and name != CREDITS


def _coin(name: str, quantity: Decimal, account: BrokerAccount) -> HeldPosition:
    symbol = Assets(name, account.currency).symbol
    return HeldPosition(symbol, symbol, quantity, None, AssetClass.CRYPTO, asset=name)


def _on_margin(body: Any) -> list[HeldPosition]:
    held = defaultdict[str, Decimal](Decimal)
    for row in map(fields_of, result_of(body).values()):
        pair, side = text_of(row, "pair"), text_of(row, "type")
        assets = split_pair(pair)
        name = pair if assets is None else assets.symbol
        opened, closed = (parse_decimal(row.get(one), one) for one in ("vol", "vol_closed"))
        if side not in _SIGNS:
            raise UnparseableRow(f"type: expected buy or sell, found {side!r}")
        held[f"{name}:MARGIN"] += _SIGNS[side] * (opened - closed)
    return [
        HeldPosition(name, name, quantity, None, AssetClass.CRYPTO)
        for name, quantity in sorted(held.items())
    ]
