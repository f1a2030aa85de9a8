"""One simulated user: two accounts, their rows, and what follows from them."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from infra.simulators.brokers.binance.query import DAY_MS, ms
from infra.simulators.brokers.holding import Holding

_KEPT_MS = 184 * DAY_MS  # "six months" of futures trades
_INCOME_KEPT_MS = 92 * DAY_MS  # "three months"

Row = dict[str, Any]


def places(number: Decimal, count: int = 8) -> str:
    """Write a number with the decimal places that Binance gives it."""
    return f"{number:.{count}f}"


@dataclass
class User:
    """Keys, rights and rows of one uid.

    Shape: `keys` API key -> the HMAC secret, or the public key of an Ed25519 pair; `spot` symbol ->
    rows by id, `futures` likewise; `funds` asset -> what came in beside trades; `resting` are the
    futures that orders rest in.
    """

    uid: int
    environment: str = "live"
    keys: dict[str, str | Ed25519PublicKey] = field(default_factory=dict)
    reads: bool = True
    withdraws: bool = False
    trades_futures: bool = True
    funds: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    wallet: Decimal = Decimal(10_000)
    spot: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    futures: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    incomes: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    resting: set[str] = field(default_factory=set)

    def balances(self, assets: dict[str, tuple[str, str]], now: datetime) -> dict[str, Decimal]:
        """Add up what the spot account holds; `assets` symbol -> base and quote."""
        held = defaultdict(Decimal, self.funds)
        for symbol, rows in self.spot.items():
            base, quote = assets[symbol]
            for row in (row for row in rows if row["time"] <= ms(now)):
                sign = 1 if row["isBuyer"] else -1
                held[base] += sign * Decimal(row["qty"])
                held[quote] -= sign * Decimal(row["quoteQty"])
                held[row["commissionAsset"]] -= Decimal(row["commission"])
        return dict(held)

    def trades(self, symbol: str, now: datetime) -> list[Row]:
        """List the futures trades that are kept, oldest first."""
        first, last = ms(now) - _KEPT_MS, ms(now)
        rows = [row for row in self.futures[symbol] if first <= row["time"] <= last]
        return sorted(rows, key=lambda row: (row["time"], row["id"]))

    def ledger(self, now: datetime) -> list[Row]:
        """List the incomes that are kept, oldest first."""
        first, last = ms(now) - _INCOME_KEPT_MS, ms(now)
        rows = [row for row in self.incomes if first <= row["time"] <= last]
        return sorted(rows, key=lambda row: (row["time"], row["tranId"]))

    def positions(self, now: datetime) -> dict[tuple[str, str], Holding]:
        """Work out the futures positions, by symbol and side."""
        found: defaultdict[tuple[str, str], Holding] = defaultdict(Holding)
        found.update({(symbol, "BOTH"): Holding() for symbol in self.resting})
        every = [row for rows in self.futures.values() for row in rows if row["time"] <= ms(now)]
        for row in sorted(every, key=lambda row: (row["time"], row["id"])):
            sign = 1 if row["side"] == "BUY" else -1
            holding = found[row["symbol"], row["positionSide"]]
            holding.fill(sign * Decimal(row["qty"]), Decimal(row["price"]))
        return dict(found)

    def margin(self, now: datetime) -> Decimal:
        """Count the futures wallet."""
        return self.wallet + sum((Decimal(row["income"]) for row in self.ledger(now)), Decimal(0))
