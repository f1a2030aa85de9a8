"""Single fields of Flex rows: attributes are texts, and the user has chosen which there are.

Times have no offset and are New York's (another time zone of the account is unverified); in the
hour that comes twice in autumn the first is meant, unless the order of bookings says otherwise
(corrections.py).
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from shared.brokers.rows import text_of, within_reason
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass
from shared.domain.money import parse_decimal
from shared.domain.time import NEW_YORK, as_utc

_DAY = r"(\d{4})-?(\d\d)-?(\d\d)"
_WHEN = re.compile(rf"{_DAY}(?:[;, T](\d\d):?(\d\d):?(\d\d))?", re.ASCII)
_TIME = re.compile(r"(\d\d):?(\d\d):?(\d\d)", re.ASCII)
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
_CODES = re.compile(r"[;,]\s*")
# MNQZ6, and ZN   DEC 26 as some exchanges' are written
_FUTURE = re.compile(r"([A-Z0-9]{1,5}?)(?:[FGHJKMNQUVXZ]\d{1,2}| +[A-Z]{3} \d\d)", re.ASCII)
_PAIR = re.compile(r"([A-Z]{3})\.([A-Z]{3})")

ASSET_CLASSES = {
    "STK": AssetClass.EQUITY,
    "FUND": AssetClass.EQUITY,
    "OPT": AssetClass.OPTION,
    "FOP": AssetClass.OPTION,
    "WAR": AssetClass.OPTION,
    "FUT": AssetClass.FUTURE,
    "CASH": AssetClass.FX,
    "CFD": AssetClass.CFD,
    "CRYPTO": AssetClass.CRYPTO,
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a row is about; money = price x quantity x `multiplier`."""

    symbol: str
    root: str
    asset_class: AssetClass
    multiplier: Decimal
    currency: str


def instrument_of(row: dict[str, Any]) -> Instrument:
    """Read what was traded or is held.

    Raises: UnparseableRow, also for bonds and whatever else is not counted in units.
    """
    asset_class = asset_class_of(row)
    return Instrument(
        symbol=text_of(row, "symbol"),
        root=root_of(row, asset_class),
        asset_class=asset_class,
        multiplier=number(row, "multiplier"),
        currency=currency(row, "currency"),
    )


def asset_class_of(row: dict[str, Any]) -> AssetClass:
    """Tell what an instrument is.

    Raises: UnparseableRow.
    """
    name = text_of(row, "assetCategory")
    if name not in ASSET_CLASSES:
        raise UnparseableRow(f"assetCategory: {name!r} is not supported yet; kept until then")
    return ASSET_CLASSES[name]


def root_of(row: dict[str, Any], asset_class: AssetClass) -> str:
    """Name what positions are kept by: an option's underlying, a future's root, a pair's letters.

    Raises: UnparseableRow.
    """
    symbol = text_of(row, "symbol")
    underlying = row.get("underlyingSymbol") or ""
    match asset_class:
        case AssetClass.FUTURE:
            found = _FUTURE.fullmatch(symbol)
            return found[1] if found else underlying or symbol
        case AssetClass.OPTION:
            root = underlying or symbol[:6].strip()
            future = _FUTURE.fullmatch(root) if row.get("assetCategory") == "FOP" else None
            return future[1] if future else root
        case AssetClass.FX:
            return "".join(pair_of(row))
        case _:
            return symbol


def pair_of(row: dict[str, Any]) -> tuple[str, str]:
    """Read which currencies a pair is made of: what is counted, and what it is paid in.

    Raises: UnparseableRow.
    """
    found = _PAIR.fullmatch(text_of(row, "symbol"))
    if found is None:
        raise UnparseableRow(f"symbol: {row['symbol']!r} is no pair of currencies")
    return found[1], found[2]


def number(row: dict[str, Any], field: str) -> Decimal:
    """Read a number, exactly; some sections write thousands apart by commas.

    Raises: UnparseableRow.
    """
    text = text_of(row, field)
    return parse_decimal(text.replace(",", "") if _GROUPED.fullmatch(text) else text, field)


def number_or_zero(row: dict[str, Any], field: str) -> Decimal:
    """Read a number that may be left out.

    Raises: UnparseableRow where it is there and none.
    """
    return number(row, field) if row.get(field) else Decimal(0)


def currency(row: dict[str, Any], field: str) -> str:
    """Read a currency's three letters.

    Raises: UnparseableRow.
    """
    text = text_of(row, field)
    if _CURRENCY.fullmatch(text) is None:
        raise UnparseableRow(f"{field}: expected three letters, found {text!r}")
    return text


def codes(row: dict[str, Any]) -> frozenset[str]:
    """Read the codes of a row: Ep, Ex, A, Ca, P, O, C and others; `code` in confirmations."""
    text = row.get("notes") or row.get("code") or ""
    return frozenset(_CODES.split(text)) if isinstance(text, str) else frozenset()


def instant_of(row: dict[str, Any], field: str = "dateTime") -> datetime:
    """Read when something happened; old reports have the day and the time apart.

    Raises: UnparseableRow.
    """
    if row.get(field):
        return _instant(row, field, *_parts(row, field))
    day, at = day_of(row, "tradeDate"), text_of(row, "tradeTime")
    found = _TIME.fullmatch(at)
    if found is None:
        raise UnparseableRow(f"tradeTime: expected HHmmss, found {at!r}")
    return _instant(row, "tradeTime", day, tuple(map(int, found.groups())))


def day_of(row: dict[str, Any], *fields: str) -> date:
    """Read a day from the first of the fields that is there.

    Raises: UnparseableRow.
    """
    field = next((name for name in fields if row.get(name)), fields[0])
    return _parts(row, field)[0]


def _parts(row: dict[str, Any], field: str) -> tuple[date, tuple[int, ...]]:
    text = text_of(row, field)
    found = _WHEN.fullmatch(text)
    if found is None:
        hint = ": days and months cannot be told apart" if "/" in text else ""
        raise UnparseableRow(
            f"{field}: found {text!r}{hint}; choose yyyyMMdd and HHmmss in the query's settings"
        )
    year, month, day, *clock = (int(part) for part in found.groups() if part is not None)
    try:
        return within_reason(date(year, month, day)), tuple(clock)
    except ValueError as error:
        raise UnparseableRow(f"{field}: there is no day {text!r}") from error


def _instant(row: dict[str, Any], field: str, day: date, clock: tuple[int, ...]) -> datetime:
    try:
        hour, minute, second = clock or (0, 0, 0)
        at = time(hour, minute, second, fold=int(row.get("fold", 0)))
    except ValueError as error:
        raise UnparseableRow(f"{field}: there is no such time of day: {clock}") from error
    return as_utc(datetime.combine(day, at, NEW_YORK))
