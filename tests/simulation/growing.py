"""TradeStation under the simulation: orders that grow, close and are broken, told newest first."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from infra.simulators.brokers.tradestation.orders import Account, Order
from infra.simulators.brokers.tradestation.world import TradeStationWorld
from shared.brokers.spec import Ask, BrokerAccount, BrokerSpec, Page, Request, Walk, Window
from shared.brokers.tradestation.spec import SPEC
from shared.domain.ids import AccountKey
from tests.simulation.watch import Booking, Told

_PAGE = "4"
_SHOWN_PLACES = 10  # of an average price, at this broker


def _small_pages(walk: Walk) -> Walk:
    async def smaller(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        async def asks(request: Request) -> Any:
            return await ask(replace(request, params={**request.params, "pageSize": _PAGE}))

        async for page in walk(asks, account, window):
            yield page

    return smaller


TRADESTATION: BrokerSpec = replace(
    SPEC, history=tuple(replace(one, walk=_small_pages(one.walk)) for one in SPEC.history)
)


@dataclass
class Trader:
    """Trades in one account; orders that are open go on in the next phase."""

    world: TradeStationWorld
    account: Account
    key: AccountKey
    random: Random
    open: list[Order] = field(default_factory=list)

    def trade(self, now: datetime) -> list[Booking]:
        """Let open orders go on, and give a few new ones."""
        for order in self.open:
            self._go_on(order, now)
        self.open = [order for order in self.open if order.closed_at is None]
        return [self._new(now) for _ in range(self.random.choice([0, 1, 2, 6]))]

    def _new(self, now: datetime) -> Booking:
        random = self.random
        at = now - timedelta(seconds=random.choice([0, 60, 100_000]))
        action, symbol = random.choice(["Buy", "Sell"]), random.choice(["KO", "PEP"])
        legs = [(symbol, action, Decimal(30))]
        order = self.world.order(self.account, legs, at=at, duration="GTC")
        order.visible_at = now + timedelta(minutes=random.choice([0, 0, 10]))
        self._fill(order, at)
        if random.random() < 0.6:
            self._close(order, now)
        else:
            self.open.append(order)
        return Booking(self.key, order.order_id, at, max(at, order.visible_at))

    def _go_on(self, order: Order, now: datetime) -> None:
        if self.random.random() < 0.6:
            self._fill(order, now)
        if self.random.random() < 0.5:
            self._close(order, now)

    def _fill(self, order: Order, at: datetime) -> None:
        quantity, price = self.random.choice([5, 2]), self.random.randrange(60, 70)
        order.fill(Decimal(quantity), Decimal(price), at)

    def _close(self, order: Order, now: datetime) -> None:
        order.close(now, self.random.choice(["FLL", "OUT"]))
        if self.random.random() < 0.2:
            order.broken_at = now + timedelta(minutes=self.random.choice([5, 100]))

    def truth(self, now: datetime) -> dict[str, Told]:
        """Say of each order whether it stands, and what was filled in all at which average."""
        return {order.order_id: _told(order, now) for order in self.account.orders}


def _told(order: Order, now: datetime) -> Told:
    (leg,) = order.legs
    status = "busted" if order.broken_by(now) else "booked"
    filled = sum((one.quantity for one in leg.seen(now)), Decimal(0))
    average = round(leg.average(now) or Decimal(0), _SHOWN_PLACES)
    return Told(order.order_id, status, leg.symbol, leg.action.lower(), filled, average)
