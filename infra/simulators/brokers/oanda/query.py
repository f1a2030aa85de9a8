"""The parameters of OANDA's transaction routes, and what OANDA refuses."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from infra.simulators.brokers.oanda.account import Transaction
from infra.simulators.brokers.wire import answer
from infra.simulators.brokers.world import Refused
from shared.domain.time import parse_instant

_LONGEST = timedelta(days=365)
_KIND = re.compile("[A-Z_]+")


def refused(status: int, message: str, code: str | None = None) -> Refused:
    """Refuse as OANDA does."""
    body = {"errorMessage": message} | ({"errorCode": code} if code else {})
    return Refused(answer(body, status))


def invalid(name: str) -> Refused:
    """Say that a parameter is wrong, as OANDA does."""
    return refused(400, f"Invalid value specified for '{name}'")


def out_of_range() -> Refused:
    """Say that there are no such transactions."""
    return refused(416, "The provided transaction range is invalid")


def window(
    query: Mapping[str, str], opened_at: datetime, now: datetime
) -> tuple[datetime, datetime]:
    """Read from and to, both inclusive; the whole life of the account by default.

    Raises: Refused, also for more than 365 days.
    """
    since, until = _moment(query, "from", opened_at), _moment(query, "to", now)
    if until < since:
        raise invalid("to")
    if until - since > _LONGEST:
        raise invalid("from")
    return since, until


def _moment(query: Mapping[str, str], name: str, default: datetime) -> datetime:
    try:
        return parse_instant(query[name]) if name in query else default
    except ValueError:
        raise invalid(name) from None


def page_size(query: Mapping[str, str]) -> int:
    """Read how many ids a page spans.

    Raises: Refused.
    """
    size = number(query, "pageSize") if "pageSize" in query else 100
    if not 1 <= size <= 1000:
        raise invalid("pageSize")
    return size


def number(query: Mapping[str, str], name: str) -> int:
    """Read a transaction id.

    Raises: Refused.
    """
    text = query.get(name, "")
    if not (text.isascii() and text.isdecimal()):
        raise invalid(name)
    return int(text)


def filtered(rows: Sequence[Transaction], query: Mapping[str, str]) -> list[Transaction]:
    """Keep the types that are asked for; a filter is one text with commas.

    Raises: Refused for anything else, such as a list that a client wrote as its language does.
    """
    text = query.get("type", "")
    kinds = text.split(",") if text else []
    if not all(_KIND.fullmatch(kind) for kind in kinds):
        raise invalid("type")
    return [row for row in rows if not kinds or row.body["type"] in kinds]


def spans(rows: Sequence[Transaction], size: int) -> list[tuple[int, int]]:
    """Cut the ids between the first and the last row into stretches of one size.

    Stretches count ids, not rows: with a filter some hold nothing, and more follow.
    """
    if not rows:
        return []
    first, last = min(r.number for r in rows), max(r.number for r in rows)
    return [(low, min(low + size - 1, last)) for low in range(first, last + 1, size)]


def bodies(rows: Sequence[Transaction]) -> list[dict[str, Any]]:
    """Render rows, by id."""
    return [row.body for row in rows]
