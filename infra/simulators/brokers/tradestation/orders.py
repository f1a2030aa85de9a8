"""Simulated TradeStation accounts and orders, and how they look at an instant.

Everything is scripted with its time, so the same order is open, partly filled, closed or broken
depending on when it is looked at; like the real one it tells totals and averages, never prints.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from infra.simulators.brokers.holding import Holding
from shared.domain.money import decimal_text, divide
from shared.domain.time import NEW_YORK, iso

_SHOWN_PLACES = 10  # of an average price; the book keeps it exact
_SUPPORTED = frozenset(("Cash", "Margin", "Futures", "DVP"))
_WORDS = {
    "OPN": "Sent",
    "ACK": "Received",
    "FPR": "Partial Fill (Alive)",
    "FLL": "Filled",
    "FLP": "Partial Fill (UROut)",
    "OUT": "UROut",
    "BRO": "Broken",
}


@dataclass(frozen=True)
class Listing:
    """What a symbol is; the money of one point of its price."""

    asset_type: str = "STOCK"
    point_value: Decimal = Decimal(1)


@dataclass(frozen=True)
class Print:
    """One fill inside a leg, which no answer shows by itself."""

    quantity: Decimal
    price: Decimal
    at: datetime


@dataclass
class Leg:
    """One symbol of an order; `action` is Buy, Sell, SellShort or BuyToCover."""

    symbol: str
    action: str
    ordered: Decimal
    listing: Listing
    prints: list[Print] = field(default_factory=list)

    @property
    def sign(self) -> int:
        """How a fill moves the position."""
        return 1 if self.action.startswith("Buy") else -1

    def seen(self, now: datetime) -> list[Print]:
        """List what was filled by then, oldest first."""
        return sorted((p for p in self.prints if p.at <= now), key=lambda p: p.at)

    def average(self, now: datetime) -> Decimal | None:
        """Work out the average price."""
        seen = self.seen(now)
        filled = _sum(p.quantity for p in seen)
        money = _sum(p.quantity * p.price for p in seen)
        return divide(money, filled) if filled else None


@dataclass
class Order:
    """An order with its life: opened, filled, closed, perhaps broken.

    Shape: `status` is what it shows once closed, `live_status` what it shows before (None: OPN or
    FPR); `visible_at` delays it in every answer.
    """

    order_id: str
    account_id: str
    opened_at: datetime
    legs: list[Leg]
    duration: str = "DAY"
    commission: Decimal = Decimal(0)
    closed_at: datetime | None = None
    status: str = "FLL"
    live_status: str | None = None
    broken_at: datetime | None = None
    visible_at: datetime | None = None

    def fill(self, qty: Decimal, price: Decimal, at: datetime, leg: int = 0) -> None:
        """Print one fill in a leg."""
        self.legs[leg].prints.append(Print(qty, price, at))

    def close(self, at: datetime, status: str = "FLL") -> None:
        """End the order; what is not filled by then never will be."""
        self.closed_at, self.status = at, status

    def exists(self, now: datetime) -> bool:
        """Tell whether any answer shows it."""
        return (self.visible_at or self.opened_at) <= now

    def closed_by(self, now: datetime) -> datetime | None:
        """Tell when it closed, None while it is open."""
        return self.closed_at if self.closed_at and self.closed_at <= now else None

    def broken_by(self, now: datetime) -> bool:
        """Tell whether its trade was taken back."""
        return self.broken_at is not None and self.broken_at <= now

    def body(self, now: datetime) -> dict[str, Any]:
        """Render it as the orders endpoints do; numbers are texts."""
        closed = self.closed_by(now)
        status = self._status_at(now)
        return {
            "AccountID": self.account_id,
            **({"ClosedDateTime": _seconds(closed)} if closed else {}),
            "CommissionFee": decimal_text(self.commission),
            "Currency": "USD",
            "Duration": self.duration,
            "FilledPrice": _price_text(self._net_price(now)),
            "Legs": [_leg_body(leg, now) for leg in self.legs],
            "OpenedDateTime": _seconds(self.opened_at),
            "OrderID": self.order_id,
            "OrderType": "Limit",
            "PriceUsedForBuyingPower": "0",
            "Routing": "Intelligent",
            "Status": status,
            "StatusDescription": _WORDS.get(status, status),
            "UnbundledRouteFee": "0",
            **({"Spread": "Vertical"} if len(self.legs) > 1 else {}),
        }

    def _status_at(self, now: datetime) -> str:
        if self.broken_by(now):
            return "BRO"
        if self.closed_by(now):
            return self.status
        return self.live_status or ("FPR" if any(leg.seen(now) for leg in self.legs) else "OPN")

    def _net_price(self, now: datetime) -> Decimal:
        averages = [(leg.sign, leg.average(now) or Decimal(0)) for leg in self.legs]
        return averages[0][1] if len(averages) == 1 else _sum(s * price for s, price in averages)


@dataclass
class Account:
    """An account and its orders; `environment` is live or sim."""

    account_id: str
    kind: str
    environment: str
    status: str
    start_cash: Decimal
    orders: list[Order] = field(default_factory=list)

    @property
    def supported(self) -> bool:
        """Whether its orders can be asked for; others are only listed."""
        return self.kind in _SUPPORTED

    def historical(self, since: date, now: datetime) -> list[Order]:
        """List orders closed before today."""
        today = _today(now)
        return self._closed(lambda day: since <= day < today, now)

    def current(self, now: datetime) -> list[Order]:
        """List orders that are open, whenever they were opened, and those closed today."""
        live = [o for o in self.orders if o.exists(now) and o.closed_by(now) is None]
        today = _today(now)
        return [*live, *self._closed(lambda day: day == today, now)]

    def _closed(self, wanted: Callable[[date], bool], now: datetime) -> list[Order]:
        known = [order for order in self.orders if order.exists(now)]
        return [o for o in known if (closed := o.closed_by(now)) and wanted(_today(closed))]

    def holdings(self, now: datetime) -> dict[str, tuple[Listing, Holding]]:
        """Work out what is held from all prints that stand."""
        held: dict[str, tuple[Listing, Holding]] = {}
        for leg, one in self._prints(now):
            _, holding = held.setdefault(leg.symbol, (leg.listing, Holding()))
            holding.fill(leg.sign * one.quantity, one.price)
        return {symbol: kept for symbol, kept in sorted(held.items()) if kept[1].quantity}

    def cash(self, now: datetime) -> Decimal:
        """Count the money; a future costs nothing to hold, only its result is paid."""
        spent = _sum(
            leg.sign * p.quantity * p.price * leg.listing.point_value
            for leg, p in self._prints(now)
        )
        margined = _sum(
            holding.quantity * holding.average * listing.point_value
            for listing, holding in self.holdings(now).values()
            if listing.asset_type == "FUTURE"
        )
        fees = _sum(o.commission for o in self.orders if any(leg.seen(now) for leg in o.legs))
        return self.start_cash - spent + margined - fees

    def _prints(self, now: datetime) -> Iterator[tuple[Leg, Print]]:
        legs = [leg for order in self.orders if not order.broken_by(now) for leg in order.legs]
        yield from sorted(((leg, p) for leg in legs for p in leg.seen(now)), key=lambda f: f[1].at)


def newest_first(closed: Iterable[Order]) -> list[Order]:
    """Sort closed orders as the history does."""
    return sorted(closed, key=lambda o: (o.closed_at or o.opened_at, o.order_id), reverse=True)


def account_body(account: Account) -> dict[str, Any]:
    """Render one line of GET /v3/brokerage/accounts."""
    return {
        "AccountID": account.account_id,
        "Currency": "USD",
        "Status": account.status,
        "AccountType": account.kind,
    }


def balance_body(account: Account, now: datetime) -> dict[str, Any]:
    """Render one line of GET .../balances."""
    cash = account.cash(now)
    value = _sum(
        h.value * listing.point_value
        for listing, h in account.holdings(now).values()
        if listing.asset_type != "FUTURE"
    )
    return {
        "AccountID": account.account_id,
        "AccountType": account.kind,
        "CashBalance": decimal_text(cash),
        "Equity": decimal_text(cash + value),
        "MarketValue": decimal_text(value),
        "Commission": "0",
    }


def position_body(account: Account, symbol: str, now: datetime) -> dict[str, Any]:
    """Render one line of GET .../positions; shorts are negative."""
    listing, holding = account.holdings(now)[symbol]
    last = decimal_text(holding.last_price)
    zeros = ("DayTradeRequirement", "InitialRequirement", "MaintenanceMargin", "TodaysProfitLoss")
    gains = ("UnrealizedProfitLoss", "UnrealizedProfitLossPercent", "UnrealizedProfitLossQty")
    return {
        "AccountID": account.account_id,
        "AssetType": listing.asset_type,
        "AveragePrice": _price_text(holding.average),
        "ConversionRate": "1",
        "LongShort": "Long" if holding.quantity > 0 else "Short",
        "MarketValue": decimal_text(holding.value * listing.point_value),
        "PositionID": f"{account.account_id}-{symbol}",
        "Quantity": decimal_text(holding.quantity),
        "Symbol": symbol,
        "Timestamp": _seconds(now),
        "TotalCost": decimal_text(holding.quantity * holding.average * listing.point_value),
        **dict.fromkeys(("Last", "Bid", "Ask", "MarkToMarketPrice"), last),
        **dict.fromkeys((*zeros, *gains), "0"),
    }


def _leg_body(leg: Leg, now: datetime) -> dict[str, Any]:
    filled, average = _sum(p.quantity for p in leg.seen(now)), leg.average(now)
    return {
        "AssetType": leg.listing.asset_type,
        "BuyOrSell": leg.action,
        "ExecQuantity": decimal_text(filled),
        **({} if average is None else {"ExecutionPrice": _price_text(average)}),
        "OpenOrClose": "Open" if leg.action in {"Buy", "SellShort"} else "Close",
        "QuantityOrdered": decimal_text(leg.ordered),
        "QuantityRemaining": decimal_text(leg.ordered - filled),
        "Symbol": leg.symbol,
    }


def _today(instant: datetime) -> date:
    return instant.astimezone(NEW_YORK).date()


def _seconds(instant: datetime) -> str:
    """Write whole seconds, as TradeStation does."""
    return iso(instant - timedelta(microseconds=instant.microsecond))


def _price_text(price: Decimal) -> str:
    return decimal_text(round(price, _SHOWN_PLACES))


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))
