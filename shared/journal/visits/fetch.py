"""Reading one account's history at its broker and publishing it page by page.

Nothing here decides when to run or what a failure means for the connection; see sync.py.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.brokers.engine.client import BrokerClient
from shared.brokers.spec import (
    BrokerAccount,
    FillProgress,
    HistoryEndpoint,
    Ignored,
    Lost,
    OrderCheck,
    Request,
    Window,
)
from shared.domain.connection import Connection
from shared.domain.errors import BudgetSpent, UnparseableRow
from shared.domain.messages import MAX_PAGE_ROWS, ExecutionsObserved, ObservedRow, UnreadRow
from shared.domain.money import decimal_text
from shared.journal.accounts import Account
from shared.journal.visits.fetched import Cost, Fetched
from shared.journal.visits.reading import observe
from shared.ports import Clock, MessageBus, Outgoing

_LONGEST_REASON = 500
_HEAVIEST = 2_000_000  # characters of raw rows in one message; quoted once more they still fit


@dataclass(slots=True)
class PagePublisher:
    """Numbers the pages of one run and publishes each as one message; counts as it goes."""

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

    async def publish(self, rows: Sequence[ObservedRow], unread: Sequence[UnreadRow]) -> None:
        """Publish what a broker's page gave, in messages that fit; no rows are no message.

        Raises: StoreUnavailable.
        """
        if rows and unread and _fits(rows, unread):
            await self._send(rows, unread)
            return
        for begin in range(0, len(rows), MAX_PAGE_ROWS):
            await self._send(rows[begin : begin + MAX_PAGE_ROWS], ())
        for part in _parts(unread):
            await self._send((), part)

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

    async def _send(self, rows: Sequence[ObservedRow], unread: Sequence[UnreadRow]) -> None:
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
            rows=tuple(rows),
            unread=tuple(unread),
        )
        await self.bus.publish([Outgoing(message.topic, message.encode())])
        self.pages += 1
        self.rows += len(rows)
        self.unread += len(unread)


@dataclass(frozen=True, slots=True)
class Reach:
    """Until when a window was read whole; `cut` where the budget ended before it did."""

    until: datetime
    cut: bool = False


@dataclass(slots=True)
class HistoryReader:
    """Walks the broker's history for one run, and knows what it has seen.

    Shape: `marks` endpoint name -> the newest id that is complete, where histories are walked so.
    """

    client: BrokerClient
    publisher: PagePublisher
    broker_account: BrokerAccount
    marks: dict[str, str] = field(default_factory=dict)
    _begun: dict[str, str] = field(default_factory=dict, init=False)  # resumable marks, then
    _seen: set[tuple[str, int]] = field(default_factory=set)  # row key, content
    _fills: defaultdict[str, dict[str, FillProgress]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _reread: set[tuple[str, Decimal]] = field(default_factory=set)  # order, filled then

    def __post_init__(self) -> None:
        """Remember where the walks begin."""
        self._begun = self.resumable()

    async def read(self, window: Window) -> Reach:
        """Publish all pages of a window; return until when it is complete.

        That is the window's end; when the budget ends first, how far the walk says it came; or how
        far the broker's own books go.
        Raises: AuthRejected, RequestRejected, ContractBroken, RateLimited, UpstreamUnavailable,
        StoreUnavailable.
        """
        reaches = []
        for endpoint in self.client.spec.history:
            reached = await self._read_endpoint(endpoint, window)
            if endpoint.check is not None:
                await self._heal(endpoint, endpoint.check)
            reaches.append(reached)
        cut = any(one.cut for one in reaches)
        return Reach(min(one.until for one in reaches), cut)

    def resumable(self) -> dict[str, str]:
        """Give the marks from which a cut walk goes on; a window's goes on by its times."""
        kept = {one.name for one in self.client.spec.history if one.resumes}
        return {name: mark for name, mark in self.marks.items() if name in kept}

    def has_advanced(self) -> bool:
        """Tell whether such a walk has come further than it was."""
        return self.resumable() != self._begun

    async def confirms(self, window: Window) -> bool:
        """Read a stretch again and publish what is new; say whether nothing was.

        Raises: as `read`.
        """
        self.client.forget_shared()
        before = len(self._seen)
        reached = await self.read(window)
        return reached.until == window.until and len(self._seen) == before

    async def _read_endpoint(self, endpoint: HistoryEndpoint, window: Window) -> Reach:
        reached = window.since
        asked = replace(window, mark=self.marks.get(endpoint.name))
        try:
            async for page in endpoint.walk(self._ask, self.broker_account, asked):
                await self._take(endpoint, page.rows)
                # a stretch is read twice
                self.publisher.lost += [one for one in page.lost if one not in self.publisher.lost]
                reached = max(reached, page.complete_until or reached)
                if page.mark is not None:
                    self.marks[endpoint.name] = page.mark
                if page.ends:
                    return Reach(min(reached, window.until))
        except BudgetSpent:
            reached = min(reached, window.until)
            return Reach(reached, cut=reached < window.until)
        return Reach(window.until)

    async def _ask(self, request: Request) -> Any:
        if self.client.out_of_time:
            raise BudgetSpent("the next page belongs to the next message")
        return await self.client.ask(request)

    async def _take(self, endpoint: HistoryEndpoint, raws: Iterable[Any]) -> None:
        rows: list[ObservedRow] = []
        unread: list[UnreadRow] = []
        for raw in raws:
            try:
                rows += [row for row in self._observe(endpoint, raw) if self._is_new_row(row)]
            except UnparseableRow as error:
                text = json.dumps(raw, default=str)  # exact: decimals are written as texts
                if self._is_new(text, 0):
                    reason = str(error)[:_LONGEST_REASON]
                    unread.append(UnreadRow(endpoint=endpoint.name, reason=reason, raw=text))
                    self._count_unread(endpoint, raw)
            if endpoint.check and (progress := endpoint.check.progress(raw)):
                self._fills[progress.order_id][progress.fill_id] = progress
        await self.publisher.publish(rows, unread)

    def _is_new_row(self, row: ObservedRow) -> bool:
        return self._is_new(row.key, hash(row.row))

    def _is_new(self, key: str, content: int) -> bool:
        """Tell whether this content of a row was not seen yet; a cancelled row keeps its key."""
        known = (key, content) in self._seen
        self._seen.add((key, content))
        return not known

    def _observe(self, endpoint: HistoryEndpoint, raw: Any) -> list[ObservedRow]:
        connection, account = self.publisher.connection, self.publisher.account
        place = (connection.broker, connection.environment, account.account_id)
        now = self.publisher.clock.now()
        found = observe(endpoint, raw, self.broker_account, place, now)
        if not isinstance(found, Ignored):
            return found
        # a stretch is read twice and a row can come in two histories: counted once
        if self._is_new(endpoint.name, hash(json.dumps(raw, default=str))):
            self.publisher.ignored[found.reason] += 1
        return []

    def _count_unread(self, endpoint: HistoryEndpoint, raw: Any) -> None:
        day = None if raw is None else endpoint.booked_on(raw)
        if day is None:  # it must show somewhere: on the day on which we met it
            day = self.publisher.clock.now().astimezone(self.client.spec.zone).date()
        self.publisher.unread_days[day] += 1

    async def _heal(self, endpoint: HistoryEndpoint, check: OrderCheck) -> None:
        """Read orders again whose fills do not add up: paging may skip rows of one millisecond."""
        # even when the budget is spent: what is published now counts as complete
        nothing = Window(self.publisher.clock.now(), self.publisher.clock.now())
        for order_id in [o for o, fills in self._fills.items() if _may_lack(fills)]:
            state = (order_id, _filled(self._fills[order_id]))
            if state in self._reread:
                continue
            self._reread.add(state)
            walk = check.walk(order_id)
            async for page in walk(self.client.ask, self.broker_account, nothing):
                await self._take(endpoint, page.rows)
        short = [o for o, fills in self._fills.items() if _is_short(fills)]
        await self.publisher.publish([], [self._missing(endpoint, order_id) for order_id in short])

    def _missing(self, endpoint: HistoryEndpoint, order_id: str) -> UnreadRow:
        fills = self._fills.pop(order_id)
        total = max(fill.cumulative for fill in fills.values())
        found = {
            "order_id": order_id,
            "found": decimal_text(_filled(fills)),
            "of": decimal_text(total),
        }
        self._count_unread(endpoint, None)
        return UnreadRow(
            endpoint=endpoint.name,
            reason=f"order {order_id}: {found['found']} of {found['of']} are in the history",
            raw=json.dumps(found),
        )


