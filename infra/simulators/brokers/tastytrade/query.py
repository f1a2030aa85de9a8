"""The parameters of tastytrade's transaction routes, and what tastytrade refuses."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from infra.simulators.brokers.tastytrade.account import Booked
from infra.simulators.brokers.wire import answer
from infra.simulators.brokers.world import Refused

_MOST_ROWS, _USUAL_ROWS = 2000, 250
_EQUAL = {
    "type": "transaction-type",
    "types[]": "transaction-type",
    "sub-type[]": "transaction-sub-type",
    "symbol": "symbol",
    "underlying-symbol": "underlying-symbol",
    "instrument-type": "instrument-type",
    "action": "action",
}


def refused(status: int, code: str | int, message: str, **more: Any) -> Refused:
    """Refuse as tastytrade's API does."""
    return Refused(answer({"error": {"code": code, "message": message, **more}}, status))


def invalid(name: str, reason: str = "does not have a valid value") -> Refused:
    """Say that a parameter is wrong."""
    errors = [{"domain": name, "reason": reason}]
    return refused(400, "validation_error", "Request validation failed", errors=errors)


def page_of(
    rows: Sequence[Booked], query: Mapping[str, str], *, inclusive: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Filter, sort and cut; give the rows of one page and what is told about all pages.

    Raises: Refused.
    """
    found = [row for row in rows if _fits(row, query) and _in_time(row, query, inclusive=inclusive)]
    match query.get("sort", "Desc"):
        case "Desc":
            found.reverse()
        case "Asc":
            pass
        case _:
            raise invalid("sort")
    size, number = _whole(query, "per-page", _USUAL_ROWS), _whole(query, "page-offset", 0)
    if not 1 <= size <= _MOST_ROWS:
        raise invalid("per-page")
    page = found[number * size : (number + 1) * size]
    told = {
        "per-page": size,
        "page-offset": number,
        "item-offset": number * size,
        "total-items": len(found),
        "total-pages": -(-len(found) // size),
        "current-item-count": len(page),
        "previous-link": None,
        "next-link": None,
        "paging-link-template": None,
    }
    return [row.body for row in page], told


def _fits(row: Booked, query: Mapping[str, str]) -> bool:
    if "type" in query and "types[]" in query:
        raise invalid("types", "are mutually exclusive")
    return all(
        row.body.get(field) == query[name] for name, field in _EQUAL.items() if name in query
    )


def _in_time(row: Booked, query: Mapping[str, str], *, inclusive: bool) -> bool:
    since, until = (_moment(query, name) for name in ("start-at", "end-at"))
    first, last = (_day(query, name) for name in ("start-date", "end-date"))
    if (since or until) and (first or last):
        raise invalid("start-date", "cannot be combined with start-at")
    day = date.fromisoformat(row.body["transaction-date"])
    if inclusive and row.at in (since, until):
        return True
    return (
        (since is None or since < row.at)
        and (until is None or row.at < until)
        and (first is None or first <= day)
        and (last is None or day <= last)
    )


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    """Read a time: with a T or a space, with a zone or, as in the documents' example, without."""
    if name not in query:
        return None
    try:
        at = datetime.fromisoformat(query[name])
    except ValueError:
        raise invalid(name) from None
    return at.replace(tzinfo=at.tzinfo or UTC)


def _day(query: Mapping[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(query[name]) if name in query else None
    except ValueError:
        raise invalid(name) from None


def _whole(query: Mapping[str, str], name: str, usual: int) -> int:
    value = query.get(name, str(usual))
    if not value.isdecimal():
        raise invalid(name)
    return int(value)
