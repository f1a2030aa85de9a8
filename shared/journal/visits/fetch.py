"""Reading one account's history at its broker and publishing it page by page.

Nothing here decides when to run or what a failure means for the connection; see sync.py.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from shared.brokers.engine.client import BrokerClient
from shared.brokers.spec import (
    BrokerAccount,
    HistoryEndpoint,
    Ignored,
    OrderCheck,
    Request,
    Window,
)
from shared.domain.errors import BudgetSpent, UnparseableRow
from shared.domain.messages import ObservedRow, UnreadRow
from shared.domain.money import decimal_text
from shared.journal.visits.publisher import PagePublisher
from shared.journal.visits.reading import observe
from shared.journal.visits.remembered import OpenOrders, Order, SeenRows

_LONGEST_REASON = 500


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
    _seen: SeenRows = field(default_factory=SeenRows)
    _orders: OpenOrders = field(default_factory=OpenOrders)

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
        try:
            return await self._read(window)
        finally:  # what was read before it failed stays
            await self.publisher.flush()

    async def _read(self, window: Window) -> Reach:
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

    def lasting(self) -> dict[str, str]:
        """Give the marks that mean something once a window was read whole."""
        gone = {one.name for one in self.client.spec.history if one.forgets}
        return {name: mark for name, mark in self.marks.items() if name not in gone}

    def has_advanced(self) -> bool:
        """Tell whether such a walk has come further than it was."""
        return self.resumable() != self._begun

    async def confirms(self, window: Window) -> bool:
        """Read a stretch again and publish what is new; say whether nothing was.

        Raises: as `read`.
        """
        self.client.forget_shared()
        before = self._seen.count
        reached = await self.read(window)
        return reached.until == window.until and self._seen.count == before

    async def _read_endpoint(self, endpoint: HistoryEndpoint, window: Window) -> Reach:
        reached = window.since
        now = self.publisher.clock.now()
        asked = replace(window, mark=self.marks.get(endpoint.name), now=now)
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
        if self.client.out_of_time and not self.client.knows(request):
            raise BudgetSpent("the next page belongs to the next message")
        return await self.client.ask(request)

    async def _take(
        self, endpoint: HistoryEndpoint, raws: Iterable[Any], *, healing: bool = False
    ) -> None:
        rows: list[ObservedRow] = []
        unread: list[UnreadRow] = []
        for raw in raws:
            before = self._seen.count
            try:
                rows += [row for row in self._observe(endpoint, raw) if self._is_new_row(row)]
            except UnparseableRow as error:
                text = json.dumps(raw, default=str)  # exact: decimals are written as texts
                if self._seen.is_new(text, 0):
                    reason = str(error)[:_LONGEST_REASON]
                    unread.append(UnreadRow(endpoint=endpoint.name, reason=reason, raw=text))
                    self._count_unread(endpoint, raw)
            is_new = self._seen.count > before
            if endpoint.check and (is_new or healing):  # an order that is whole was forgotten
                self._orders.add(endpoint.check.progress(raw))
        await self.publisher.take(rows, unread)

    def _is_new_row(self, row: ObservedRow) -> bool:
        return self._seen.is_new(row.key, hash(to_json(row.row)))

    def _observe(self, endpoint: HistoryEndpoint, raw: Any) -> list[ObservedRow]:
        connection, account = self.publisher.connection, self.publisher.account
        place = (connection.broker, connection.environment, account.account_id)
        now = self.publisher.clock.now()
        found = observe(endpoint, raw, self.broker_account, place, now)
        if not isinstance(found, Ignored):
            return found
        # a stretch is read twice and a row can come in two histories: counted once
        if self._seen.is_new(endpoint.name, hash(json.dumps(raw, default=str))):
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
        for order_id in self._orders.to_read_again():
            walk = check.walk(order_id)
            async for page in walk(self.client.ask, self.broker_account, nothing):
                await self._take(endpoint, page.rows, healing=True)
        short = self._orders.give_up_short()
        await self.publisher.take([], [self._missing(endpoint, one) for one in short])

    def _missing(self, endpoint: HistoryEndpoint, order: Order) -> UnreadRow:
        found = {
            "order_id": order.order_id,
            "found": decimal_text(order.filled),
            "of": decimal_text(order.cumulative),
        }
        self._count_unread(endpoint, None)
        return UnreadRow(
            endpoint=endpoint.name,
            reason=f"order {order.order_id}: {found['found']} of {found['of']} are in the history",
            raw=json.dumps(found),
        )
