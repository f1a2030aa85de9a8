"""Single fields of tastytrade's rows: signs, fees, instruments and what a unit stands for.

Amounts carry no sign; the field beside each, `X-effect`, says Credit, Debit or None.
Source: developer.tastytrade.com (OpenAPI of transactions 10.3.0, symbology); recorded rows in tests
of public repositories. What none of them says is marked unverified.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from shared.brokers.rows import fields_of, text_of, time_of
from shared.brokers.tastytrade.reversals import REVERSAL
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass, Fee, FeeOrigin
from shared.domain.futures.contracts import CONTRACTS
from shared.domain.money import decimal_text, divide_rounded, no_digit_lost, parse_decimal
from shared.domain.time import NEW_YORK, parse_instant

Row = dict[str, Any]

CURRENCY = "USD"
ASSET_CLASSES = {
    "Equity": AssetClass.EQUITY,
    "Warrant": AssetClass.EQUITY,
    "Equity Option": AssetClass.OPTION,
    "Future": AssetClass.FUTURE,
    "Future Option": AssetClass.OPTION,
    "Cryptocurrency": AssetClass.CRYPTO,
}
_EFFECTS = {"Credit": Decimal(1), "Debit": Decimal(-1)}
# "/ESM6" and "./ESM6 ESM6  260618P3900" belong to ES. The year has one digit and repeats after ten;
# a contract is flat by then.
_FUTURE = re.compile(r"\.?/([A-Z0-9]{1,4}?)[FGHJKMNQUVXZ]\d{1,2}(?: .*)?", re.ASCII)
_SHARES_A_CONTRACT, _CENT = Decimal(100), Decimal("0.01")
_APART = "value: it does not go together with price and quantity"


def signed(row: Row, field: str) -> Decimal:
    """Take an amount with the sign of its effect; one that is left out is 0.

    Raises: UnparseableRow.
    """
    if row.get(field) is None:
        return Decimal(0)
    amount, effect = parse_decimal(row[field], field), str(row.get(f"{field}-effect"))
    if amount and (amount < 0 or effect not in _EFFECTS):
        raise UnparseableRow(
            f"{field}: expected no sign but an effect, found {decimal_text(amount)} and {effect!r}"
        )
    return amount * _EFFECTS[effect] if amount else amount


def fees_of(row: Row) -> tuple[Fee, ...]:
    """Take everything that the row says it cost, also kinds of fees that nobody knows yet.

    `is-estimated-fee` is always true: amendments come later, as money of a day.
    Raises: UnparseableRow.
    """
    origin = FeeOrigin.ESTIMATED if row.get("is-estimated-fee") is True else FeeOrigin.REPORTED
    costs = (-signed(row, name) for name in _cost_names(row))
    return tuple(Fee(amount=cost, currency=CURRENCY, origin=origin) for cost in costs if cost)


def _cost_names(row: Row) -> Iterator[str]:
    return (
        name
        for name in sorted(row)
        if name.endswith("-fees") or name in {"commission", "other-charge"}
    )


def assert_dollars(row: Row) -> None:
    """Refuse another currency: how its amounts and its conversion are told is unverified.

    Raises: UnparseableRow.
    """
    if row.get("currency") not in (None, CURRENCY):
        raise UnparseableRow(f"currency: {row['currency']!r} is not read yet; kept until then")


def asset_class_of(row: Row) -> AssetClass:
    """Tell what was traded.

    Raises: UnparseableRow for bonds, indices, event contracts and whatever else is not known.
    """
    name = text_of(row, "instrument-type")
    if name not in ASSET_CLASSES:
        raise UnparseableRow(f"instrument-type: {name!r} is not supported yet; kept until then")
    return ASSET_CLASSES[name]


def root_of(row: Row) -> str:
    """Name what positions are kept by: an option's underlying, a future's root.

    Raises: UnparseableRow.
    """
    symbol, kind = text_of(row, "symbol"), str(row.get("instrument-type"))
    if kind in {"Future", "Future Option"}:
        found = _FUTURE.fullmatch(symbol)
        return found[1] if found else symbol
    if kind == "Equity Option":  # six characters of root, padded with spaces
        return row.get("underlying-symbol") or symbol[:6].strip()
    return symbol


def multiplier_of(row: Row) -> Decimal:
    """Tell what one unit and one point stand for; rows do not say it, but their value shows it.

    Raises: UnparseableRow for futures that are not in our table, and where value, price and
    quantity do not go together.
    """
    usual = _usual_multiplier(row)
    if asset_class_of(row) is not AssetClass.OPTION or row.get("price") is None:
        return usual
    price, quantity, value = (parse_decimal(row.get(n), n) for n in ("price", "quantity", "value"))
    with no_digit_lost():
        turnover = price * quantity
        if not turnover or not value or abs(usual * turnover - value) <= _CENT:
            return usual
        try:
            found = abs(divide_rounded(value, turnover))
        except InvalidOperation as error:
            raise UnparseableRow(_APART) from error
    if found != found.to_integral_value():
        raise UnparseableRow(_APART)
    return found  # an adjusted contract


def _usual_multiplier(row: Row) -> Decimal:
    match row.get("instrument-type"):
        case "Equity Option":
            return _SHARES_A_CONTRACT
        case "Future" | "Future Option":
            root = root_of(row)
            if root not in CONTRACTS:
                raise UnparseableRow(
                    f"symbol: {row['symbol']!r} is of no future whose size is known"
                )
            return CONTRACTS[root].point_value
        case _:
            return Decimal(1)


def instant_of(row: Row) -> datetime:
    """Take the time of execution; `transaction-date` is a session's, and can be the next day.

    Raises: UnparseableRow.
    """
    return time_of(row, "executed-at", parse_instant)


def booked_at(raw: Any) -> datetime | None:
    """Tell a row's time, by which pages are in order."""
    try:
        return instant_of(fields_of(raw))
    except UnparseableRow:
        return None


def booked_on(raw: Any) -> date | None:
    """Tell the day that a row belongs to, or a reversal that is given with what it takes back."""
    at = booked_at(raw.get(REVERSAL, raw) if isinstance(raw, dict) else raw)
    return at.astimezone(NEW_YORK).date() if at else None
