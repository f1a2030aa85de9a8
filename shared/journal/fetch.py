"""Reading one account's history at its broker and publishing it page by page.

Nothing here decides when to run or what a failure means for the connection; see sync.py.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from shared.brokers.client import BrokerClient
from shared.brokers.paging import walk
from shared.brokers.spec import BrokerAccount, FillProgress, HistoryEndpoint, Params, Window
from shared.domain.connection import Connection
from shared.domain.errors import BudgetSpent, UnparseableRow
from shared.domain.ids import row_key
from shared.domain.messages import ExecutionsObserved, ObservedRow, UnreadRow
from shared.domain.money import decimal_text
from shared.journal.accounts import Account
from shared.ports import Clock, MessageBus, Outgoing

_LONGEST_REASON = 500


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

    async def publish(self, rows: Sequence[ObservedRow], unread: Sequence[UnreadRow]) -> None:
        """Publish one page; a page without rows is none.

        Raises: StoreUnavailable.
        """
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
            rows=tuple(rows),
            unread=tuple(unread),
        )
        await self.bus.publish([Outgoing(message.topic, message.encode())])
        self.pages += 1
        self.rows += len(rows)
        self.unread += len(unread)


@dataclass(slots=True)
class HistoryReader:
    """Walks the broker's history for one run, and knows what it has seen."""

    client: BrokerClient
    publisher: PagePublisher
    broker_account: BrokerAccount
    _seen: set[tuple[str, int]] = field(default_factory=set)  # row key, content
    _fills: defaultdict[str, dict[str, FillProgress]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _reread: set[tuple[str, Decimal]] = field(default_factory=set)  # order, filled then

    async def read(self, window: Window) -> datetime:
        """Publish all pages of a window, oldest first; return until when it is complete.

        That is the window's end, or, when the budget ends first, the newest row's instant.
        Raises: AuthRejected, RequestRejected, ContractBroken, RateLimited, UpstreamUnavailable,
        StoreUnavailable.
        """
        complete_until = window.until
        for endpoint in self.client.spec.history:
            reached = await self._read_endpoint(endpoint, window)
            await self._heal(endpoint)
            complete_until = min(complete_until, reached)
        return complete_until

    async def confirms(self, window: Window) -> bool:
        """Read a stretch again and publish what is new; say whether nothing was.

        Raises: as `read`.
        """
        before = len(self._seen)
        reached = await self.read(window)
        return reached == window.until and len(self._seen) == before

    async def _read_endpoint(self, endpoint: HistoryEndpoint, window: Window) -> datetime:
        reached = window.since
        fetch = partial(self._fetch, endpoint)
        try:
            async for rows in walk(fetch, endpoint.first_params(window), endpoint.next_params):
                await self._take(endpoint, rows)
                reached = max([reached, *(at for raw in rows if (at := endpoint.booked_at(raw)))])
        except BudgetSpent:
            return reached
        return window.until

    async def _fetch(self, endpoint: HistoryEndpoint, params: Params) -> list[Any]:
        if self.client.out_of_time:
            raise BudgetSpent("the next page belongs to the next message")
        return await self._ask(endpoint, params)

    async def _ask(self, endpoint: HistoryEndpoint, params: Params) -> list[Any]:
        return endpoint.rows(await self.client.get(endpoint.path, params))

    async def _take(self, endpoint: HistoryEndpoint, raws: Iterable[Any]) -> None:
        rows: list[ObservedRow] = []
        unread: list[UnreadRow] = []
        for raw in raws:
            try:
                row = self._observe(endpoint, raw)
                if self._is_new(row.key, hash(row.row)):
                    rows.append(row)
            except UnparseableRow as error:
                text = json.dumps(raw, default=str)  # exact: decimals are written as texts
                if self._is_new(text, 0):
                    reason = str(error)[:_LONGEST_REASON]
                    unread.append(UnreadRow(endpoint=endpoint.name, reason=reason, raw=text))
                    self._count_unread(endpoint, raw)
            if progress := endpoint.progress(raw):
                self._fills[progress.order_id][progress.fill_id] = progress
        await self.publisher.publish(rows, unread)

    def _is_new(self, key: str, content: int) -> bool:
        """Tell whether this content of a row was not seen yet; a cancelled row keeps its key."""
        known = (key, content) in self._seen
        self._seen.add((key, content))
        return not known

    def _observe(self, endpoint: HistoryEndpoint, raw: Any) -> ObservedRow:
        parsed = endpoint.parse(raw, self.broker_account)
        connection, account = self.publisher.connection, self.publisher.account
        key = row_key(
            connection.broker, connection.environment, account.account_id, parsed.identity
        )
        return ObservedRow(key=key, row=parsed.row)

    def _count_unread(self, endpoint: HistoryEndpoint, raw: Any) -> None:
        day = endpoint.booked_on(raw)
        if day is None:  # it must show somewhere: on the day on which we met it
            day = self.publisher.clock.now().astimezone(self.client.spec.zone).date()
        self.publisher.unread_days[day] += 1

    async def _heal(self, endpoint: HistoryEndpoint) -> None:
        """Read orders again whose fills do not add up: paging may skip rows of one millisecond."""
        # even when the budget is spent: what is published now counts as complete
        ask = partial(self._ask, endpoint)
        for order_id in [o for o, fills in self._fills.items() if _may_lack(fills)]:
            state = (order_id, _filled(self._fills[order_id]))
            if state in self._reread:
                continue
            self._reread.add(state)
            async for rows in walk(ask, endpoint.order_params(order_id), endpoint.next_params):
                await self._take(endpoint, rows)
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


def _filled(fills: dict[str, FillProgress]) -> Decimal:
    return sum((fill.quantity for fill in fills.values()), Decimal(0))


def _is_short(fills: dict[str, FillProgress]) -> bool:
    return _filled(fills) != max(fill.cumulative for fill in fills.values())


def _may_lack(fills: dict[str, FillProgress]) -> bool:
    """Suspect an order that does not add up, or that is open after its last fill we know."""
    last = max(fills.values(), key=lambda fill: fill.cumulative)
    return last.leaves != 0 or _is_short(fills)
