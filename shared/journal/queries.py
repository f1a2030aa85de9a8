"""The read side of the journal: what the API, the dashboard and the command line show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Generic, TypeVar

from shared.domain.annotation import Annotation
from shared.domain.futures.contracts import CONTRACTS
from shared.domain.futures.rolls import Roll
from shared.domain.ids import AccountKey, RowKey, UserId
from shared.domain.journal.book import build_book
from shared.domain.journal.lots import CostMethod
from shared.domain.journal.opening import OpeningLot
from shared.domain.journal.performance import Performance, summarize
from shared.domain.journal.position import Position
from shared.domain.journal.trips.excursion import Excursion
from shared.domain.journal.trips.round_trip import RoundTrip
from shared.domain.time import from_micros
from shared.journal.annotations.attaching import of_trips
from shared.journal.annotations.store import said_between
from shared.journal.integrity.duplicates import same_accounts
from shared.journal.projection.basis import cost_method, read_lot
from shared.journal.projection.documents import read_day, read_log
from shared.journal.reconciliation.result import Reconciliation
from shared.journal.storing.log import LogEntry, read_entry
from shared.journal.tombstones import is_erased
from shared.journal.trip_bars import NoTripBars, TripBars, excursions
from shared.ports import Body, Document, Documents, JsonScalar, Key, Query
from shared.scanning import every

T = TypeVar("T")
_CLOSED = 0  # a time of closing is at least this; an open trip has none
_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One page of a list; `cursor` asks for the next one, None when this is the last."""

    items: tuple[T, ...]
    cursor: str | None


class HeldPosition(Position):
    """An open position with the account that holds it."""

    account_key: AccountKey


class ClosedTrip(RoundTrip):
    """A closed round trip with its account.

    Shape: `said` is what its user says of it, oldest first; `excursion` is None where bars do not
    tell it.
    """

    account_key: AccountKey
    said: tuple[Annotation, ...] = ()
    excursion: Excursion | None = None


