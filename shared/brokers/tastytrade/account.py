"""A tastytrade login's accounts, and the cash and positions of one.

Source: developer.tastytrade.com (accounts, positions, balances); source of tastytrade 13.2.3.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from shared.brokers.rows import fields_of, text_of
from shared.brokers.spec import BrokerAccount, HeldPosition, Holdings
from shared.brokers.tastytrade.fields import ASSET_CLASSES, CURRENCY, Row, root_of, signed
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.money import parse_decimal

_DIRECTIONS = {"Long": Decimal(1), "Short": Decimal(-1)}


def rows_of(body: Any) -> list[Any]:
    """Take the items of an answer.

    Raises: ContractBroken.
    """
    data = body.get("data") if isinstance(body, dict) else None
    found = data.get("items") if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise ContractBroken("tastytrade: expected an array of items")
    return found


def total_of(body: Any) -> int:
    """Read how many rows all pages have.

    Raises: ContractBroken.
    """
    told = body.get("pagination") if isinstance(body, dict) else None
    count = told.get("total-items") if isinstance(told, dict) else None
    if type(count) is not int or count < 0:
        raise ContractBroken("tastytrade: the answer does not say how many items there are")
    return count


def read_accounts(body: Any) -> tuple[BrokerAccount, ...]:
    """Read the accounts behind a grant; closed ones are among them, and their history too.

    Raises: ContractBroken.
    """
    try:
        rows = [fields_of(fields_of(raw).get("account")) for raw in rows_of(body)]
        numbers = [text_of(row, "account-number") for row in rows]
    except UnparseableRow as error:
        raise ContractBroken(f"tastytrade's accounts: {error}") from error
    return tuple(BrokerAccount(number, number, CURRENCY) for number in numbers)


def read_holdings(bodies: Sequence[Any], account: BrokerAccount) -> Holdings:
    """Read cash, and what is held; what was closed today is listed with the direction Zero.

    Raises: ContractBroken, also when another account's holdings were given.
    """
    balances, positions = bodies
    try:
        balance = fields_of(balances.get("data") if isinstance(balances, dict) else None)
        rows = [fields_of(raw) for raw in rows_of(positions)]
        for row in (balance, *rows):
            if text_of(row, "account-number") != account.number:
                raise ContractBroken("tastytrade answered with another account's holdings")
        held = [row for row in rows if row.get("quantity-direction") != "Zero"]
        return Holdings(
            cash=_cash(balance),
            # bonds and what else never comes into the journal is left out here too
            positions=tuple(
                _position(row) for row in held if str(row.get("instrument-type")) in ASSET_CLASSES
            ),
        )
    except UnparseableRow as error:
        raise ContractBroken(f"tastytrade's holdings: {error}") from error


def _cash(balance: Row) -> Decimal:
    """Read the cash; whether it comes with an effect, as other amounts do, is unverified."""
    if "cash-balance-effect" in balance:
        return signed(balance, "cash-balance")
    return parse_decimal(balance.get("cash-balance"), "cash-balance")


def _position(row: Row) -> HeldPosition:
    direction = text_of(row, "quantity-direction")
    if direction not in _DIRECTIONS:
        raise UnparseableRow(f"quantity-direction: {direction!r} is not known")
    price = row.get("average-open-price")
    return HeldPosition(
        symbol=text_of(row, "symbol"),
        root=root_of(row),
        quantity=parse_decimal(row.get("quantity"), "quantity") * _DIRECTIONS[direction],
        average_price=None if price is None else parse_decimal(price, "average-open-price"),
        asset_class=ASSET_CLASSES[row["instrument-type"]],
    )
