"""Fields that Kraken's trades and entries of the ledger share, and what an answer holds.

The answers have objects by id, newest first, and no order is relied on. A raw row of ours is
{"txid", "trade"}, {"id", "ledger"} or, of an instant purchase, {"refid", "instant": [..]}.
Source: docs.kraken.com (TradesHistory, Ledgers; read 2026-11).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from shared.brokers.rows import fields_of
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.money import parse_decimal
from shared.domain.time import from_micros

Row = dict[str, Any]

INSTANT = ("spend", "receive")
_FIRST_S, _LAST_S = 1_293_840_000, 4_102_444_800  # 2011, when Kraken began, and 2100
_MICROS = 1_000_000


def instant_of(row: Row) -> datetime:
    """Read `time`: seconds since 1970, as a number with up to seven decimals, cut to microseconds.

    Raises: UnparseableRow.
    """
    at_s = parse_decimal(row.get("time"), "time")  # a text in what was kept raw
    if not _FIRST_S <= at_s < _LAST_S:
        raise UnparseableRow(f"time: expected seconds since 2011, found {row['time']!r}")
    return from_micros(int(at_s * _MICROS))


def cost_of(entry: Row) -> Decimal:
    """Read the fee of an entry of the ledger, which is never a rebate.

    Raises: UnparseableRow.
    """
    cost = parse_decimal(entry.get("fee"), "fee")
    if cost < 0:
        raise UnparseableRow(f"fee: expected none below 0, found {cost}")
    return cost


def entries_of(row: Row, field: str) -> list[Row]:
    """Take the entries of the ledger that a composed row holds, without their ids.

    Raises: UnparseableRow.
    """
    found = row.get(field, [])
    if not isinstance(found, list):
        raise UnparseableRow(f"{field}: expected a list, found {type(found).__name__}")
    return [fields_of(fields_of(entry).get("ledger")) for entry in found]


def result_of(body: Any) -> Row:
    """Take the result of an answer.

    Raises: ContractBroken.
    """
    found = body.get("result") if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise ContractBroken("Kraken: expected a result")
    return found


def total_of(body: Any) -> int:
    """Read how many rows all pages have.

    Raises: ContractBroken.
    """
    count = result_of(body).get("count")
    if type(count) is not int or count < 0:
        raise ContractBroken("Kraken: the answer does not say how many rows there are")
    return count


def trades_in(body: Any) -> list[Any]:
    """List the trades of an answer, each with its id.

    Raises: ContractBroken.
    """
    return [{"txid": txid, "trade": row} for txid, row in _object(body, "trades")]


def entries_in(body: Any) -> list[Any]:
    """List the entries of the ledger in an answer, each with its id.

    Raises: ContractBroken.
    """
    return [{"id": entry_id, "ledger": row} for entry_id, row in _object(body, "ledger")]


def rows_of(body: Any) -> list[Any]:
    """List the rows of a whole answer of either kind, instant purchases in one piece.

    Raises: ContractBroken.
    """
    if "ledger" in result_of(body):
        return list(in_one_piece(entries_in(body)))
    return trades_in(body)


def _object(body: Any, name: str) -> Iterator[tuple[str, Any]]:
    found = result_of(body).get(name)
    if not isinstance(found, dict):
        raise ContractBroken(f"Kraken: expected an object of {name}")
    yield from found.items()


def in_one_piece(entries: Iterable[Row]) -> Iterator[Row]:
    """Give entries, those of one instant purchase together; they share `refid` and time."""
    purchases: dict[str, list[Row]] = {}
    for entry in entries:
        refid = text_in(entry["ledger"], "refid")
        if refid and text_in(entry["ledger"], "type") in INSTANT:
            purchases.setdefault(refid, []).append(entry)
        else:
            yield entry
    for refid, parts in purchases.items():
        yield {"refid": refid, "instant": sorted(parts, key=lambda part: str(part["id"]))}


def text_in(row: Any, field: str) -> str:
    """Take a text where there is one, of a row that may be spoiled; else an empty one."""
    found = row.get(field) if isinstance(row, dict) else None
    return found if isinstance(found, str) else ""


def booked_at(raw: Any) -> datetime | None:
    """Tell when a raw row was booked."""
    try:
        row = fields_of(raw)
        if isinstance(parts := row.get("instant"), list) and parts:
            row = fields_of(parts[0])
        return instant_of(fields_of(row.get("trade", row.get("ledger"))))
    except UnparseableRow:
        return None


def booked_on(raw: Any) -> date | None:
    """Tell the day of a raw row: that of UTC."""
    at = booked_at(raw)
    return at.astimezone(UTC).date() if at else None
