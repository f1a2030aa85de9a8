"""Rows of Flex reports, read into executions and account events; each is named by its element.

Orders, lots and sums repeat what executions say, OptionEAE what book trades say, and every section
of a report that books nothing (positions, rates, net asset value ...) is counted by name.
"""

from datetime import date
from typing import Any

from pydantic import ValidationError

from shared.brokers.ibkr.corrections import settled
from shared.brokers.ibkr.events import (
    parse_cash,
    parse_corporate_action,
    parse_trade_transfer,
    parse_transfer,
)
from shared.brokers.ibkr.fields import day_of
from shared.brokers.ibkr.trades import parse_trade
from shared.brokers.rows import fields_of, text_of, unparseable
from shared.brokers.spec import BrokerAccount, Ignored, Parsed
from shared.domain.errors import ContractBroken, UnparseableRow

_PARSERS = {
    "Trade": parse_trade,
    "TradeConfirm": parse_trade,
    "CashTransaction": parse_cash,
    "CorporateAction": parse_corporate_action,
    "Transfer": parse_transfer,
    "TradeTransfer": parse_trade_transfer,
}


def parse_row(raw: Any, account: BrokerAccount) -> Parsed:
    """Normalize one row of a report.

    Raises: UnparseableRow, also for a row of another account.
    """
    row = fields_of(raw)
    if isinstance(row.get("answer"), dict):
        told = row["answer"].get("errormessage") or "a reference to a report"
        raise UnparseableRow(f"an answer without a report: {told}")
    name = text_of(row, "row")
    for field in row.keys() - {"cancelled_by"}:  # attributes are texts: anything else is spoiled
        if not isinstance(row[field], str):
            raise UnparseableRow(f"{field}: expected text, found {row[field]!r}")
    if name not in _PARSERS:
        return Ignored(name)
    if row.get("accountId") not in (None, "", account.account_id):
        raise UnparseableRow(f"accountId: {row['accountId']!r} is another account")
    try:
        return _PARSERS[name](row)
    except ValidationError as error:  # of the normalized row
        raise unparseable(error, name) from error


def rows_of(body: Any) -> list[Any]:
    """Take the rows of all statements of a saved report, trades beside what became of them.

    Raises: ContractBroken.
    """
    statements = body.get("statements") if isinstance(body, dict) else None
    if not isinstance(statements, list):
        raise ContractBroken("IBKR: expected a report with statements")
    return [row for one in statements for row in settled(one["rows"])]


def booked_on(raw: Any) -> date | None:
    """Tell the day that a row belongs to."""
    try:
        return day_of(fields_of(raw), "tradeDate", "reportDate", "dateTime", "date")
    except UnparseableRow:
        return None
