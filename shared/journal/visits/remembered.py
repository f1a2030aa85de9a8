"""What a run remembers of the rows that it has met; it does not grow with the history."""

from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal

from shared.brokers.spec import FillProgress

_SEEN_ROWS = 20_000  # the latest; a stretch that is read again has fewer


@dataclass(slots=True)
class SeenRows:
    """The latest contents of rows; `count` is how many were new.

    Shape: a content that was forgotten is new once more. Published again it changes nothing.
    """

    most: int = _SEEN_ROWS
    count: int = 0
    _latest: OrderedDict[tuple[str, int], None] = field(default_factory=OrderedDict, init=False)

    def is_new(self, key: str, content: int) -> bool:
        """Tell whether this content of a row was not seen yet; a cancelled row keeps its key."""
        if (key, content) in self._latest:
            return False
        self._latest[key, content] = None
        self.count += 1
        if len(self._latest) > self.most:
            self._latest.popitem(last=False)
        return True


@dataclass(slots=True)
class Order:
    """What is known of one order's fills; `filled` is their sum."""

    order_id: str
    filled: Decimal = Decimal(0)
    _fills: dict[str, FillProgress] = field(default_factory=dict, init=False)

    def add(self, fill: FillProgress) -> None:
        """Count a fill; the same one again replaces itself."""
        before = self._fills.get(fill.fill_id)
        self.filled += fill.quantity - (before.quantity if before else 0)
        self._fills[fill.fill_id] = fill

    @property
    def cumulative(self) -> Decimal:
        """How much the broker says was filled."""
        return self._last.cumulative

    @property
    def is_short(self) -> bool:
        """Whether the fills do not add up."""
        return self.filled != self.cumulative

    @property
    def may_lack(self) -> bool:
        """Whether it does not add up, or is open after its last fill that we know."""
        return self._last.leaves != 0 or self.is_short

    @property
    def _last(self) -> FillProgress:
        return max(self._fills.values(), key=lambda fill: fill.cumulative)


@dataclass(slots=True)
class OpenOrders:
    """Adds up the fills of orders, and forgets an order that is whole."""

    _orders: dict[str, Order] = field(default_factory=dict, init=False)
    _reread: set[tuple[str, Decimal]] = field(default_factory=set, init=False)  # order, filled then

    def add(self, fill: FillProgress | None) -> None:
        """Count one fill; None is a row that is no fill."""
        if fill is None:
            return
        if (
            fill.quantity == fill.cumulative
            and not fill.leaves
            and fill.order_id not in self._orders
        ):
            return  # whole in one fill, as most are
        order = self._orders.setdefault(fill.order_id, Order(fill.order_id))
        order.add(fill)
        if not order.may_lack:
            del self._orders[fill.order_id]

    def to_read_again(self) -> list[str]:
        """Name the orders that may lack fills, each once as it is."""
        wanted = [o for o in self._orders.values() if (o.order_id, o.filled) not in self._reread]
        self._reread |= {(order.order_id, order.filled) for order in wanted}
        return [order.order_id for order in wanted]

    def give_up_short(self) -> list[Order]:
        """Forget the orders whose fills do not add up, and give them."""
        short = [one for one in self._orders.values() if one.is_short]
        for one in short:
            del self._orders[one.order_id]
        return short
