"""One simulated TopstepX account: its half-turns, and what the platform works out from them."""

import re
from bisect import insort
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zlib import crc32

from shared.domain.money import divide
from shared.domain.time import as_utc

_PLACES = Decimal("1E-9")  # prices and results are written with nine decimals
_COST_PLACES = Decimal("1E-4")
_FILLED, _MARKET = 2, 2  # status and type of an order
_CONTRACT = re.compile(r"CON\.F\.US\.(\w+)\.([FGHJKMNQUVXZ])(\d\d)")

# Product -> exchange's root, tick size, tick value in dollars, name.
_PRODUCTS = {
    "EP": ("ES", "0.25", "12.5", "E-Mini S&P 500"),
    "MES": ("MES", "0.25", "1.25", "Micro E-mini S&P 500"),
    "ENQ": ("NQ", "0.25", "5", "E-mini NASDAQ-100"),
    "MNQ": ("MNQ", "0.25", "0.5", "Micro E-mini Nasdaq-100"),
    "MGC": ("MGC", "0.1", "1", "Micro Gold"),
}


@dataclass(frozen=True)
class Contract:
    """One contract month, as Contract/searchById knows it."""

    contract_id: str
    name: str
    symbol_id: str
    description: str
    tick_size: Decimal
    tick_value: Decimal

    @property
    def point_value(self) -> Decimal:
        """Dollars for one contract and one point."""
        return self.tick_value / self.tick_size


def find_contract(contract_id: str) -> Contract | None:
    """Read a contract id; None for what the simulator does not list."""
    match = _CONTRACT.fullmatch(contract_id)
    if match is None or match[1] not in _PRODUCTS:
        return None
    product, month, year = match.groups()
    root, tick_size, tick_value, name = _PRODUCTS[product]
    return Contract(
        contract_id=contract_id,
        name=f"{root}{month}{year[-1]}",
        symbol_id=f"F.US.{product}",
        description=f"{name}: {month}{year}",
        tick_size=Decimal(tick_size),
        tick_value=Decimal(tick_value),
    )


@dataclass
class HalfTurn:
    """One fill; it can be seen from `visible_at` on and may be voided later."""

    trade_id: int
    order_id: int
    contract: Contract
    change: int  # signed contracts
    price: Decimal
    at: datetime
    visible_at: datetime
    fees: Decimal | None
    commissions: Decimal | None
    voided: bool = False

    @property
    def costs(self) -> Decimal:
        """What it cost."""
        return (self.fees or Decimal(0)) + (self.commissions or Decimal(0))


@dataclass
class Holding:
    """A position at its average price."""

    opened_at: datetime
    size: int = 0  # signed
    average: Decimal = Decimal(0)

    def fill(self, change: int, price: Decimal, at: datetime) -> Decimal | None:
        """Apply one half-turn; return what it closed in points x contracts, None if nothing."""
        before, self.size = self.size, self.size + change
        if before * change >= 0:  # opened or added to
            self.average = divide(before * self.average + change * price, Decimal(self.size))
            self.opened_at = self.opened_at if before else at
            return None
        closed = min(abs(before), abs(change)) * (1 if before > 0 else -1)
        result = (price - self.average) * closed
        if before * self.size < 0:  # flipped through flat
            self.average, self.opened_at = price, at
        return result


@dataclass
class Ledger:
    """What half-turns come to: positions by contract id, and each one's result in dollars."""

    holdings: dict[str, Holding] = field(default_factory=dict)
    results: dict[int, Decimal | None] = field(default_factory=dict)  # None: nothing was closed

    def add(self, turn: HalfTurn) -> None:
        """Add the next half-turn; what was voided does not count."""
        points = None
        if not turn.voided:
            held = self.holdings.setdefault(turn.contract.contract_id, Holding(turn.at))
            points = held.fill(turn.change, turn.price, turn.at)
        result = None if points is None else points * turn.contract.point_value
        self.results[turn.trade_id] = result


