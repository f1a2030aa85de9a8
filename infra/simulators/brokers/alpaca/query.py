"""The parameters of GET /v2/account/activities, and what Alpaca refuses."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time

from infra.simulators.brokers.alpaca.account import Activity
from infra.simulators.brokers.wire import answer
from infra.simulators.brokers.world import Refused
from shared.domain.time import NEW_YORK, as_utc, parse_instant

_NON_TRADE = frozenset(
    (
        "FEE",
        "CFEE",
        "PTC",
        "PTR",
        "DIV",
        "DIVCGL",
        "DIVCGS",
        "DIVFEE",
        "DIVFT",
        "DIVNRA",
        "DIVROC",
        "DIVTW",
        "DIVTXEX",
        "INT",
        "INTNRA",
        "INTTW",
        "CSD",
        "CSW",
        "JNLC",
        "JNLS",
        "ACATC",
        "ACATS",
        "MA",
        "NC",
        "OPASN",
        "OPEXC",
        "OPEXP",
        "OPTRD",
        "SPIN",
        "SPLIT",
        "SSO",
        "SSP",
        "REORG",
    )
)


def refused(status: int, code: int, message: str) -> Refused:
    """Refuse as Alpaca does."""
    return Refused(answer({"code": code, "message": message}, status))


def invalid(message: str) -> Refused:
    """Say that a parameter is wrong, as Alpaca does."""
    return refused(422, 40010001, message)


def activity_filter(query: Mapping[str, str], kind: str) -> Callable[[Activity], bool]:
    """Read which rows are asked for; both ends of a window are exclusive.

    Raises: Refused.
    """
    wanted = _wanted_types(query, kind)
    after, until = (_moment(query, name) for name in ("after", "until"))
    day, order_id = query.get("date"), query.get("order_id")
    if day and (after or until):
        raise invalid("date cannot be combined with after or until")

    def matches(activity: Activity) -> bool:
        return (
            activity.body["activity_type"] in wanted
            and (after is None or activity.created_at > after)
            and (until is None or activity.created_at < until)
            and (not day or activity.created_at.date().isoformat() == day[:10])
            and (not order_id or activity.body.get("order_id") == order_id)
        )

    return matches


def is_descending(query: Mapping[str, str]) -> bool:
    """Read the direction; newest first is Alpaca's default.

    Raises: Refused.
    """
    return _choice(query, "direction", "desc", ("asc", "desc")) == "desc"


def _wanted_types(query: Mapping[str, str], kind: str) -> frozenset[str]:
    known = _NON_TRADE | {"FILL"}
    named = kind or query.get("activity_types", "")
    if kind and query.get("activity_types"):
        raise invalid("activity_types cannot be combined with a type in the path")
    if query.get("category"):
        if named:
            raise invalid("category cannot be combined with activity types")
        trades = _choice(query, "category", "", ("trade_activity", "non_trade_activity"))
        return frozenset({"FILL"}) if trades == "trade_activity" else _NON_TRADE
    types = frozenset(filter(None, named.split(",")))
    for unknown in sorted(types - known):
        raise invalid(f"invalid activity type: {unknown}")
    return types or known


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        if len(text) == len("2020-05-29"):
            return as_utc(datetime.combine(date.fromisoformat(text), time(), NEW_YORK))
        return parse_instant(text)
    except ValueError:
        raise invalid(f"failed to parse {name}") from None


def _choice(query: Mapping[str, str], name: str, default: str, known: Iterable[str]) -> str:
    value = query.get(name, default)
    if value not in known:
        raise invalid(f"invalid {name}: {value}")
    return value


def page_size(query: Mapping[str, str]) -> int:
    """Read how many rows a page may have.

    Raises: Refused.
    """
    text = query.get("page_size", "100")
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise invalid("page_size must be between 1 and 100")
    return int(text)
