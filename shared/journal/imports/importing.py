"""The use case: look at what a file would bring, then bring it into the log like any other page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.brokers.spec import BrokerAccount, Window
from shared.domain.connection import Connection, ConnectionState, Health
from shared.domain.errors import InvalidInput
from shared.domain.ids import AccountKey, ConnectionId, UserId, account_key, row_key
from shared.domain.messages import ObservedRow, UnreadRow
from shared.journal.accounts import Account, Accounts
from shared.journal.imports.mapping import Mapping
from shared.journal.imports.reading import BadLine, ReadLine, read_file
from shared.journal.runs import Runs, close_if_complete
from shared.journal.upkeep.difference import ComparingBus, Difference
from shared.journal.visits.fetched import Cost
from shared.journal.visits.publisher import PagePublisher
from shared.ports import Clock, Documents, Entropy, MessageBus

FILES = "import"  # stands where a broker's name does
_ENVIRONMENT = "file"
_SHOWN = 5  # bad lines that an error names


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a file comes to.

    Shape: `difference` by day, new, revised and same; `bad` lines with their reasons; `run` is 0
    for a preview, which stores nothing.
    """

    account_key: AccountKey
    lines: int
    rows: int
    bad: tuple[BadLine, ...]
    difference: Difference
    run: int = 0


@dataclass(frozen=True, slots=True)
class _File:
    rows: tuple[ReadLine, ...]
    bad: tuple[BadLine, ...]


@dataclass(frozen=True, slots=True)
class ImportExecutions:
    """Files become accounts of their own: no broker's rows are touched by what a file says."""

    documents: Documents
    bus: MessageBus
    clock: Clock
    entropy: Entropy

    async def preview(self, user_id: UserId, mapping: Mapping, text: str) -> ImportReport:
        """Tell what a file would bring, and which lines cannot be read; nothing is stored.

        Raises: InvalidInput for a file that does not fit the mapping, StoreUnavailable.
        """
        file = self._read(mapping, text)
        compared = ComparingBus(self.documents, ZoneInfo(mapping.zone))
        login = _login(user_id, self.clock.now())
        key = account_key(FILES, _ENVIRONMENT, mapping.account)
        account = Account(user_id, key, mapping.account, _ENVIRONMENT, None)
        publisher = PagePublisher(compared, self.clock, login, account, run=1)
        await _publish(publisher, file.rows, ())
        return _report(key, file, compared.difference(mapping.account))

    async def run(
        self, user_id: UserId, mapping: Mapping, text: str, *, keep_bad: bool = False
    ) -> ImportReport:
        """Publish a file's rows; with `keep_bad` lines that cannot be read go to quarantine.

        Idempotent: the same file again brings nothing new.
        Raises: InvalidInput for a file that does not fit the mapping, and for lines that cannot be
        read unless they are to be kept (nothing is published then); StoreUnavailable.
        """
        file = self._read(mapping, text)
        if file.bad and not keep_bad:
            first = "; ".join(f"line {bad.line}: {bad.reason}" for bad in file.bad[:_SHOWN])
            raise InvalidInput(f"{len(file.bad)} lines cannot be read: {first}")
        login, now = _login(user_id, self.clock.now()), self.clock.now()
        accounts = Accounts(self.documents, self.clock, self.entropy)
        found = BrokerAccount(mapping.account, mapping.account, mapping.currency)
        account = await accounts.ensure(login, found)
        compared = ComparingBus(self.documents, ZoneInfo(mapping.zone), self.bus)
        run = await self._publish_run(login, account, file, compared)
        newest = max((line.row.row.occurred_at for line in file.rows), default=now)
        await accounts.advance(account, newest, run, {}, read_at=newest)
        await close_if_complete(self.documents, self.clock, self.entropy, user_id, account.key, run)
        return _report(account.key, file, compared.difference(mapping.account), run)

    def _read(self, mapping: Mapping, text: str) -> _File:
        lines = list(read_file(text, mapping, self.clock.now()))
        rows = tuple(line for line in lines if isinstance(line, ReadLine))
        return _File(rows, tuple(line for line in lines if isinstance(line, BadLine)))

    async def _publish_run(
        self, login: Connection, account: Account, file: _File, bus: MessageBus
    ) -> int:
        now = self.clock.now()
        nothing = Window(now, now)  # a file says nothing of days being complete
        runs = Runs(self.documents, self.clock, self.entropy)
        zone = ZoneInfo("UTC")
        run = await runs.open(account, login.connection_id, nothing, fence=0, zone=zone)
        publisher = PagePublisher(bus, self.clock, login, account, run)
        await _publish(publisher, file.rows, file.bad)
        await runs.finish(account, run, publisher.fetched(nothing, Cost()))
        return run


async def _publish(
    publisher: PagePublisher, rows: Sequence[ReadLine], bad: Sequence[BadLine]
) -> None:
    place = (FILES, _ENVIRONMENT, publisher.account.account_id)
    observed = [ObservedRow(key=row_key(*place, one.row.identity), row=one.row.row) for one in rows]
    unread = [UnreadRow(endpoint="csv", reason=one.reason, raw=one.raw) for one in bad]
    await publisher.take(observed, unread)
    await publisher.flush()


def _report(key: AccountKey, file: _File, difference: Difference, run: int = 0) -> ImportReport:
    count = len(file.rows)
    return ImportReport(key, count + len(file.bad), count, file.bad, difference, run)


def _login(user_id: UserId, now: datetime) -> Connection:
    """Stand for the login that a file does not have; it is never stored."""
    return Connection(
        user_id=user_id,
        connection_id=ConnectionId(_ENVIRONMENT),
        broker=FILES,
        environment=_ENVIRONMENT,
        label="files",
        auth="api_key",
        sealed="",
        health=Health(state=ConnectionState.ACTIVE, since=now),
        created_at=now,
        login_at=now,
        next_due_at=now,
    )