@dataclass
class Account:
    """An account behind a login; an inactive one shows up only when all accounts are asked for."""

    account_id: int
    name: str
    user_name: str
    start_balance: Decimal
    active: bool = True
    unknown: bool = False  # listed, but its searches are answered with AccountNotFound
    book: list[HalfTurn] = field(default_factory=list)

    def add(self, turn: HalfTurn) -> None:
        """Book a half-turn in its place."""
        insort(self.book, turn, key=lambda booked: (booked.at, booked.trade_id))

    def visible(self, now: datetime) -> list[HalfTurn]:
        """List what can be seen, oldest first."""
        return [turn for turn in self.book if turn.at <= now and turn.visible_at <= now]

    def ledger(self, now: datetime) -> Ledger:
        """Settle what can be seen."""
        ledger = Ledger()
        for turn in self.visible(now):
            ledger.add(turn)
        return ledger

    def holdings(self, now: datetime) -> dict[str, Holding]:
        """Work out the open positions, by contract id."""
        return {c: h for c, h in sorted(self.ledger(now).holdings.items()) if h.size}

    def balance(self, now: datetime) -> Decimal:
        """Count the money."""
        costs = (turn.costs for turn in self.visible(now) if not turn.voided)
        results = (result for result in self.ledger(now).results.values() if result)
        return self.start_balance + sum(results, Decimal(0)) - sum(costs, Decimal(0))


def stamp(at: datetime) -> str:
    """Write an instant as the platform does: an offset of zero and as many decimals as needed."""
    utc = as_utc(at)
    decimals = f"{utc.microsecond:06d}".rstrip("0")
    return f"{utc:%Y-%m-%dT%H:%M:%S}{'.' if decimals else ''}{decimals}+00:00"


def account_body(account: Account, now: datetime) -> dict[str, Any]:
    """Render one account of Account/search."""
    return {
        "id": account.account_id,
        "name": account.name,
        "balance": account.balance(now),
        "canTrade": account.active,
        "isVisible": account.active,
        "simulated": True,
    }


def trade_body(account: Account, turn: HalfTurn, result: Decimal | None) -> dict[str, Any]:
    """Render one half-turn of Trade/search; an absent cost has no field."""
    costs = {"fees": turn.fees, "commissions": turn.commissions}
    return {
        "id": turn.trade_id,
        "accountId": account.account_id,
        "contractId": turn.contract.contract_id,
        "creationTimestamp": stamp(turn.at),
        "price": turn.price.quantize(_PLACES),
        "profitAndLoss": None if result is None else result.quantize(_PLACES),
        **{name: c.quantize(_COST_PLACES) for name, c in costs.items() if c is not None},
        "side": 0 if turn.change > 0 else 1,
        "size": abs(turn.change),
        "voided": turn.voided,
        "orderId": turn.order_id,
    }


def order_body(account: Account, turns: list[HalfTurn]) -> dict[str, Any]:
    """Render one filled order of Order/search from its half-turns."""
    size = sum(abs(turn.change) for turn in turns)
    worth = sum((abs(turn.change) * turn.price for turn in turns), Decimal(0))
    first, last = min(turn.at for turn in turns), max(turn.at for turn in turns)
    return {
        "id": turns[0].order_id,
        "accountId": account.account_id,
        "contractId": turns[0].contract.contract_id,
        "symbolId": turns[0].contract.symbol_id,
        "creationTimestamp": stamp(first),
        "updateTimestamp": stamp(last),
        "status": _FILLED,
        "type": _MARKET,
        "side": 0 if turns[0].change > 0 else 1,
        "size": size,
        "limitPrice": None,
        "stopPrice": None,
        "fillVolume": size,
        "filledPrice": divide(worth, Decimal(size)).quantize(_PLACES),
        "customTag": None,
    }


def position_body(account: Account, contract_id: str, holding: Holding) -> dict[str, Any]:
    """Render one line of Position/searchOpen."""
    contract = find_contract(contract_id)
    return {
        "id": crc32(f"{account.account_id} {contract_id} {stamp(holding.opened_at)}".encode()),
        "accountId": account.account_id,
        "contractId": contract_id,
        "contractDisplayName": contract.name if contract else contract_id,
        "creationTimestamp": stamp(holding.opened_at),
        "type": 1 if holding.size > 0 else 2,
        "size": abs(holding.size),
        "averagePrice": holding.average.quantize(_PLACES),
    }


def contract_body(contract: Contract) -> dict[str, Any]:
    """Render one contract."""
    return {
        "id": contract.contract_id,
        "name": contract.name,
        "description": contract.description,
        "tickSize": contract.tick_size,
        "tickValue": contract.tick_value,
        "activeContract": True,
        "symbolId": contract.symbol_id,
    }
