"""Discrepancies: one document a symbol in which broker and journal differ, until they agree."""

from typing import Any

from shared.domain.ids import UserId, content_key
from shared.domain.time import to_micros
from shared.journal.reconciliation.comparison import Agreement, Line, Reconciliation
from shared.journal.scanning import every
from shared.ports import Create, Document, Documents, Key, Query, Update, Write


async def keep(documents: Documents, user_id: UserId, result: Reconciliation) -> None:
    """Store a result and bring the account's discrepancies in line with it, in one batch.

    Shape: an unknown result says nothing about discrepancies and leaves them as they are.
    Raises: Conflict when another writer was faster, StoreUnavailable.
    """
    key = Key("reconciliations", (user_id, result.account_key))
    (found,) = await documents.get_many([key])
    writes = [_put(key, found, result.model_dump(mode="json"))]
    if result.state is not Agreement.UNKNOWN:
        writes += await _discrepancy_writes(documents, user_id, result)
    await documents.commit(writes)


async def _discrepancy_writes(
    documents: Documents, user_id: UserId, result: Reconciliation
) -> list[Write]:
    where = {"account_key": result.account_key}
    query = Query("discrepancies", (user_id,), where=where, order_by="root")
    known = {found.key: found async for found in every(documents, query)}
    lines = {_key(user_id, result, line): line for line in result.differing}
    writes: list[Write] = []
    for key, line in lines.items():
        writes.append(_put(key, known.get(key), _open(result, line, known.get(key))))
    for key, found in known.items():
        if key not in lines and found.body["state"] == "open":
            over = {"state": "resolved", "resolved_us": to_micros(result.checked_at)}
            writes.append(Update(key, {**found.body, **over}, found.version))
    return writes


def _key(user_id: UserId, result: Reconciliation, line: Line) -> Key:
    content = content_key("discrepancy", result.account_key, line.symbol)
    return Key("discrepancies", (user_id, content))


def _open(result: Reconciliation, line: Line, found: Document | None) -> dict[str, Any]:
    now_us = to_micros(result.checked_at)
    again = found is not None and found.body["state"] == "open"
    return {
        **line.model_dump(mode="json"),
        "account_key": result.account_key,
        "state": "open",
        "since_us": found.body["since_us"] if found is not None and again else now_us,
        "seen_us": now_us,
        "run": result.run,
        "resolved_us": None,
    }


def _put(key: Key, found: Document | None, body: dict[str, Any]) -> Write:
    return Create(key, body) if found is None else Update(key, body, found.version)
