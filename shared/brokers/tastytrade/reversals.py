"""Reversals: a row that takes back another names it, and neither of both counts.

The row that is taken back says nothing of it, and may be older than what is read: it is taken from
the same page, or asked for by its id.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from shared.brokers.spec import Ask, BrokerAccount, Page, Request, Walk, Window
from shared.domain.errors import ContractBroken, RequestRejected

REVERSES = "reverses-id"  # of a raw row
# The fields of what is given instead of a raw row: it, and the row that it takes back, None where
# that is nowhere to be found.
REVERSAL, UNDONE = "reversal", "undone"


def with_what_they_undo(walk: Walk, one: Callable[[BrokerAccount, int], Request]) -> Walk:
    """Give each reversal together with the row that it takes back, and that one not by itself.

    Shape: `one` asks for a single row. A row on an earlier page was given as it was; what is given
    later is the newer word.
    """

    async def found_by_id(ask: Ask, account: BrokerAccount, row_id: int) -> Any:
        try:
            body = await ask(one(account, row_id))
        except RequestRejected as error:
            if error.status != 404:
                raise
            return None
        row = body.get("data") if isinstance(body, dict) else None
        if not isinstance(row, dict) or row.get("id") != row_id:
            raise ContractBroken(f"tastytrade: expected the transaction {row_id}")
        return row

    async def joined(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        async for page in walk(ask, account, window):
            known: dict[int, Any] = by_id(page.rows)
            for row_id in filter(None, map(_reversed_id, page.rows)):
                if row_id not in known:
                    known[row_id] = await found_by_id(ask, account, row_id)
            yield replace(page, rows=paired(page.rows, known))

    return joined


def by_id(rows: Iterable[Any]) -> dict[int, Any]:
    """Index rows by their ids; what has none is left out."""
    return {raw["id"]: raw for raw in rows if isinstance(raw, dict) and type(raw.get("id")) is int}


def paired(rows: Iterable[Any], known: Mapping[int, Any]) -> list[Any]:
    """Put each reversal beside the row that it takes back, if that is known, and in its place."""
    given, left = list(rows), []
    undone = {row_id for raw in given if (row_id := _reversed_id(raw)) is not None}
    for raw in given:
        row_id = _reversed_id(raw)
        if row_id is not None and row_id in known:
            left.append({REVERSAL: raw, UNDONE: known[row_id]})
        elif not (isinstance(raw, dict) and type(raw.get("id")) is int and raw["id"] in undone):
            left.append(raw)
    return left


def _reversed_id(raw: Any) -> int | None:
    """Tell which row a row takes back; whatever else stands there is left to the parser."""
    found = raw.get(REVERSES) if isinstance(raw, dict) else None
    return found if type(found) is int else None
