"""One simulated OANDA account: its transactions, its open trades, and what follows from both."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared.domain.money import decimal_text, divide
from shared.domain.time import as_utc

_PLACES = Decimal("0.0001")  # of amounts in home currency


def money(amount: Decimal) -> str:
    """Write an amount as OANDA does, in four places."""
    return format(amount.quantize(_PLACES), "f")


def stamp(at: datetime, nanos: int = 0) -> str:
    """Write an instant with nine digits."""
    utc = as_utc(at)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond:06d}{nanos:03d}Z"


@dataclass(frozen=True)
class Trade:
    """An open trade; `units` signed."""

    trade_id: int
    instrument: str
    units: Decimal
    price: Decimal


@dataclass(frozen=True)
class Transaction:
    """One row of the book; it can be seen from `at` on."""

    number: int
    at: datetime
    body: dict[str, Any]
    balance: Decimal  # after it
    trades: tuple[Trade, ...]  # open after it


@dataclass
class Account:
    """An account with its book; the newest row that can be seen says what is held."""

    account_id: str
    environment: str
    token: str
    opened_at: datetime
    balance: Decimal
    currency: str = "USD"
    mt4_id: int | None = None
    forbidden: bool = False
    hedging: bool = False
    next_id: int = 1
    book: list[Transaction] = field(default_factory=list)
    _trades: list[Trade] = field(default_factory=list)

    def add(self, kind: str, at: datetime, change: Decimal, **fields: Any) -> str:
        """Book a row that changes the balance by so much; return its id."""
        number, self.next_id = self.next_id, self.next_id + 1
        self.balance += change
        body = {
            "id": str(number),
            "accountID": self.account_id,
            "userID": int(self.account_id.split("-")[2]),
            "batchID": str(number),
            "time": stamp(at),
            "type": kind,
            **({"accountBalance": money(self.balance)} if kind in _MOVING else {}),
            **fields,
        }
        trades = tuple(self._trades)
        self.book.append(Transaction(number, as_utc(at), body, self.balance, trades))
        return str(number)

    def legs(
        self, instrument: str, units: Decimal, price: Decimal, *, rate: Decimal, closes: str | None
    ) -> tuple[dict[str, Any], Decimal]:
        """Net a fill against open trades, oldest first; return its legs and the P&L at home.

        Shape: an account that hedges closes only the trade that is named.
        """
        rest, total, closed = units, Decimal(0), []
        found: dict[str, Any] = {}
        for trade in tuple(self._trades):
            if not rest or not self._is_closed_by(trade, instrument, rest, closes):
                continue
            taken = max(rest, -trade.units) if rest < 0 else min(rest, -trade.units)
            gained = -taken * (price - trade.price) * rate
            left, rest, total = trade.units + taken, rest - taken, total + gained
            leg = _leg(trade.trade_id, taken, price) | {
                "realizedPL": money(gained),
                "financing": "0.0000",
            }
            place = self._trades.index(trade)
            self._trades[place : place + 1] = [replace(trade, units=left)] if left else []
            if left:
                found["tradeReduced"] = leg
            else:
                closed.append(leg)
        if closed:
            found["tradesClosed"] = closed
        if rest:
            self._trades.append(Trade(self.next_id, instrument, rest, price))
            found["tradeOpened"] = _leg(self.next_id, rest, price)
        return found, total

    def _is_closed_by(
        self, trade: Trade, instrument: str, units: Decimal, closes: str | None
    ) -> bool:
        if trade.instrument != instrument or trade.units * units >= 0:
            return False
        return not self.hedging if closes is None else str(trade.trade_id) == closes

    def visible(self, now: datetime) -> list[Transaction]:
        """List what can be seen, by id."""
        return [t for t in self.book if t.at <= now]

    def last_id(self, now: datetime) -> str:
        """Tell the newest id."""
        seen = self.visible(now)
        return str(seen[-1].number if seen else 0)

    def trades(self, now: datetime) -> tuple[Trade, ...]:
        """List the trades that are open."""
        seen = self.visible(now)
        return seen[-1].trades if seen else ()

    def held(self, now: datetime) -> dict[str, Decimal]:
        """Net the open trades by instrument."""
        found: dict[str, Decimal] = {}
        for trade in self.trades(now):
            found[trade.instrument] = found.get(trade.instrument, Decimal(0)) + trade.units
        return found


_MOVING = frozenset(("ORDER_FILL", "DAILY_FINANCING", "DIVIDEND_ADJUSTMENT", "TRANSFER_FUNDS"))


def _leg(trade_id: int, units: Decimal, price: Decimal) -> dict[str, Any]:
    return {
        "tradeID": str(trade_id),
        "units": decimal_text(units),
        "price": format(price, "f"),
        "guaranteedExecutionFee": "0.0000",
        "halfSpreadCost": "0.0000",
    }


def account_row(account: Account) -> dict[str, Any]:
    """Render a line of GET /v3/accounts."""
    row: dict[str, Any] = {"id": account.account_id, "tags": []}
    if account.mt4_id is not None:
        row |= {"tags": ["MT4"], "mt4AccountID": account.mt4_id}
    return row


def summary_body(account: Account, now: datetime) -> dict[str, Any]:
    """Render an account's summary; open trades are valued at their own prices."""
    seen, trades = account.visible(now), account.trades(now)
    balance = money(seen[-1].balance if seen else account.balance)
    return {
        "id": account.account_id,
        "alias": "Primary",
        "currency": account.currency,
        "balance": balance,
        "createdByUserID": int(account.account_id.split("-")[2]),
        "createdTime": stamp(account.opened_at),
        **{name: money(_total(seen, name)) for name in ("pl", "financing", "commission")},
        "unrealizedPL": "0.0000",
        "NAV": balance,
        "openTradeCount": len(trades),
        "openPositionCount": len({trade.instrument for trade in trades}),
        "pendingOrderCount": 0,
        "hedgingEnabled": account.hedging,
        "lastTransactionID": account.last_id(now),
    }


def position_bodies(account: Account, now: datetime) -> list[dict[str, Any]]:
    """Render the open positions, both sides of each."""
    found, seen = [], account.visible(now)
    for instrument in sorted({trade.instrument for trade in account.trades(now)}):
        trades = [t for t in account.trades(now) if t.instrument == instrument]
        fills = [row for row in seen if row.body.get("instrument") == instrument]
        found.append(
            {
                "instrument": instrument,
                "pl": money(_total(fills, "pl")),
                "unrealizedPL": "0.0000",
                "long": _side([t for t in trades if t.units > 0]),
                "short": _side([t for t in trades if t.units < 0]),
            }
        )
    return found


def _side(trades: list[Trade]) -> dict[str, Any]:
    units = sum((trade.units for trade in trades), Decimal(0))
    side: dict[str, Any] = {"units": decimal_text(units), "unrealizedPL": "0.0000"}
    if units:
        cost = sum((trade.units * trade.price for trade in trades), Decimal(0))
        side["averagePrice"] = decimal_text(round(divide(cost, units), 5))
        side["tradeIDs"] = [str(trade.trade_id) for trade in trades]
    return side


def _total(rows: list[Transaction], name: str) -> Decimal:
    return sum((Decimal(row.body.get(name, "0")) for row in rows), Decimal(0))
