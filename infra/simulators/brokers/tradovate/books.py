"""What the simulated Tradovate books for its accounts: trades, their fees and pairs, ledgers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from infra.simulators.brokers.tradovate.library import Contract
from shared.domain.execution import AssetClass
from shared.domain.journal.trading_day import trading_day
from shared.domain.money import divide
from shared.domain.time import as_utc

Row = dict[str, Any]
FEES = {"clearing": "0.19", "exchange": "1.38", "nfa": "0.02", "commission": "1.29"}
_CHANGES = {
    "clearing": "ClearingFee",
    "exchange": "ExchangeFee",
    "nfa": "NfaFee",
    "commission": "Commission",
}


def stamp(at: datetime) -> str:
    """Write an instant as Tradovate does."""
    return f"{as_utc(at):%Y-%m-%dT%H:%M:%S}.{as_utc(at).microsecond // 1000:03d}Z"


def session(at: datetime) -> Row:
    """Write the session that an instant belongs to."""
    day = trading_day(AssetClass.FUTURE, at)
    return {"year": day.year, "month": day.month, "day": day.day}


@dataclass
class Account:
    """An account behind a login; `refused` ones answer with an error text."""

    account_id: int
    name: str
    user_name: str
    opened_at: datetime
    refused: bool = False

    def row(self) -> Row:
        """Render it."""
        return {
            "id": self.account_id,
            "name": self.name,
            "userId": 15_001,
            "accountType": "Customer",
            "active": True,
            "archived": False,
            "timestamp": stamp(self.opened_at),
        }


@dataclass
class Trade:
    """One fill; `busted_at` is when the exchange took it back, `is_active` what its row says."""

    fill_id: int
    order_id: int
    account: Account
    contract: Contract
    change: int  # signed contracts
    price: Decimal
    at: datetime
    fees: dict[str, Decimal]  # by name, of the whole fill
    fees_at: datetime
    busted_at: datetime | None = None
    is_active: bool = True
    unpaired: int = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing closed."""
        self.unpaired = abs(self.change)

    def row(self) -> Row:
        """Render the fill: neither its account nor its symbol is in it."""
        return {
            "id": self.fill_id,
            "orderId": self.order_id,
            "contractId": self.contract.contract_id,
            "timestamp": stamp(self.at),
            "tradeDate": session(self.at),
            "action": "Buy" if self.change > 0 else "Sell",
            "qty": abs(self.change),
            "price": float(self.price),
            "active": self.is_active,
            "finallyPaired": abs(self.change) - self.unpaired,
        }

    def order_row(self) -> Row:
        """Render its order."""
        return {
            "id": self.order_id,
            "accountId": self.account.account_id,
            "contractId": self.contract.contract_id,
            "timestamp": stamp(self.at),
            "action": "Buy" if self.change > 0 else "Sell",
            "ordStatus": "Filled",
        }

    def fee_row(self) -> Row:
        """Render its fee; parts that cost nothing are left out."""
        row: Row = {"id": self.fill_id}
        for name, amount in self.fees.items():
            row[name if name == "commission" else f"{name}Fee"] = float(amount)
            row[f"{name}CurrencyId"] = 1
        return row

    def counts(self, now: datetime) -> bool:
        """Tell whether it is part of a position."""
        return self.at <= now and (self.busted_at is None or self.busted_at > now)


@dataclass
class Line:
    """One line of a ledger; its balance follows from those before it."""

    line_id: int
    account: Account
    kind: str
    delta: Decimal
    at: datetime
    refers: Row

    def row(self, balance: Decimal) -> Row:
        """Render it with the balance after it."""
        return {
            "id": self.line_id,
            "accountId": self.account.account_id,
            "timestamp": stamp(self.at),
            "tradeDate": session(self.at),
            "currencyId": 1,
            "amount": float(balance),
            "cashChangeType": self.kind,
            "delta": float(self.delta),
            **self.refers,
        }


