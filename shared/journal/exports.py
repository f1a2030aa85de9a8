"""The journal as lines for other programs: CSV for spreadsheets, JSON Lines for machines."""

import csv
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from typing import Any

from shared.domain.ids import AccountKey, UserId, canonical_json
from shared.journal.projection.documents import read_day
from shared.ports import Document, Documents, JsonScalar, Query
from shared.scanning import every


class Kind(StrEnum):
    """What can be exported."""

    EXECUTIONS = "executions"
    EVENTS = "events"
    ROUND_TRIPS = "round-trips"
    DAYS = "days"


class Form(StrEnum):
    """How it is written."""

    CSV = "csv"
    JSONL = "jsonl"


# Columns of the CSV; JSON Lines hold every field of the document.
_COLUMNS: Mapping[Kind, Sequence[str]] = {
    Kind.EXECUTIONS: (
        *("account_key", "key", "executed_at", "symbol", "root", "asset_class", "side", "quantity"),
        *("price", "multiplier", "currency", "fees", "execution_id", "order_id", "status"),
    ),
    Kind.EVENTS: (
        *("account_key", "key", "occurred_at", "effective_on", "type", "subtype", "symbol"),
        *("quantity", "price", "multiplier", "amount", "currency", "description", "event_id"),
        "status",
    ),
    Kind.ROUND_TRIPS: (
        *("account_key", "key", "symbol", "root", "asset_class", "direction", "quantity"),
        *("entry_price", "exit_price", "gross", "fees", "net", "currency", "opened_at"),
        *("closed_at", "executions"),
    ),
    Kind.DAYS: (
        *("account_key", "day", "root", "currency", "executions", "round_trips", "wins", "losses"),
        *("won", "lost", "gross", "fees", "day_fees", "income"),
    ),
}
_SCANS = {
    Kind.EXECUTIONS: ("executions", "at_us"),
    Kind.EVENTS: ("executions", "at_us"),
    Kind.ROUND_TRIPS: ("round_trips", "closed_us"),
    Kind.DAYS: ("daily", "day"),
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Export:
    """The use case; a page of documents is in memory at a time."""

    documents: Documents

    async def lines(
        self, user_id: UserId, kind: Kind, form: Form, account_key: AccountKey | None = None
    ) -> AsyncIterator[str]:
        """Yield the lines of a file, oldest first, each with its newline; a CSV has a header.

        Units: every number is written with all of its digits; instants are UTC.
        Raises: StoreUnavailable.
        """
        if form is Form.CSV:
            yield _csv_line(_COLUMNS[kind])
        collection, order = _SCANS[kind]
        where: dict[str, JsonScalar] = {} if account_key is None else {"account_key": account_key}
        async for found in every(
            self.documents, Query(collection, (user_id,), where, order_by=order)
        ):
            for record in _records(kind, found):
                if form is Form.JSONL:
                    yield canonical_json(record) + "\n"
                else:
                    yield _csv_line([_cell(record.get(name)) for name in _COLUMNS[kind]])


def _records(kind: Kind, found: Document) -> Sequence[Mapping[str, Any]]:
    body = found.body
    if kind is Kind.DAYS:
        account = {"account_key": body["account_key"]}
        return [{**account, **part.model_dump(mode="json")} for part in read_day(body)]
    if kind is Kind.ROUND_TRIPS:
        return [{name: value for name, value in body.items() if not name.endswith("_us")}]
    wanted = "execution" if kind is Kind.EXECUTIONS else "event"
    if body["kind"] != wanted:
        return []
    return [{"account_key": body["account_key"], "key": found.key.id, **body["body"]}]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):  # fees
        return " ".join(f"{fee['amount']} {fee['currency']}" for fee in value)
    return str(value)


def _csv_line(cells: Sequence[str]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow([_harmless(cell) for cell in cells])
    return line.getvalue()


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a broker's text for a formula; numbers stay numbers."""
    if not cell.startswith(_FORMULA):
        return cell
    is_number = cell[1:].replace(".", "", 1).isdecimal() and cell[0] == "-"
    return cell if is_number else f"'{cell}"
