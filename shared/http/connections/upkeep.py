"""Upkeep over HTTP: sync now, a connection's history, days read again, unread rows once more."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict

from shared.domain.errors import InvalidInput
from shared.domain.futures.rolls import Half, Roll
from shared.domain.ids import AccountKey, ConnectionId, RowKey, UserId
from shared.domain.messages import SyncRequested
from shared.domain.money import decimal_text
from shared.domain.sync.connection import ConnectionState, Health, PastHealth
from shared.domain.sync.service_level import imbalance
from shared.domain.time import Instant
from shared.http.identity import Identify
from shared.http.journal.app import Items
from shared.journal.connect.connections import Connections
from shared.journal.queries import JournalQueries
from shared.journal.storing.log import Outcome
from shared.journal.upkeep.difference import Difference
from shared.journal.upkeep.history import read_history
from shared.journal.upkeep.replay import Fate, Replay, Replayed
from shared.journal.upkeep.resync import Resync
from shared.ports import MessageBus, Outgoing

_MOST_DAYS = 31  # of one request: its answer is waited for
_RESTING = (ConnectionState.PAUSED, ConnectionState.NEEDS_REAUTH)


@dataclass(frozen=True, slots=True)
class UpkeepDesk:
    """The use cases behind the routes."""

    connections: Connections
    queries: JournalQueries
    bus: MessageBus
    replay: Replay
    resync: Resync


class History(BaseModel):
    """How a connection is and was, oldest first, and its accounts' runs, newest first."""

    health: Health
    past: tuple[PastHealth, ...]
    runs: list[dict[str, Any]]


class ReplayedView(BaseModel):
    """What became of one row that could not be read."""

    entry_id: str
    fate: Fate
    reason: str


class Days(BaseModel):
    """Which days to read again, both included; 31 at most."""

    model_config = ConfigDict(extra="forbid")

    first: date
    last: date


class DayDifference(BaseModel):
    """What the broker says now of one day, beside what the journal said."""

    day: date
    new: int
    revised: int
    same: int


class ResyncedView(BaseModel):
    """What a range came to; the broker's history may have cut it short."""

    since: Instant
    until: Instant
    runs: tuple[int, ...]
    unread: int
    days: list[DayDifference]


class RollHalf(BaseModel):
    """One half of a roll.

    Units: `quantity` in contracts, positive; `price` their average.
    """

    symbol: str
    trip: RowKey
    quantity: Decimal
    price: Decimal
    began_at: Instant
    ended_at: Instant


class RollView(BaseModel):
    """A position that moved to another contract month; each half belongs to a trip of its own.

    Units: `spread` is what the new month was dearer, in points.
    """

    account_key: AccountKey
    root: str
    currency: str
    direction: str
    closed: RollHalf
    opened: RollHalf
    spread: Decimal


def upkeep_router(desk: UpkeepDesk, identify: Identify) -> APIRouter:
    """Make the routes; `identify` names the user of a request or refuses it."""
    router = APIRouter()
    _add_connection(router, desk, identify)
    _add_reading(router, desk, identify)
    _add_rolls(router, desk, identify)
    return router


def _add_connection(router: APIRouter, desk: UpkeepDesk, identify: Identify) -> None:
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    @router.get("/v1/connections/{connection_id}/history")
    async def history(user: User, connection_id: ConnectionId) -> History:
        """Every state that a connection was in, and what each sync of its accounts came to."""
        found = await read_history(desk.connections, desk.queries, user, connection_id)
        runs = [{**run, "fault": imbalance(run)} for run in found.runs]
        return History(health=found.connection.health, past=found.connection.past, runs=runs)

    @router.post("/v1/connections/{connection_id}/sync", status_code=202)
    async def sync(user: User, connection_id: ConnectionId) -> Health:
        """Have a connection read now instead of at its next turn; its history tells the result."""
        found = await desk.connections.get(user, connection_id)
        if found.health.state in _RESTING:
            raise InvalidInput(f"the connection is {found.health.state}: {found.health.reason}")
        request = SyncRequested(
            user_id=user,
            connection_id=connection_id,
            broker=found.broker,
            reason="manual",
            requested_at=desk.connections.clock.now(),
        )
        await desk.bus.publish([Outgoing(request.topic_name(), request.encode())])
        return found.health


def _add_reading(router: APIRouter, desk: UpkeepDesk, identify: Identify) -> None:
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    @router.post("/v1/quarantine/replay")
    async def replay_all(user: User) -> Items[ReplayedView]:
        """Read every open row once more with today's parser; what can be read goes to the log."""
        return _fates(await desk.replay.replay(user))

    @router.post("/v1/quarantine/{entry}/replay")
    async def replay(
        user: User, entry: Annotated[str, Path(max_length=200)]
    ) -> Items[ReplayedView]:
        """Read one row once more."""
        return _fates(await desk.replay.replay(user, entry))

    @router.post("/v1/accounts/{account}/resync")
    async def resync(user: User, account: AccountKey, days: Days) -> ResyncedView:
        """Read days again and tell what the broker says now that the journal did not."""
        if not timedelta(0) <= days.last - days.first < timedelta(days=_MOST_DAYS):
            raise InvalidInput(f"from 1 to {_MOST_DAYS} days can be read again at once")
        done = await desk.resync.resync(user, account, days.first, days.last)
        return ResyncedView(
            since=done.since,
            until=done.until,
            runs=done.runs,
            unread=done.unread,
            days=_days(done.difference),
        )


def _add_rolls(router: APIRouter, desk: UpkeepDesk, identify: Identify) -> None:
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    @router.get("/v1/rolls")
    async def rolls(user: User, account: AccountKey | None = None) -> Items[RollView]:
        """Futures positions that moved to another month, oldest first; each is two trades."""
        known = [one.account_key for one in await desk.queries.accounts(user)]
        if account is not None and account not in known:
            raise InvalidInput(f"you have no account {account!r}", expected=known)
        wanted = known if account is None else [account]
        found = [(key, roll) for key in wanted for roll in await desk.queries.rolls(user, key)]
        found.sort(key=lambda pair: pair[1].closed.began_at)
        return Items(items=[_roll(key, roll) for key, roll in found])


def _fates(done: Sequence[Replayed]) -> Items[ReplayedView]:
    views = [ReplayedView(entry_id=d.entry_id, fate=d.fate, reason=d.reason) for d in done]
    return Items(items=views)


def _days(difference: Difference) -> list[DayDifference]:
    return [_day(day, counts) for day, counts in difference.items()]


def _day(day: date, counts: Counter[Outcome]) -> DayDifference:
    new, revised, same = (counts[name] for name in (Outcome.NEW, Outcome.REVISED, Outcome.SAME))
    return DayDifference(day=day, new=new, revised=revised, same=same)


def _roll(account_key: AccountKey, roll: Roll) -> RollView:
    return RollView(
        account_key=account_key,
        root=roll.root,
        currency=roll.currency,
        direction=roll.direction.value,
        closed=_half(roll.closed),
        opened=_half(roll.opened),
        spread=_plain(roll.spread),
    )


def _plain(value: Decimal) -> Decimal:
    """Drop the zeros that averaging has added."""
    return Decimal(decimal_text(value))


def _half(half: Half) -> RollHalf:
    return RollHalf(
        symbol=half.symbol,
        trip=half.trip,
        quantity=half.quantity,
        price=_plain(half.price),
        began_at=half.began_at,
        ended_at=half.ended_at,
    )
