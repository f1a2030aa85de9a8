"""What a broker is to the engine: a value of addresses, limits and pure functions.

A broker module makes one BrokerSpec; nothing subclasses anything. The engine (client, journal/sync)
knows no broker by name. Ways of walking a history are in engine/paging.py, ways of logging in in
engine/auth.py.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from shared.brokers.accounts import BrokerAccount as BrokerAccount
from shared.brokers.accounts import HeldPosition as HeldPosition
from shared.brokers.accounts import Holdings as Holdings
from shared.brokers.alone import Alone as Alone
from shared.brokers.asking import Again as Again
from shared.brokers.asking import Ask as Ask
from shared.brokers.asking import Credentials as Credentials
from shared.brokers.asking import ErrorMap as ErrorMap
from shared.brokers.asking import Moment as Moment
from shared.brokers.asking import Params as Params
from shared.brokers.asking import Reply as Reply
from shared.brokers.asking import Request as Request
from shared.brokers.asking import Sign as Sign
from shared.brokers.engine.oauth import OAuth
from shared.brokers.engine.streaming import Stream
from shared.brokers.gives import Gives
from shared.brokers.limits import RateLimit as RateLimit
from shared.brokers.limits import Scope as Scope
from shared.brokers.logins import AuthScheme as AuthScheme
from shared.brokers.logins import LogIn as LogIn
from shared.brokers.logins import Renewal as Renewal
from shared.domain.execution import AccountEvent, Execution
from shared.domain.money import loads_exact
from shared.domain.sync.schedule import QUARTERLY, Schedule


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of history to read; both ends belong to it.

    Shape: `mark` is the newest of the broker's own ids known to be complete, where the history is
    walked by id; None at first and whenever a stretch is to be read by its times. `now` is when it
    is walked: a window may lie in the past.
    """

    since: datetime
    until: datetime
    mark: str | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A normalized row with the fields that make it the same row at every sighting."""

    identity: tuple[str, ...]
    row: Execution | AccountEvent


@dataclass(frozen=True, slots=True)
class Ignored:
    """A row that is left out on purpose: it changes neither position nor cash.

    Shape: `reason` names the kind of row, for counting ("LIMIT_ORDER", "order without a fill").
    """

    reason: str


# What one raw row comes to: one row of the log, several (legs), or none on purpose.
Parsed = ParsedRow | tuple[ParsedRow, ...] | Ignored


@dataclass(frozen=True, slots=True)
class Lost:
    """A stretch of a history of which the broker tells nothing any more; its days stay gaps.

    Shape: `reason` is shown to the user: why, and what helps.
    """

    since: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some raw rows of a history.

    Shape: every row of the window up to `complete_until` has been given with this page or before,
    None when that cannot be said before the walk ends (newest first); `mark` as in Window. `ends`
    tells that the broker has booked no further than `complete_until` yet: the rest of the window
    belongs to a later run. `lost`
    comes before the first page that calls a part of it complete.
    """

    rows: Sequence[Any]
    complete_until: datetime | None = None
    mark: str | None = None
    ends: bool = False
    lost: tuple[Lost, ...] = ()


# Walks one account's history over a window: a strategy of engine/paging.py, or several together.
Walk = Callable[[Ask, BrokerAccount, Window], AsyncIterator[Page]]


class FillProgress(NamedTuple):  # of a tuple's speed, as each fill has one
    """What one fill says about its order, for finding fills that an answer left out.

    Units: `quantity` of this fill; `cumulative` and `leaves` of the order after it.
    """

    order_id: str
    fill_id: str
    quantity: Decimal
    cumulative: Decimal
    leaves: Decimal


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """How fills that paging left out are found: each order must add up, or is read again.

    Shape: `progress` is None for rows that are no fills; `walk` gives all fills of one order.
    """

    progress: Callable[[Any], FillProgress | None]
    walk: Callable[[str], Walk]


@dataclass(frozen=True, slots=True)
class HistoryEndpoint:
    """One history of an account.

    Shape: `parse` raises UnparseableRow and nothing else; `booked_on` tells the trading day of a
    raw row, None when the row does not say; `rows` finds the list in a whole answer (ContractBroken
    when it is none); `account_field` names a row's account, "" where rows do not say. Where a row
    comes in two histories (closed orders, open orders), the later history is the newer word.
    `resumes`: a walk that was cut goes on from its mark, which stands for no time; `forgets`: that
    mark means nothing any more once a window was read whole. `alone` reads a saved row that was
    not joined, None where there is nothing to join; it raises UnparseableRow.
    """

    name: str
    walk: Walk
    parse: Callable[[Any, BrokerAccount], Parsed]
    booked_on: Callable[[Any], date | None]
    rows: Callable[[Any], list[Any]]
    account_field: str = ""
    check: OrderCheck | None = None
    resumes: bool = False
    forgets: bool = False
    alone: Callable[[Any, BrokerAccount], Alone | None] = lambda _, __: None