def _fits(rows: Sequence[ObservedRow], unread: Sequence[UnreadRow]) -> bool:
    return len(rows) + len(unread) <= MAX_PAGE_ROWS and _weight(unread) <= _HEAVIEST


def _parts(unread: Sequence[UnreadRow]) -> Iterator[list[UnreadRow]]:
    """Cut where a message would have too many rows, or too much raw text, for one batch."""
    part: list[UnreadRow] = []
    for row in unread:
        if part and (len(part) == MAX_PAGE_ROWS or _weight([*part, row]) > _HEAVIEST):
            yield part
            part = []
        part.append(row)
    if part:
        yield part


def _weight(unread: Sequence[UnreadRow]) -> int:
    return sum(len(row.raw) for row in unread)


def _filled(fills: dict[str, FillProgress]) -> Decimal:
    return sum((fill.quantity for fill in fills.values()), Decimal(0))


def _is_short(fills: dict[str, FillProgress]) -> bool:
    return _filled(fills) != max(fill.cumulative for fill in fills.values())


def _may_lack(fills: dict[str, FillProgress]) -> bool:
    """Suspect an order that does not add up, or that is open after its last fill we know."""
    last = max(fills.values(), key=lambda fill: fill.cumulative)
    return last.leaves != 0 or _is_short(fills)
