"""Tradovate's Fills report as a user downloads it: a CSV file whose rows are the fills of the API.

Source: four public fixtures of the report (read 2026-11); a sample in tests/fixtures/tradovate.
`commission` is the whole fee of a fill, `_action` is 0 for a buy, and `_timestamp` is UTC, while
`Timestamp` is some local time without a zone.
"""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.brokers.rows import fields_of, text_of, time_of, unparseable
from shared.brokers.spec import BrokerAccount, ParsedRow, ReportFile
from shared.brokers.tradovate.contracts import listed_instrument
from shared.brokers.tradovate.fields import CURRENCY, Row, listed
from shared.brokers.tradovate.rows import assert_account, identity_of, pending_fee
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass, Execution, Fee, RowStatus, Side
from shared.domain.journal.trading_day import trading_day
from shared.domain.money import parse_decimal
from shared.domain.time import parse_instant

_NEEDED = {"Fill ID", "Contract", "Product", "commission"}
_SIDES = {"0": Side.BUY, "1": Side.SELL}
_ACTIVE = {"true": RowStatus.BOOKED, "false": RowStatus.BUSTED}


def decode_report(data: bytes) -> list[Any]:
    """Read the file into rows by its header.

    Raises: ValueError where it is not this report.
    """
    lines = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True)
    try:
        rows: list[Any] = list(lines)
    except csv.Error as error:
        raise ValueError(f"no CSV: {error}") from error
    if not _NEEDED.issubset(lines.fieldnames or ()):
        raise ValueError(f"the header lacks {', '.join(sorted(_NEEDED))}")
    return rows


def parse_report_row(raw: Any, account: BrokerAccount) -> ParsedRow:
    """Normalize one line to what the API's fill with the same id becomes.

    Raises: UnparseableRow.
    """
    row = fields_of(raw)
    if not row.get("_timestamp"):
        raise UnparseableRow("_timestamp: this older form has no UTC time; download it again")
    try:
        execution = _execution(row)
    except ValidationError as error:  # of the normalized row
        raise unparseable(error) from error
    assert_account(row.get("_accountId") or None, account)
    return ParsedRow(identity_of(execution.execution_id), execution)


def _execution(row: Row) -> Execution:
    at = time_of(row, "_timestamp", parse_instant)
    traded_on = trading_day(AssetClass.FUTURE, at)
    instrument = listed_instrument(text_of(row, "Contract"), text_of(row, "Product"), traded_on)
    quantity = parse_decimal(text_of(row, "_qty"), "_qty")
    if quantity != quantity.to_integral_value():
        raise UnparseableRow(f"_qty: expected a number of contracts, found {quantity}")
    return Execution(
        execution_id=_digits(row, "_id"),
        order_id=_digits(row, "_orderId"),
        symbol=instrument.symbol,
        root=instrument.root,
        asset_class=instrument.asset_class,
        side=_one_of(row, "_action", _SIDES),
        quantity=quantity,
        price=parse_decimal(text_of(row, "_price"), "_price"),
        multiplier=instrument.multiplier,
        currency=CURRENCY,
        executed_at=at,
        fees=_fees(row),
        status=_one_of(row, "_active", _ACTIVE),
    )


def _fees(row: Row) -> tuple[Fee, ...]:
    if not row.get("commission"):
        return (pending_fee(CURRENCY),)
    amount: Decimal = parse_decimal(row["commission"], "commission")
    return (Fee(amount=amount, currency=CURRENCY),) if amount else ()


def _digits(row: Row, field: str) -> str:
    value = text_of(row, field).strip()
    if not (value.isascii() and value.isdecimal()) or not int(value):
        raise UnparseableRow(f"{field}: expected an id, found {value!r}")
    return value


def _one_of(row: Row, field: str, known: dict[str, Any]) -> Any:
    value = text_of(row, field).strip().lower()
    if value not in known:
        raise UnparseableRow(f"{field}: expected one of {', '.join(known)}, found {value!r}")
    return known[value]


def _booked_on(raw: Any) -> date | None:
    day = raw.get("_tradeDate") if isinstance(raw, dict) else None
    try:
        return date.fromisoformat(str(day))
    except ValueError:
        return None


FILLS_REPORT = ReportFile(
    name="fills_report",
    decode=decode_report,
    parse=parse_report_row,
    booked_on=_booked_on,
    rows=listed,
    account_field="_accountId",
)