@dataclass(frozen=True, slots=True)
class AccountView:
    """A broker account.

    Shape: `last_run` is the last run that advanced its cursor, 0 before the first; `cost_method`
    how the cost of what is closed is counted; `same_as` names accounts that are this one under
    another login, where they were compared.
    """

    account_key: AccountKey
    broker: str
    environment: str
    account_id: str
    account_number: str
    currency: str
    connection_ids: tuple[str, ...]
    last_run: int
    same_as: tuple[AccountKey, ...] = ()
    cost_method: CostMethod = CostMethod.FIFO


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for."""

    limit: int = _LIMIT
    cursor: str | None = None


class JournalQueries:
    """Lists newest first; with `account_key=None` over all of a user's accounts."""

    def __init__(self, documents: Documents, bars: TripBars | None = None) -> None:
        self._documents = documents
        self._bars = bars or NoTripBars()

    async def accounts(self, user_id: UserId) -> list[AccountView]:
        """List a user's accounts."""
        query = Query("accounts", (user_id,))
        return [
            _account(found)
            async for found in every(self._documents, query)
            if not is_erased(found.body)
        ]

    async def compared_accounts(self, user_id: UserId) -> list[AccountView]:
        """List a user's accounts, and say which of them are one: what they hold counts twice."""
        same = await same_accounts(self._documents, user_id)
        listed = await self.accounts(user_id)
        return [replace(one, same_as=same.get(one.account_key, ())) for one in listed]

    async def executions(
        self, user_id: UserId, account_key: AccountKey | None, window: Window
    ) -> Listing[LogEntry]:
        """List the log, executions and account events.

        Raises: InvalidInput for a cursor that is not one of ours.
        """
        query = _newest("executions", user_id, account_key, "at_us", window)
        return await self._listing(query, read_entry)

    async def round_trips(
        self, user_id: UserId, account_key: AccountKey | None, window: Window
    ) -> Listing[ClosedTrip]:
        """List closed round trips; open ones are positions.

        Raises: InvalidInput for a cursor that is not one of ours.
        """
        query = _newest("round_trips", user_id, account_key, "closed_us", window)
        page = await self._listing(replace(query, at_least=_CLOSED), read_closed_trip)
        trips = await self._with_notes(user_id, page.items)
        found = await excursions(trips, self._bars)
        told = [
            trip.model_copy(update={"excursion": one})
            for trip, one in zip(trips, found, strict=True)
        ]
        return Listing(tuple(told), page.cursor)

    async def _with_notes(
        self, user_id: UserId, trips: Sequence[ClosedTrip]
    ) -> tuple[ClosedTrip, ...]:
        told: dict[RowKey, tuple[Annotation, ...]] = {}
        for account_key in {trip.account_key for trip in trips}:
            own = [trip for trip in trips if trip.account_key == account_key]
            since = min(trip.opened_at for trip in own)
            until = max(trip.closed_at or trip.opened_at for trip in own)
            found = await said_between(self._documents, user_id, account_key, since, until)
            for trip, said in zip(own, of_trips(own, found), strict=True):
                told[trip.key] = tuple(said)
        return tuple(trip.model_copy(update={"said": told[trip.key]}) for trip in trips)

    async def positions(
        self, user_id: UserId, account_key: AccountKey | None = None
    ) -> list[HeldPosition]:
        """List what is held, by root."""
        query = Query("positions", (user_id,), of_account(account_key), order_by="root")
        return [
            HeldPosition.model_validate({**holding, "account_key": found.body["account_key"]})
            async for found in every(self._documents, query)
            for holding in found.body["holdings"]
        ]

    async def runs(self, user_id: UserId, account_key: AccountKey, window: Window) -> Listing[Body]:
        """List an account's sync runs.

        Raises: InvalidInput for a cursor that is not one of ours.
        """
        query = _newest("runs", user_id, account_key, "run", window)
        return await self._listing(query, lambda found: found.body)

    async def quarantine(
        self, user_id: UserId, account_key: AccountKey | None, window: Window
    ) -> Listing[Body]:
        """List rows that could not be read.

        Raises: InvalidInput for a cursor that is not one of ours.
        """
        query = _newest("quarantine", user_id, account_key, "at_us", window)
        return await self._listing(query, lambda found: {**found.body, "id": found.key.id})

    async def coverage(self, user_id: UserId, account_key: AccountKey) -> list[Body]:
        """List an account's coverage maps, one a year, oldest first.

        Shape: each with `beyond_before`, the day before which the broker gave nothing when the
        account was first read; None where it gives the account's whole life.
        """
        (account,) = await self._documents.get_many([Key("accounts", (user_id, account_key))])
        limit_us = account.body.get("beyond_before_us") if account else None
        beyond = None if limit_us is None else from_micros(limit_us).date().isoformat()
        query = Query("coverage", (user_id,), of_account(account_key), order_by="year")
        found = [year.body async for year in every(self._documents, query)]
        return [{**body, "beyond_before": beyond} for body in found]

    async def reconciliations(self, user_id: UserId) -> list[Reconciliation]:
        """List how each account stood when it was last compared with its broker."""
        query = Query("reconciliations", (user_id,))
        return [
            Reconciliation.model_validate(found.body)
            async for found in every(self._documents, query)
        ]

    async def discrepancies(self, user_id: UserId, account_key: AccountKey) -> list[Body]:
        """List an account's discrepancies, open and resolved, by root."""
        query = Query("discrepancies", (user_id,), of_account(account_key), order_by="root")
        return [found.body async for found in every(self._documents, query)]

    async def opening_lots(
        self, user_id: UserId, account_key: AccountKey
    ) -> tuple[OpeningLot, ...]:
        """List what an account held before its known history begins."""
        query = Query("opening_lots", (user_id,), of_account(account_key), order_by="held_us")
        return tuple([read_lot(found.body) async for found in every(self._documents, query)])

    async def summary(
        self,
        user_id: UserId,
        account_key: AccountKey | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
    ) -> Performance:
        """Compute the performance of the trading days from `since` to before `until`."""
        query = Query(
            "daily",
            (user_id,),
            of_account(account_key),
            order_by="day",
            at_least=None if since is None else since.isoformat(),
            below=None if until is None else until.isoformat(),
        )
        figures = [
            part async for found in every(self._documents, query) for part in read_day(found.body)
        ]
        return summarize(figures, len(await self.positions(user_id, account_key)))

    async def rolls(self, user_id: UserId, account_key: AccountKey) -> tuple[Roll, ...]:
        """Find the rolls of an account's futures from one contract month to another, oldest first.

        Raises: StoreUnavailable.
        """
        query = Query("positions", (user_id,), of_account(account_key), order_by="root")
        roots = [found.body["root"] async for found in every(self._documents, query)]
        rolls: list[Roll] = []
        for root in filter(CONTRACTS.__contains__, roots):
            log = await read_log(self._documents, user_id, account_key, root)
            rolls += build_book(root, [(entry.key, entry.row) for entry in log]).rolls
        return tuple(sorted(rolls, key=lambda roll: (roll.closed.began_at, roll.root)))

    async def _listing(self, query: Query, read: Callable[[Document], T]) -> Listing[T]:
        page = await self._documents.scan(query)
        return Listing(tuple(map(read, page.documents)), page.cursor)


def of_account(account_key: AccountKey | None) -> dict[str, JsonScalar]:
    """Filter by an account; None takes those of all of the user's accounts."""
    return {} if account_key is None else {"account_key": account_key}


def _newest(
    collection: str, user_id: UserId, account_key: AccountKey | None, order_by: str, window: Window
) -> Query:
    return Query(
        collection,
        (user_id,),
        of_account(account_key),
        order_by=order_by,
        descending=True,
        limit=window.limit,
        cursor=window.cursor,
    )


def _account(found: Document) -> AccountView:
    body = found.body
    return AccountView(
        account_key=AccountKey(found.key.id),
        broker=body["broker"],
        environment=body["environment"],
        account_id=body["account_id"],
        account_number=body["account_number"],
        currency=body["currency"],
        connection_ids=tuple(body["connection_ids"]),
        last_run=body["last_run"],
        cost_method=cost_method(found),
    )


def read_closed_trip(found: Document) -> ClosedTrip:
    """Read a stored round trip back."""
    body = found.body
    return ClosedTrip.model_validate({n: body[n] for n in ClosedTrip.model_fields if n in body})
