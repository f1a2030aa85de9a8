"""Invariants of the execution log: each row by itself, and what was observed of it before."""

from collections.abc import AsyncIterator, Iterator, Mapping

from pydantic import ValidationError

from shared.domain.ids import UserId, content_hash
from shared.domain.time import to_micros
from shared.journal.integrity.fault import Check, Fault
from shared.journal.storing.log import read_entry, root_of, run_of
from shared.ports import Body, Document, Documents, Query
from shared.scanning import every


async def log_faults(
    documents: Documents, user_id: UserId, last_runs: Mapping[str, int]
) -> AsyncIterator[Fault]:
    """Check every row of a user's log and its history; `last_runs` account key -> its counter.

    Raises: StoreUnavailable.
    """
    async for row in every(documents, Query("executions", (user_id,))):
        for fault in _row_faults(row, last_runs):
            yield fault
        if row.body["version"] > 1:
            async for fault in _history_faults(documents, row):
                yield fault


def _row_faults(row: Document, last_runs: Mapping[str, int]) -> Iterator[Fault]:
    body = row.body
    if content_hash(body["body"]) != body["hash"]:
        yield Fault(Check.HASHES, row.key, "the content is not what was hashed")
    try:
        entry = read_entry(row)
    except ValidationError as error:
        yield Fault(Check.HASHES, row.key, f"cannot be read: {error.error_count()} faults")
        return
    copies = {
        "root": root_of(entry.row),
        "kind": entry.row.kind,
        "at_us": to_micros(entry.row.occurred_at),
    }
    for name, value in copies.items():
        if body[name] != value:
            yield Fault(Check.KEYS, row.key, f"{name} is {body[name]!r}, the row says {value!r}")
    yield from _order_faults(row, last_runs)


def _order_faults(row: Document, last_runs: Mapping[str, int]) -> Iterator[Fault]:
    account, run = row.body["account_key"], run_of(row.body)
    if account not in last_runs:
        yield Fault(Check.REFERENCES, row.key, f"account {account} is not there")
    elif run > last_runs[account]:
        text = f"observed by run {run}, the counter is at {last_runs[account]}"
        yield Fault(Check.ORDER, row.key, text)


async def _history_faults(documents: Documents, row: Document) -> AsyncIterator[Fault]:
    count = 0
    async for older in every(documents, Query("history", row.key.path)):
        count += 1
        for fault in _past_faults(row.body, older):
            yield fault
    if count != row.body["version"] - 1:
        text = f"version {row.body['version']} has {count} older observations"
        yield Fault(Check.ORDER, row.key, text)


def _past_faults(head: Body, older: Document) -> Iterator[Fault]:
    if content_hash(older.body["body"]) != older.body["hash"]:
        yield Fault(Check.HASHES, older.key, "the content is not what was hashed")
    if older.key.id != older.body["observation"]:
        yield Fault(Check.KEYS, older.key, f"holds observation {older.body['observation']}")
    if older.body["observation"] >= head["observation"]:
        yield Fault(Check.ORDER, older.key, "is not older than the head")
