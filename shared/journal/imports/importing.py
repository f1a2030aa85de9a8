"""The use case: look at what a file would bring, then bring it into the log like any other page."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from shared.brokers.spec import BrokerAccount, Window
from shared.domain.errors import InvalidInput
from shared.domain.ids import AccountKey, UserId, account_key, row_key
from shared.domain.messages import ObservedRow, UnreadRow
from shared.domain.row_body import row_body
from shared.journal.accounts import Accounts
from shared.journal.imports.mapping import Mapping
from shared.journal.imports.publishing import FILE, PublishedRun, publish_run
from shared.journal.imports.reading import BadLine, ReadLine, read_file
from shared.journal.queries import AccountView
from shared.journal.tombstones import is_deleted_user
from shared.journal.upkeep.difference import ComparingBus, Difference
from shared.ports import Clock, Documents, Entropy, Key, MessageBus

FILES = "import"  # stands where a broker's name does
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
        account = _account(mapping)
        published = PublishedRun(self.documents, compared, self.clock, self.entropy, user_id)
        await published.compare(account, _observed(account, file))
        return _report(account.account_key, file, compared.difference(mapping.account))

    async def run(
        self, user_id: UserId, mapping: Mapping, text: str, *, keep_bad: bool = False
    ) -> ImportReport:
        """Publish a file's rows; with `keep_bad` lines that cannot be read go to quarantine.

        Idempotent: the same file again brings nothing new.
        Raises: InvalidInput for a file that does not fit the mapping, for lines that cannot be
        read unless they are to be kept (nothing is published then), and for a user who was erased;
        StoreUnavailable.
        """
        (user,) = await self.documents.get_many([Key("users", (user_id,))])
        if is_deleted_user(user):
            raise InvalidInput("everything of this user was erased, and stays so")
        file = self._read(mapping, text)
        if file.bad and not keep_bad:
            first = "; ".join(f"line {bad.line}: {bad.reason}" for bad in file.bad[:_SHOWN])
            raise InvalidInput(f"{len(file.bad)} lines cannot be read: {first}")
        account, now = _account(mapping), self.clock.now()
        compared = ComparingBus(self.documents, ZoneInfo(mapping.zone), self.bus)
        published = PublishedRun(self.documents, compared, self.clock, self.entropy, user_id)
        found = BrokerAccount(mapping.account, mapping.account, mapping.currency)
        accounts = Accounts(self.documents, self.clock, self.entropy)
        known = await accounts.ensure(published.login(account), found)
        unread = [UnreadRow(endpoint="csv", reason=bad.reason, raw=bad.raw) for bad in file.bad]
        nothing = Window(now, now)  # a file says nothing of days being complete
        observed = _observed(account, file)
        run = await publish_run(published, account, nothing, ZoneInfo("UTC"), observed, unread)
        newest = max((line.row.row.occurred_at for line in file.rows), default=now)
        await accounts.advance(known, newest, run, {}, read_at=newest)
        return _report(account.account_key, file, compared.difference(mapping.account), run)

    def _read(self, mapping: Mapping, text: str) -> _File:
        lines = list(read_file(text, mapping, self.clock.now()))
        rows = tuple(line for line in lines if isinstance(line, ReadLine))
        return _File(rows, tuple(line for line in lines if isinstance(line, BadLine)))


def _account(mapping: Mapping) -> AccountView:
    return AccountView(
        account_key=account_key(FILES, FILE, mapping.account),
        broker=FILES,
        environment=FILE,
        account_id=mapping.account,
        account_number=mapping.account,
        currency=mapping.currency,
        connection_ids=(FILE,),
        last_run=0,
    )


def _observed(account: AccountView, file: _File) -> list[ObservedRow]:
    place = (account.broker, account.environment, account.account_id)
    return [
        ObservedRow(key=row_key(*place, one.row.identity), row=row_body(one.row.row))
        for one in file.rows
    ]


def _report(key: AccountKey, file: _File, difference: Difference, run: int = 0) -> ImportReport:
    count = len(file.rows)
    return ImportReport(key, count + len(file.bad), count, file.bad, difference, run)
