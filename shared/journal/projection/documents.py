"""Documents that follow from the log: how they are addressed, rendered and read back."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from shared.domain.ids import AccountKey, RowKey, UserId, content_key
from shared.domain.journal.ledger import Ledger
from shared.domain.journal.performance import DayFigures
from shared.domain.journal.position import Position
from shared.domain.journal.trips.round_trip import RoundTrip
from shared.domain.time import to_micros
from shared.journal.storing.log import LogEntry, read_entry
from shared.ports import Body, Documents, Key, Query
from shared.scanning import every


def gate_key(user_id: UserId, account_key: AccountKey, root: str) -> Key:
    """Address the position document of a root, through which all its projections are written."""
    return Key("positions", (user_id, content_key("position", account_key, root)))


def gate_body(account_key: AccountKey, ledger: Ledger, basis: str, digest: str) -> dict[str, Any]:
    """Render the position document.

    Shape: `holdings` one entry a symbol and currency, empty when flat; `log_version` digests the
    log that this and the root's trips and days show, `basis` what they follow from besides it;
    `unapplied` counts what could not be applied, `flags` tells of the first of it.
    """
    return {
        "account_key": account_key,
        "root": ledger.root,
        "basis": basis,
        "log_version": digest,
        "holdings": [position.model_dump(mode="json") for position in ledger.positions()],
        "unapplied": ledger.flags.count,
        "flags": [{"key": flag.key, "reason": flag.reason} for flag in ledger.flags.first],
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


def trip_key(user_id: UserId, account_key: AccountKey, root: str, key: RowKey) -> Key:
    """Address a round trip by what opened it."""
    # the root is in it: a correction may move the opening row, and the builds of both roots meet
    return Key("round_trips", (user_id, content_key("trip", account_key, root, key)))


def trip_body(account_key: AccountKey, trip: RoundTrip) -> dict[str, Any]:
    """Render a round trip."""
    return {
        **trip.model_dump(mode="json"),
        "account_key": account_key,
        "opened_us": to_micros(trip.opened_at),
        "closed_us": None if trip.closed_at is None else to_micros(trip.closed_at),
    }


def day_key(user_id: UserId, account_key: AccountKey, day: date) -> Key:
    """Address a day of an account."""
    return Key("daily", (user_id, f"{account_key}-{day.isoformat()}"))


def day_body(account_key: AccountKey, day: date, parts: Iterable[DayFigures]) -> dict[str, Any]:
    """Render a day of an account: the figures of each root and currency that has any."""
    ordered = sorted(parts, key=lambda part: (part.root, part.currency))
    return {
        "account_key": account_key,
        "day": day.isoformat(),
        "parts": [part.model_dump(mode="json") for part in ordered],
    }


def read_day(body: Body) -> tuple[DayFigures, ...]:
    """Read the figures of one day back, one entry a root and currency."""
    return tuple(DayFigures.model_validate(part) for part in body["parts"])
