"""What a broker is to the engine: a value of addresses, limits and pure functions.

A broker module makes one BrokerSpec; nothing subclasses anything. The engine (client, journal/sync)
knows no broker by name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from shared.domain.execution import AccountEvent, AssetClass, Execution

Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """The account behind a login; `cash` in `currency` as the broker counts it."""

    account_id: str
    number: str
    currency: str
    cash: Decimal


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """One line of the broker's own positions.

    Units: `quantity` signed; `average_price` per unit by the broker's own method.
    """

    symbol: str
    root: str
    quantity: Decimal
    average_price: Decimal | None
    asset_class: AssetClass


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of history to read; both ends belong to it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A normalized row with the fields that make it the same row at every sighting."""

    identity: tuple[str, ...]
    row: Execution | AccountEvent


@dataclass(frozen=True, slots=True)
class FillProgress:
    """What one fill says about its order, for finding fills that an answer left out.

    Units: `quantity` of this fill; `cumulative` and `leaves` of the order after it.
    """

    order_id: str
    fill_id: str
    quantity: Decimal
    cumulative: Decimal
    leaves: Decimal


@dataclass(frozen=True, slots=True)
class AuthScheme:
    """How a login is shown to the broker.

    Shape: `fields` names the credentials that the user gives; `headers` turns them into headers.
    """

    fields: tuple[str, ...]
    headers: Callable[[Mapping[str, str]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class HistoryEndpoint:
    """One history that is walked by time window, page after page, oldest first.

    Shape: `rows` finds the list in a body (ContractBroken when there is none); `next_params` gives
    the next page's parameters or None after the last; `parse` raises UnparseableRow and nothing
    else; `booked_at` tells when the broker created a row, None when the row does not say;
    `booked_on` the day that it belongs to; `progress` None for rows that are no fills.
    """

    name: str
    path: str
    first_params: Callable[[Window], Params]
    next_params: Callable[[Params, Sequence[Any]], Params | None]
    rows: Callable[[Any], list[Any]]
    parse: Callable[[Any, BrokerAccount], ParsedRow]
    booked_at: Callable[[Any], datetime | None]
    booked_on: Callable[[Any], date | None]
    progress: Callable[[Any], FillProgress | None]
    order_params: Callable[[str], Params]  # all fills of one order


@dataclass(frozen=True, slots=True)
class BrokerSpec:
    """Everything that the engine must know of one broker.

    Units: `overlap` is read again before the cursor at every run (late and back-dated rows);
    `first_window` is the depth of the first run; `zone` is where the broker's trading days are.
    """

    name: str
    title: str  # as people write it
    hosts: Mapping[str, str]  # environment -> base URL
    auth: Mapping[str, AuthScheme]
    account_path: str
    read_account: Callable[[Any], BrokerAccount]
    positions_path: str
    read_positions: Callable[[Any], tuple[HeldPosition, ...]]
    history: tuple[HistoryEndpoint, ...]
    overlap: timedelta
    first_window: timedelta
    zone: ZoneInfo
    reset_header: str  # epoch seconds at which a rate limit ends