# Asks what else a login reaches, beyond the accounts of its first answer; gives the whole list.
Further = Callable[[Ask, Sequence[BrokerAccount]], Awaitable[Sequence[BrokerAccount]]]


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file that the user can download from the broker: rows of a history by another way.

    Shape: `decode` reads the file (ValueError where it is none); the other fields are those of a
    HistoryEndpoint, and rows have the identity that they have in the history.
    """

    name: str
    decode: Callable[[bytes], Any]
    parse: Callable[[Any, BrokerAccount], Parsed]
    booked_on: Callable[[Any], date | None]
    rows: Callable[[Any], list[Any]]
    account_field: str = ""


@dataclass(frozen=True, slots=True)
class AccountsEndpoint:
    """How the accounts behind a login are listed.

    Shape: `read` raises ContractBroken; `detail` completes one listed account (its currency) by a
    request of its own. What that request is refused for concerns this account alone. `named_by` is
    the credential whose digest names the account where the broker tells no id of it; `further`
    asks where one answer does not list them all.
    """

    request: Request
    read: Callable[[Any], Sequence[BrokerAccount]]
    detail: "AccountDetail | None" = None
    named_by: str = ""
    further: Further | None = None


@dataclass(frozen=True, slots=True)
class AccountDetail:
    """One more request an account, and what its answer adds; `read` raises ContractBroken."""

    request: Callable[[BrokerAccount], Request]
    read: Callable[[Any, BrokerAccount], BrokerAccount]


@dataclass(frozen=True, slots=True)
class HoldingsEndpoint:
    """How cash and positions of an account are read.

    Shape: `read` gets the bodies in the order of `requests`; it raises ContractBroken, and gives
    None where they do not say what is held, which is not the same as nothing. `settled` tells that
    they are of one piece with the history, so that no fill can have come in between; `compares` has
    them read before the history too, where that is cheaper than the history: what is the same after
    it has not moved. `look_up` asks what these answers name by id only; what it gives comes after
    them in `read`. `cash_adds_up` tells that cash moves by exactly what the rows say;
    `pooled` that coins are told by asset, whatever they were bought with.
    """

    requests: Callable[[BrokerAccount], Sequence[Request]]
    read: Callable[[Sequence[Any], BrokerAccount], Holdings | None]
    settled: bool = False
    compares: bool = False
    cash_adds_up: bool = False
    pooled: bool = False
    look_up: Callable[[Ask, BrokerAccount, Sequence[Any]], Awaitable[Sequence[Any]]] | None = None


@dataclass(frozen=True, slots=True)
class TimeEndpoint:
    """How the broker tells its clock; `read` raises ContractBroken."""

    request: Request
    read: Callable[[Any], datetime]


@dataclass(frozen=True, slots=True)
class BrokerSpec:
    """Everything that the engine must know of one broker.

    Shape: `hosts` environment -> base URL; `gives` is for people who compare; `headers` go with
    every request; `notices` is what the user must be told when connecting; `oauth` is how he
    consents in the browser, if he can; `stream` is how the broker says that there is news.
    `decode` reads a body and raises ValueError where it is none; `time` is asked where signatures
    need the broker's clock; `more_limits` hold beside `limit`; `doors` environment -> name -> base
    URL, where a broker has more than one host; `home` is the host that a login has told for its
    environment, "" for that of `hosts`; `whoami` is a question that every login may put: where it
    is answered, a refusal was one of a permission. `files` can be uploaded.
    Units: `largest_answer` bytes; `overlap` is read again before the cursor at every run (late and
    back-dated rows); `schedule` is when it is asked; `first_window` is the depth of the first run;
    `zone` is where the broker's trading days are;
    `history_limit` is how far back the broker answers, None for the account's whole life.
    """

    name: str
    title: str  # as people write it
    hosts: Mapping[str, str]
    auth: Mapping[str, AuthScheme]
    accounts: AccountsEndpoint
    history: tuple[HistoryEndpoint, ...]
    holdings: HoldingsEndpoint
    overlap: timedelta
    first_window: timedelta
    zone: ZoneInfo
    limit: RateLimit
    gives: Gives
    errors: ErrorMap = lambda _: None
    decode: Callable[[bytes], Any] = loads_exact
    largest_answer: int = 16_000_000  # Schwab's 3,000 transactions have about 5 MB
    time: TimeEndpoint | None = None
    more_limits: tuple[RateLimit, ...] = ()
    doors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    history_limit: timedelta | None = None
    schedule: Schedule = QUARTERLY
    headers: Params = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    oauth: OAuth | None = None
    home: Callable[[Credentials, str], str] = lambda _, __: ""
    whoami: Request | None = None
    files: tuple[ReportFile, ...] = ()
    stream: Stream | None = None