@dataclass
class Books:
    """Everything that was booked."""

    trades: list[Trade] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    pairs: list[tuple[Trade, Row]] = field(default_factory=list)  # the trade that closed
    reports: list[tuple[datetime, Row]] = field(default_factory=list)
    _issued: int = 540_725_260_000  # above 2**31, as the real ones

    def next_id(self) -> int:
        """Give an id that no entity has."""
        self._issued += 1
        return self._issued

    def write(
        self, account: Account, kind: str, delta: Decimal, at: datetime, **refers: Any
    ) -> None:
        """Add a line to a ledger."""
        self.lines.append(Line(self.next_id(), account, kind, delta, at, refers))

    def add(self, trade: Trade) -> None:
        """Book a fill, its fees, and the pairs that it closes, first in first out."""
        for name, amount in trade.fees.items():
            self.write(trade.account, _CHANGES[name], -amount, trade.fees_at, fillId=trade.fill_id)
        for other in self.trades:
            closes = other.contract == trade.contract and other.account is trade.account
            if closes and other.change * trade.change < 0 and other.busted_at is None:
                self._pair(other, trade)
        self.trades.append(trade)

    def _pair(self, opened: Trade, closing: Trade) -> None:
        quantity = min(opened.unpaired, closing.unpaired)
        if not quantity:
            return
        opened.unpaired -= quantity
        closing.unpaired -= quantity
        bought, sold = (opened, closing) if opened.change > 0 else (closing, opened)
        points = (sold.price - bought.price) * quantity
        row = {
            "id": self.next_id(),
            "positionId": closing.contract.contract_id,
            "buyFillId": bought.fill_id,
            "sellFillId": sold.fill_id,
            "qty": quantity,
            "buyPrice": float(bought.price),
            "sellPrice": float(sold.price),
            "active": True,
        }
        self.pairs.append((closing, row))
        delta = points * Decimal(str(closing.contract.point_value))
        self.write(closing.account, "TradePaired", delta, closing.at, fillPairId=row["id"])

    def ledger(self, account: Account, now: datetime) -> list[Row]:
        """Render an account's ledger, oldest line first."""
        own = [one for one in self.lines if one.account is account and one.at <= now]
        balance, rows = Decimal(0), []
        for line in sorted(own, key=lambda one: (one.at, one.line_id)):
            balance += line.delta
            rows.append(line.row(balance))
        return rows

    def cash(self, account: Account, now: datetime) -> Decimal:
        """Count the money."""
        own = (one for one in self.lines if one.account is account and one.at <= now)
        return sum((one.delta for one in own), Decimal(0))

    def held(self, account: Account, now: datetime) -> dict[Contract, int]:
        """Count what is held, by contract; what is flat is among it."""
        found: defaultdict[Contract, int] = defaultdict(int)
        for trade in self.trades:
            if trade.account is account and trade.counts(now):
                found[trade.contract] += trade.change
        return dict(found)

    def position_rows(self, account: Account, began: datetime, now: datetime) -> list[Row]:
        """Render positions, flat ones of this session among them."""
        before = self.held(account, began)
        return [
            self._position(account, contract, (before.get(contract, 0), net), (began, now))
            for contract, net in self.held(account, now).items()
        ]

    def _position(
        self,
        account: Account,
        contract: Contract,
        held: tuple[int, int],
        span: tuple[datetime, datetime],
    ) -> Row:
        before, net = held
        own = [one for one in self.trades if one.account is account and one.contract == contract]
        today = [one for one in own if one.counts(span[1]) and one.at >= span[0]]
        row: Row = {
            "id": account.account_id * 1000 + contract.contract_id % 1000,
            "accountId": account.account_id,
            "contractId": contract.contract_id,
            "timestamp": stamp(max(one.at for one in own)),
            "tradeDate": session(span[1]),
            "netPos": net,
            "bought": sum(one.change for one in today if one.change > 0),
            "sold": -sum(one.change for one in today if one.change < 0),
            "prevPos": before,
        }
        if net:
            row["netPrice"] = float(_average(one for one in own if one.unpaired))
        return row


def _average(open_trades: Iterable[Trade]) -> Decimal:
    trades = list(open_trades)
    worth = sum((one.price * one.unpaired for one in trades), Decimal(0))
    return divide(worth, Decimal(sum(one.unpaired for one in trades) or 1))
