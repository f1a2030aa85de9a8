"""The execution log: what is kept of a row, and how one more sighting of it is merged.

Merging is commutative: the head is the content with the highest observation number, whatever the
order of arrival, and every other content that was seen is in the row's history.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from shared.domain.execution import AccountEvent, Execution, Observation
from shared.domain.ids import AccountKey, ConnectionId, RowKey
from shared.domain.messages import ExecutionsObserved
from shared.domain.row_body import body_hash, occurred_at, read_row
from shared.domain.time import to_micros
from shared.ports import Body, Document

NO_ROOT = ""  # the root of rows that belong to no instrument: a day's fees, cash
_RUN_DIGITS = 12  # Observation.sort_text begins with the run


class Outcome(StrEnum):
    """What a sighting was, compared with what was there."""

    NEW = "new"
    SAME = "same"
    REVISED = "revised"
    SUPERSEDED = "superseded"


class Sighting(NamedTuple):
    """One row as one page of one run showed it; `observation` sorts like its number."""

    key: RowKey
    body: Body  # the row as it is stored, and as `hash` was taken of it
    hash: str
    observation: str
    account_key: AccountKey
    connection_id: ConnectionId
    seen_us: int


class Merged(NamedTuple):
    """The outcome, the head as it is now, and a body for the history where one left the head.

    Shape: `head` is the very object that came in where nothing changed.
    """

    outcome: Outcome
    head: Body
    past: Body | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """The head of one row, read back."""

    key: RowKey
    account_key: AccountKey
    connection_id: ConnectionId
    hash: str
    version: int
    first_seen_us: int
    row: Execution | AccountEvent


def sightings(message: ExecutionsObserved) -> list[Sighting]:
    """Number the rows of a page."""
    seen_us = to_micros(message.observed_at)
    return [
        Sighting(
            observed.key,
            observed.row,
            body_hash(observed.row),
            Observation(message.run, message.page, place).sort_text(),
            message.account_key,
            message.connection_id,
            seen_us,
        )
        for place, observed in enumerate(message.rows)
    ]


def run_of(head: Body) -> int:
    """Name the run that saw a head's content last."""
    return int(head["observation"][:_RUN_DIGITS])


def root_of(row: Execution | AccountEvent) -> str:
    """Name what the row's position is kept by."""
    return row.root or NO_ROOT


def read_entry(document: Document) -> LogEntry:
    """Read a head back as the row that it holds."""
    body = document.body
    return LogEntry(
        key=RowKey(document.key.id),
        account_key=body["account_key"],
        connection_id=body["connection_id"],
        hash=body["hash"],
        version=body["version"],
        first_seen_us=body["first_seen_us"],
        row=read_row(body["body"]),
    )


def merge(head: Body | None, seen: Sighting, *, unsettled_run: int) -> Merged:
    """Merge one sighting into a row.

    Shape: `unsettled_run` is the newest run, up to the sighting's own, of which lower-numbered
    pages may still be under way. A head seen after it needs no new number when the same content is
    seen again, since nothing that differs can come in between: so rows that every overlapping
    window shows again cost a read and no write.
    """
    if head is None:
        return Merged(Outcome.NEW, _head(seen, version=1, first_seen_us=seen.seen_us))
    newer = seen.observation > head["observation"]
    if seen.hash == head["hash"]:
        if newer and run_of(head) <= unsettled_run:
            return Merged(Outcome.SAME, {**head, "observation": seen.observation})
        return Merged(Outcome.SAME, head)
    version = head["version"] + 1
    if newer:
        past = {name: head[name] for name in ("observation", "hash", "connection_id", "body")}
        revised = _head(seen, version=version, first_seen_us=head["first_seen_us"])
        return Merged(Outcome.REVISED, revised, past)
    return Merged(Outcome.SUPERSEDED, {**head, "version": version}, _past(seen))


def _past(seen: Sighting) -> dict[str, Any]:
    return {
        "observation": seen.observation,
        "hash": seen.hash,
        "connection_id": seen.connection_id,
        "body": seen.body,
    }


def _head(seen: Sighting, *, version: int, first_seen_us: int) -> dict[str, Any]:
    return {
        **_past(seen),
        "account_key": seen.account_key,
        "kind": seen.body["kind"],
        "root": seen.body["root"] or NO_ROOT,
        "at_us": to_micros(occurred_at(seen.body)),
        "version": version,
        "first_seen_us": first_seen_us,
    }
