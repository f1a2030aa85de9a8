"""One run over one account: from its number over its pages to its cursor."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.brokers.engine.client import BrokerClient
from shared.brokers.spec import BrokerAccount, HeldPosition, Holdings, Window
from shared.domain.errors import BudgetSpent, ContractBroken, DaybiasError
from shared.domain.money import decimal_text
from shared.domain.sync.connection import Connection
from shared.domain.time import to_micros
from shared.journal.accounts import Account, Accounts
from shared.journal.connect.connections import Connections
from shared.journal.coverage import day_start
from shared.journal.runs import Runs, close_if_complete
from shared.journal.visits.fetch import HistoryReader
from shared.journal.visits.meter import Meter
from shared.journal.visits.publisher import PagePublisher
from shared.lease import Held, Leases
from shared.ports import Clock, Create, Documents, Entropy, Key, MessageBus

_log = logging.getLogger(__name__)

_AGREEMENTS = 3  # how often positions are read until no fill came in between
_TAIL = timedelta(minutes=5)


class Outcome(StrEnum):
    """How a run, or the message that asked for it, ended."""

    COMPLETE = "complete"
    CONTINUED = "continued"
    NEEDS_REAUTH = "needs_reauth"
    FAILED = "failed"
    RESTING = "resting"


@dataclass(frozen=True, slots=True)
class AccountReport:
    """What one message did for one account; `run` is 0 where none was begun."""

    account_id: str
    outcome: Outcome
    run: int = 0
    pages: int = 0
    rows: int = 0
    unread: int = 0
    ignored: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The ports that a run works with."""

    documents: Documents
    bus: MessageBus
    clock: Clock
    entropy: Entropy
    leases: Leases
    held: Held
    connections: Connections


@dataclass(frozen=True, slots=True)
class AccountRun:
    """One run under a lease.

    Shape: `continued` tells that an earlier message has begun this and read the overlap.
    """

    place: Workplace
    client: BrokerClient
    connection: Connection
    account: Account
    found: BrokerAccount
    continued: bool

    async def go(self) -> AccountReport:
        """Publish what the broker booked since the cursor, then move the cursor.

        Raises: AuthRejected, RequestRejected, ContractBroken, RateLimited, UpstreamUnavailable,
        BudgetSpent, LeaseHeld, StoreUnavailable; the run is given up then.
        """
        place, account, zone = self.place, self.account, self.client.spec.zone
        asked, meter = self._window(), Meter(self.client)
        runs = Runs(place.documents, place.clock, place.entropy)
        run = await runs.open(account, self.connection.connection_id, asked, place.held.fence, zone)
        publisher = PagePublisher(place.bus, place.clock, self.connection, account, run)
        reader = HistoryReader(self.client, publisher, self.found, dict(account.marks))
        try:
            window, cut = await self._publish(asked, reader)
            await place.leases.assert_current(place.held)
        except DaybiasError as error:
            await runs.fail(account, run, str(error), publisher.fetched(asked, meter.cost()))
            raise
        await runs.finish(account, run, publisher.fetched(window, meter.cost(), cut=cut))
        marks = reader.resumable() if cut else reader.lasting()
        accounts = Accounts(place.documents, place.clock, place.entropy)
        read_at = None if cut else asked.until
        await accounts.advance(account, window.until, run, marks, read_at=read_at)
        await close_if_complete(
            place.documents, place.clock, place.entropy, account.user_id, account.key, run
        )
        return self._report(publisher, cut=cut)

    def _window(self) -> Window:
        """Begin before the cursor; a run that only continues need not read the overlap again."""
        spec, now, cursor = self.client.spec, self.place.clock.now(), self.account.cursor
        limit = self.found.history_limit or spec.history_limit
        if cursor is None:
            since = now - spec.first_window
        else:
            since = cursor if self.continued else cursor - spec.overlap
        if limit is not None:
            since = max(since, now - limit)
        return Window(since, now)

    async def _publish(self, asked: Window, reader: HistoryReader) -> tuple[Window, bool]:
        """Read and publish; return the part that is complete now, and whether the budget cut it."""
        spec = self.client.spec
        held = await self._holdings() if spec.holdings.compares else None
        reached = await reader.read(asked)
        if not reached.cut:
            if held is not None:
                self.client.forget_shared()
            await self._report_positions(reader, asked, held)
            return replace(asked, until=reached.until), False
        # the day that was cut is read again whole, so that it can become complete
        begun = day_start(reached.until, spec.zone)
        until = begun if begun > asked.since else reached.until
        if until <= asked.since and reader.has_advanced():
            until = asked.since  # no day is complete yet, and the next message goes on from here
        elif until <= asked.since:
            raise ContractBroken(f"{spec.title}: the budget ended before any row's time")
        return replace(asked, until=until), True

    async def _report_positions(
        self, reader: HistoryReader, asked: Window, before: Holdings | None
    ) -> None:
        """Log what the broker says is held, taken between two readings of fills that agree."""
        clock, run = self.place.clock, reader.publisher.run
        since = max(asked.since, asked.until - _TAIL)
        try:
            for _ in range(_AGREEMENTS):
                holdings = await self._holdings()
                if holdings is None:
                    return
                at = holdings.as_of or clock.now()
                is_whole = self.client.spec.holdings.settled or holdings.settled
                if (
                    is_whole
                    or holdings == before
                    or await reader.confirms(Window(since, clock.now()))
                ):
                    await self._log_positions(holdings, at, run)
                    return
        except BudgetSpent:
            pass  # the fills are complete; the next run reports
        fields = {"run_id": run, "broker": self.client.spec.name}
        _log.warning("sync.positions_unsettled", extra=fields)

    async def _holdings(self) -> Holdings | None:
        endpoint = self.client.spec.holdings
        bodies = [await self.client.ask(one) for one in endpoint.requests(self.found)]
        if endpoint.look_up is not None:
            bodies += await endpoint.look_up(self.client.ask, self.found, bodies)
        return endpoint.read(bodies, self.found)

    async def _log_positions(self, holdings: Holdings, at: datetime, run: int) -> None:
        body = {
            "account_key": self.account.key,
            "run": run,
            "at_us": to_micros(at),
            "cash": decimal_text(holdings.cash),
            "currency": self.found.currency,
            "cash_adds_up": self.client.spec.holdings.cash_adds_up,
            "pooled": self.client.spec.holdings.pooled,
            "positions": [_position_body(position) for position in holdings.positions],
        }
        report_id = f"{self.account.key}-{run:012d}"  # two runs may share an instant
        key = Key("position_reports", (self.account.user_id, report_id))
        await self.place.documents.commit([Create(key, body)])

    def _report(self, publisher: PagePublisher, *, cut: bool) -> AccountReport:
        return AccountReport(
            account_id=self.account.account_id,
            outcome=Outcome.CONTINUED if cut else Outcome.COMPLETE,
            run=publisher.run,
            pages=publisher.pages,
            rows=publisher.rows,
            unread=publisher.unread,
            ignored=publisher.ignored.total(),
        )


def _position_body(position: HeldPosition) -> dict[str, str | None]:
    price = position.average_price
    return {
        "symbol": position.symbol,
        "root": position.root,
        "quantity": decimal_text(position.quantity),
        "average_price": None if price is None else decimal_text(price),
        "asset_class": position.asset_class.value,
        "asset": position.asset,
    }
