"""One simulated Alpaca account: what was booked in it, and what follows from that."""

import uuid
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from infra.simulators.brokers.holding import Holding
from shared.domain.money import decimal_text, divide
from shared.domain.time import NEW_YORK, iso

_NAMES = uuid.UUID("7e1f00aa-0000-4000-8000-000000000000")


def stable_uuid(*parts: object) -> str:
    """Derive an id from content, so that a script gives the same world every time."""
    return str(uuid.uuid5(_NAMES, "|".join(map(str, parts))))


_SHOWN_PLACES = 10  # of an average price; the book keeps it exact


@dataclass(frozen=True)
class Activity:
    """One booked row; it can be seen from `visible_at` on (late rows: after `created_at`)."""

    body: dict[str, Any]
    created_at: datetime
    visible_at: datetime
    quantity: Decimal = Decimal(0)  # signed effect on the position in `symbol`
    price: Decimal = Decimal(0)
    cash: Decimal = Decimal(0)

    @property
    def order(self) -> tuple[int, str]:
        """Sort by millisecond; inside one the order is the id's, that is arbitrary."""
        return int(self.created_at.timestamp() * 1000), str(self.body["id"])


@dataclass
class Account:
    """An account with its logins and its book; figures are exact decimals of what is visible."""

    account_id: str
    number: str
    environment: str
    opened_at: datetime
    start_cash: Decimal
    key_id: str | None = None
    secret_key: str | None = None
    oauth_token: str | None = None
    revoked: bool = False
    book: list[Activity] = field(default_factory=list)

    def add(self, activity: Activity) -> None:
        """Book a row in its place."""
        insort(self.book, activity, key=lambda booked: booked.order)

    def visible(self, now: datetime) -> list[Activity]:
        """List what can be seen, oldest first."""
        return [a for a in self.book if a.created_at <= now and a.visible_at <= now]

    def holdings(self, now: datetime) -> dict[str, Holding]:
        """Work out the open positions from the fills, in the order of execution."""
        held: dict[str, Holding] = {}
        fills = [a for a in self.visible(now) if a.quantity]
        for fill in sorted(fills, key=lambda a: a.created_at):
            held.setdefault(fill.body["symbol"], Holding()).fill(fill.quantity, fill.price)
        return {symbol: h for symbol, h in sorted(held.items()) if h.quantity}

    def cash(self, now: datetime) -> Decimal:
        """Count the money."""
        return self.start_cash + sum((a.cash for a in self.visible(now)), Decimal(0))


def fill_body(
    activity_id: str, at: datetime, *, symbol: str, side: str, order_id: str
) -> dict[str, Any]:
    """Begin a FILL row; quantities are added by the world."""
    return {
        "id": activity_id,
        "activity_type": "FILL",
        "transaction_time": iso(at),
        "side": side,
        "symbol": symbol,
        "order_id": order_id,
    }


def activity_id(at: datetime, name: str) -> str:
    """Write an id as Alpaca does: New York local time in milliseconds, then a uuid."""
    local = at.astimezone(NEW_YORK)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}::{name}"


def day_id(day: date, name: str) -> str:
    """Write the id of a row that has a day and no time."""
    return f"{day:%Y%m%d}000000000::{name}"


def account_body(account: Account, now: datetime) -> dict[str, Any]:
    """Render GET /v2/account."""
    values = [h.value for h in account.holdings(now).values()]
    cash = account.cash(now)
    longs, shorts = _sum(v for v in values if v > 0), _sum(v for v in values if v < 0)
    equity = cash + longs + shorts
    return {
        "id": account.account_id,
        "account_number": account.number,
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": "USD",
        "cash": decimal_text(cash),
        "accrued_fees": "0",
        "portfolio_value": decimal_text(equity),
        "equity": decimal_text(equity),
        "long_market_value": decimal_text(longs),
        "short_market_value": decimal_text(shorts),
        "position_market_value": decimal_text(longs + shorts),
        "trading_blocked": False,
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": False,
        "shorting_enabled": True,
        "multiplier": "2",
        "created_at": iso(account.opened_at),
    }


def position_body(symbol: str, holding: Holding) -> dict[str, Any]:
    """Render one line of GET /v2/positions."""
    cost = holding.quantity * holding.average
    return {
        "asset_id": stable_uuid("asset", symbol),
        "symbol": symbol,
        "exchange": "NASDAQ",
        "asset_class": "us_equity",
        "asset_marginable": True,
        "qty": decimal_text(holding.quantity),
        "qty_available": decimal_text(holding.quantity),
        "avg_entry_price": decimal_text(round(holding.average, _SHOWN_PLACES)),
        "side": "long" if holding.quantity > 0 else "short",
        "market_value": decimal_text(holding.value),
        "cost_basis": decimal_text(cost),
        "unrealized_pl": decimal_text(holding.value - cost),
        "current_price": decimal_text(holding.last_price),
    }


def order_body(fills: list[Activity]) -> dict[str, Any]:
    """Render one order of GET /v2/orders from its fills, oldest first."""
    first, last = fills[0].body, fills[-1].body
    filled = _sum(abs(f.quantity) for f in fills)
    whole = filled + Decimal(last["leaves_qty"])
    return {
        "id": first["order_id"],
        "client_order_id": stable_uuid("client", first["order_id"]),
        "created_at": first["transaction_time"],
        "submitted_at": first["transaction_time"],
        "updated_at": last["transaction_time"],
        "filled_at": last["transaction_time"] if filled == whole else None,
        "asset_id": stable_uuid("asset", first["symbol"]),
        "symbol": first["symbol"],
        "asset_class": "us_equity",
        "qty": decimal_text(whole),
        "filled_qty": decimal_text(filled),
        "filled_avg_price": decimal_text(
            divide(_sum(abs(f.quantity) * f.price for f in fills), filled)
        ),
        "order_class": "simple",
        "order_type": "market",
        "type": "market",
        "side": "buy" if first["side"] == "buy" else "sell",
        "time_in_force": "day",
        "status": "filled" if filled == whole else "partially_filled",
        "extended_hours": False,
    }


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))
