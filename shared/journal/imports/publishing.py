"""Rows of files on their way into the log: numbered, published and closed like those of a sync."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from shared.brokers.spec import Window
from shared.domain.ids import AccountKey, ConnectionId, UserId
from shared.domain.messages import ObservedRow, UnreadRow
from shared.domain.sync.connection import Connection, ConnectionState, Health
from shared.journal.accounts import Account
from shared.journal.queries import AccountView
from shared.journal.runs import Runs, close_if_complete
from shared.journal.visits.fetched import Cost
from shared.journal.visits.publisher import PagePublisher
from shared.ports import Clock, Documents, Entropy, MessageBus

FILE = "file"  # stands where an environment's name, and a connection's id, does


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """Rows on their way into the log without a sync, under a run of their own."""

    documents: Documents
    bus: MessageBus
    clock: Clock
    entropy: Entropy
    user_id: UserId

    def login(self, account: AccountView) -> Connection:
        """Stand for the login that a file does not have; it is never stored."""
        now = self.clock.now()
        return Connection(
            user_id=self.user_id,
            connection_id=ConnectionId(FILE),
            broker=account.broker,
            environment=account.environment,
            label="files",
            auth="api_key",
            sealed="",
            health=Health(state=ConnectionState.ACTIVE, since=now),
            created_at=now,
            login_at=now,
            next_due_at=now,
        )

    def publisher(self, account: AccountView, run: int) -> PagePublisher:
        """Make what numbers and sends the pages of a run."""
        return PagePublisher(self.bus, self.clock, self.login(account), self.account(account), run)

    def account(self, account: AccountView) -> Account:
        """Give the account as runs know it; its cursor is not theirs to move."""
        key = AccountKey(account.account_key)
        return Account(self.user_id, key, account.account_id, account.environment, None)

    async def compare(self, account: AccountView, rows: Sequence[ObservedRow]) -> None:
        """Send rows to a bus that only compares.

        Raises: StoreUnavailable.
        """
        publisher = self.publisher(account, run=1)
        await publisher.take(rows, ())
        await publisher.flush()


async def publish_run(  # noqa: PLR0913, PLR0917 - what a run is
    published: PublishedRun,
    account: AccountView,
    window: Window,
    zone: ZoneInfo,
    rows: Sequence[ObservedRow],
    unread: Sequence[UnreadRow],
) -> int:
    """Publish rows as one run over a window, and return its number.

    Raises: StoreUnavailable.
    """
    documents, ports = published.documents, (published.clock, published.entropy)
    runs = Runs(documents, *ports)
    owner = published.account(account)
    run = await runs.open(owner, FILE, window, fence=0, zone=zone)
    publisher = published.publisher(account, run)
    await publisher.take(rows, unread)
    await publisher.flush()
    await runs.finish(owner, run, publisher.fetched(window, Cost()))
    await close_if_complete(documents, *ports, published.user_id, owner.key, run)
    return run
