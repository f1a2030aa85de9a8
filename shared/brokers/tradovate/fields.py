"""Fields of Tradovate's entities, and its answers: lists of them; an object is a refusal."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from shared.brokers.rows import fields_of, id_of, told
from shared.brokers.spec import BrokerAccount
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.execution import AssetClass
from shared.domain.journal.trading_day import trading_day
from shared.domain.time import parse_instant

Row = dict[str, Any]
CURRENCY = "USD"  # of every account and its balance (unverified: no row of an account names one)


def listed(body: Any) -> list[Any]:
    """Take the entities of an answer; an object is never "none of them".

    Raises: ContractBroken.
    """
    if not isinstance(body, list):
        raise ContractBroken(f"Tradovate: expected an array, found {type(body).__name__}")
    return body


def by_id(rows: Iterable[Any]) -> dict[int, Row]:
    """Index entities by their ids; what has none is left out."""
    return {row["id"]: row for row in rows if number_in(row, "id") is not None}


def number_in(row: Any, field: str) -> int | None:
    """Take an id or a count; None where there is none."""
    value = row.get(field) if isinstance(row, dict) else None
    return value if type(value) is int else None  # True is an int, but no id


def booked_at(raw: Any) -> datetime | None:
    """Tell when an entity was booked; None where it does not say."""
    return told(raw, "timestamp", parse_instant)


def trade_date(raw: Any) -> date | None:
    """Tell the session that an entity belongs to, by its own word or by its time."""
    told = raw.get("tradeDate") if isinstance(raw, dict) else None
    try:
        if isinstance(told, dict):
            return date(told["year"], told["month"], told["day"])
        at = booked_at(raw)
        return None if at is None else trading_day(AssetClass.FUTURE, at)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def read_accounts(body: Any) -> tuple[BrokerAccount, ...]:
    """Read the accounts behind a login, those that are closed or blown among them.

    Raises: ContractBroken.
    """
    try:
        return tuple(_account(fields_of(raw)) for raw in listed(body))
    except UnparseableRow as error:
        raise ContractBroken(f"Tradovate's accounts: {error}") from error


def _account(row: Row) -> BrokerAccount:
    name = row.get("name")
    number = name if isinstance(name, str) and name else id_of(row, "id")
    return BrokerAccount(id_of(row, "id"), number, CURRENCY)
