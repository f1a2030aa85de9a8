"""What the simulated Kraken books for one account: trades, the ledger, and what both add up to."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

READS = ("query-funds", "query-closed-trades", "query-ledger")


@dataclass
class Key:
    """One API key of an account.

    Shape: `secret` in base64; `otp` where the key has a password of its own.
    """

    api_key: str
    secret: str
    permissions: set[str] = field(default_factory=lambda: set(READS))
    otp: str = ""
    last_nonce: int = 0
    refusals: int = 0
    locked_until: datetime | None = None


@dataclass(frozen=True)
class Trade:
    """One trade; `fills` are its parts, each with an id of its own, where a taker had several."""

    txid: str
    at: datetime
    body: dict[str, Any]
    fills: tuple[tuple[str, dict[str, Any]], ...] = ()


@dataclass(frozen=True)
class Entry:
    """One entry of the ledger."""

    entry_id: str
    at: datetime
    asset: str
    amount: Decimal
    fee: Decimal
    refid: str
    kind: str
    subtype: str = ""


@dataclass
class Account:
    """One account: balances follow from the ledger alone."""

    keys: list[Key] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    positions: dict[str, dict[str, Any]] = field(default_factory=dict)  # on margin, by txid

    def balances(self, now: datetime) -> dict[str, Decimal]:
        """Tell what each asset adds up to by now."""
        found = defaultdict[str, Decimal](Decimal)
        for entry in self.entries:
            if entry.at <= now:
                found[entry.asset] += entry.amount - entry.fee
        return dict(found)

    def ledger(self, now: datetime) -> list[tuple[str, datetime, dict[str, Any]]]:
        """Show the ledger, oldest first, with the balance after each entry."""
        after = defaultdict[str, Decimal](Decimal)
        shown = []
        for entry in sorted(self.entries, key=lambda one: one.at):
            after[entry.asset] += entry.amount - entry.fee
            if entry.at <= now:
                shown.append((entry.entry_id, entry.at, _body(entry, after[entry.asset])))
        return shown

    def history(self, now: datetime, *, consolidated: bool) -> list[tuple[str, datetime, Any]]:
        """Show the trades, oldest first; not consolidated, a trade is shown as its parts."""
        shown: list[tuple[str, datetime, Any]] = []
        for trade in sorted(self.trades, key=lambda one: one.at):
            if trade.at > now:
                continue
            if consolidated or not trade.fills:
                shown.append((trade.txid, trade.at, trade.body))
            else:
                shown += [(txid, trade.at, body) for txid, body in trade.fills]
        return shown


def _body(entry: Entry, balance: Decimal) -> dict[str, Any]:
    return {
        "aclass": "currency",
        "amount": places(entry.amount),
        "asset": entry.asset,
        "balance": places(balance),
        "fee": places(entry.fee),
        "refid": entry.refid,
        "time": seconds(entry.at),
        "type": entry.kind,
        "subtype": entry.subtype,
    }


def places(value: Decimal) -> str:
    """Write ten places, as Kraken does for most assets."""
    return f"{value:.10f}"


def seconds(at: datetime) -> float:
    """Write a time as Kraken does: seconds since 1970, as a number."""
    return at.timestamp()
