"""Documents that follow from the log: how they are addressed, written, compared and read back."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from shared.domain.ids import AccountKey, UserId, content_key
from shared.domain.journal.book import Book
from shared.domain.journal.performance import DayFigures
from shared.domain.journal.position import Position
from shared.domain.journal.round_trip import RoundTrip
from shared.domain.time import to_micros
from shared.journal.log import LogEntry, read_entry
from shared.journal.scanning import every
from shared.ports import Body, Create, Delete, Document, Documents, Key, Query, Update, Write


def gate_key(user_id: UserId, account_key: AccountKey, root: str) -> Key:
    """Address the position document of a root, through which all its projections are written."""
    return Key("positions", (user_id, content_key("position", account_key, root)))


def gate_body(account_key: AccountKey, root: str, book: Book, log_version: str) -> dict[str, Any]:
    """Render the position document.

    Shape: `holdings` one entry a symbol and currency, empty when flat; `log_version` digests the
    log that this and the root's trips and days show; `unapplied` counts what could not be applied,
    `flags` tells of the first of it.
    """
    return {
        "account_key": account_key,
        "root": root,
        "log_version": log_version,
        "holdings": [position.model_dump(mode="json") for position in book.positions],
        "unapplied": book.unapplied,
        "flags": [{"key": flag.key, "reason": flag.reason} for flag in book.flags],
    }


def read_holdings(body: Body) -> tuple[Position, ...]:
    """Read the open positions of a root back."""
    return tuple(Position.model_validate(holding) for holding in body["holdings"])


async def read_log(
    documents: Documents, user_id: UserId, account_key: AccountKey, root: str
) -> list[LogEntry]:
    """Read the log of one root, ordered by (instant, key)."""
    where = {"account_key": account_key, "root": root}
    query = Query("executions", (user_id,), where=where, order_by="at_us")
    return [read_entry(document) async for document in every(documents, query)]


async def read_trips(
    documents: Documents, user_id: UserId, account_key: AccountKey, root: str
) -> list[Document]:
    """Read the stored round trips of one root."""
    where = {"account_key": account_key, "root": root}
    query = Query("round_trips", (user_id,), where=where, order_by="opened_us")
    return [document async for document in every(documents, query)]


async def read_days(
    documents: Documents, user_id: UserId, account_key: AccountKey
) -> list[Document]:
    """Read the stored days of one account."""
    query = Query("daily", (user_id,), where={"account_key": account_key}, order_by="day")
    return [document async for document in every(documents, query)]


def trip_writes(
    user_id: UserId, account_key: AccountKey, book: Book, kept: Sequence[Document]
) -> Iterator[Write]:
    """Yield what turns the stored trips of a root into those of the book."""
    wanted = {
        _trip_key(user_id, account_key, trip): {
            **trip.model_dump(mode="json"),
            "account_key": account_key,
            "opened_us": to_micros(trip.opened_at),
            "closed_us": None if trip.closed_at is None else to_micros(trip.closed_at),
        }
        for trip in book.trips
    }
    yield from _difference(wanted, {document.key: document for document in kept})


def _trip_key(user_id: UserId, account_key: AccountKey, trip: RoundTrip) -> Key:
    # the root is in it: a correction may move the opening row, and the builds of both roots meet
    return Key("round_trips", (user_id, content_key("trip", account_key, trip.root, trip.key)))


def day_writes(
    user_id: UserId, account_key: AccountKey, root: str, book: Book, kept: Sequence[Document]
) -> Iterator[Write]:
    """Yield what puts the book's figures for a root into the account's days, others untouched."""
    stored = {document.key: document for document in kept}
    parts: defaultdict[Key, list[DayFigures]] = defaultdict(list)
    for document in kept:
        others = [part for part in read_day(document.body) if part.root != root]
        parts[document.key].extend(others)
    for figures in book.days:
        parts[_day_key(user_id, account_key, figures.day)].append(figures)
    wanted = {key: _day_body(account_key, several) for key, several in parts.items() if several}
    yield from _difference(wanted, stored)


def read_day(body: Body) -> tuple[DayFigures, ...]:
    """Read the figures of one day back, one entry a root and currency."""
    return tuple(DayFigures.model_validate(part) for part in body["parts"])


def _day_key(user_id: UserId, account_key: AccountKey, day: date) -> Key:
    return Key("daily", (user_id, f"{account_key}-{day.isoformat()}"))


def _day_body(account_key: AccountKey, parts: list[DayFigures]) -> dict[str, Any]:
    ordered = sorted(parts, key=lambda part: (part.root, part.currency))
    return {
        "account_key": account_key,
        "day": ordered[0].day.isoformat(),
        "parts": [part.model_dump(mode="json") for part in ordered],
    }


def _difference(wanted: Mapping[Key, Body], kept: Mapping[Key, Document]) -> Iterator[Write]:
    for key, body in wanted.items():
        found = kept.get(key)
        if found is None:
            yield Create(key, body)
        elif dict(found.body) != body:
            yield Update(key, body, found.version)
    for key, found in kept.items():
        if key not in wanted:
            yield Delete(key, found.version)
