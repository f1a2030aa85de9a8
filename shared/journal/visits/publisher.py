"""Publishing what a run reads: messages that are full, whatever the size of the broker's pages."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from shared.brokers.spec import Lost, Window
from shared.domain.messages import MAX_PAGE_ROWS, ExecutionsObserved, ObservedRow, UnreadRow
from shared.domain.sync.connection import Connection
from shared.journal.accounts import Account
from shared.journal.visits.fetched import Cost, Fetched
from shared.ports import Clock, MessageBus, Outgoing

_HEAVIEST = 2_000_000  # characters of raw rows in one message; quoted once more they still fit


@dataclass(slots=True)
class PagePublisher:
    """Numbers the pages of one run and publishes each as one message; counts as it goes.

    Shape: `rows`, `unread` and `pages` count what was published; a message costs the store one
    batch and one receipt, so it is filled from several of the broker's pages where these are small.
    """

    bus: MessageBus
    clock: Clock
    connection: Connection
    account: Account
    run: int
    pages: int = 0
    rows: int = 0
    unread: int = 0
    unread_days: Counter[date] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)  # by reason
    lost: list[Lost] = field(default_factory=list)
    _rows: list[ObservedRow] = field(default_factory=list, init=False)
    _unread: list[UnreadRow] = field(default_factory=list, init=False)

    async def take(self, rows: Sequence[ObservedRow], unread: Sequence[UnreadRow]) -> None:
        """Take what a broker's page gave, and publish each message that is full by it.

        Shape: the rest waits for the next page, or for `flush`.
        Raises: StoreUnavailable.
        """
        begin = 0
        while begin < len(rows):
            end = begin + MAX_PAGE_ROWS - self._waiting
            self._rows += rows[begin:end]
            begin = end
            await self._flush_when_full()
        for row in unread:
            weight = sum(len(one.raw) for one in self._unread)
            if weight and weight + len(row.raw) > _HEAVIEST:
                await self.flush()
            self._unread.append(row)
            await self._flush_when_full()

    @property
    def _waiting(self) -> int:
        return len(self._rows) + len(self._unread)

    async def _flush_when_full(self) -> None:
        if self._waiting == MAX_PAGE_ROWS:
            await self.flush()

    async def flush(self) -> None:
        """Publish what waits; nothing is no message.

        Raises: StoreUnavailable; what was to be published is read again then, by the next run.
        """
        rows, unread = tuple(self._rows), tuple(self._unread)
        self._rows.clear()
        self._unread.clear()
        if not rows and not unread:
            return
        message = ExecutionsObserved(
            user_id=self.connection.user_id,
            connection_id=self.connection.connection_id,
            broker=self.connection.broker,
            environment=self.connection.environment,
            account_id=self.account.account_id,
            account_key=self.account.key,
            run=self.run,
            page=self.pages,
            observed_at=self.clock.now(),
            rows=rows,
            unread=unread,
        )
        await self.bus.publish([Outgoing(message.topic, message.encode())])
        self.pages += 1
        self.rows += len(rows)
        self.unread += len(unread)

    def fetched(self, window: Window, cost: Cost, *, cut: bool = False) -> Fetched:
        """Sum up what was published, and what that took, for the run's record."""
        return Fetched(
            window=window,
            pages=self.pages,
            rows=self.rows,
            unread=self.unread,
            unread_days=self.unread_days,
            ignored=self.ignored,
            cost=cost,
            cut=cut,
            lost=self.lost,
        )
