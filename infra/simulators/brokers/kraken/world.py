"""Kraken's spot REST API as a pure state machine over scripted accounts and a movable clock.

A row can be seen once its time has come. Where the documents are silent this is our reading: an
entry on margin names the position, keys are locked after five refusals in a row.
Source: docs.kraken.com (read 2026-11); source of python-kraken-sdk, krakenex and ccxt.
"""

from collections import Counter as Count
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from infra.simulators.brokers.faults import Fault
from infra.simulators.brokers.kraken.account import (
    Account,
    Entry,
    Key,
    Trade,
    places,
    seconds,
)
from infra.simulators.brokers.kraken.market import PAIRS, Pair, asset_bodies, pair_body
from infra.simulators.brokers.kraken.query import (
    Counter,
    assert_signed,
    flag,
    invalid,
    page_of,
    permission_denied,
    refused,
    said,
)
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, World, form

_HTML = {"content-type": "text/html"}
_ZERO = Decimal(0)
_NEEDS = {
    "TradesHistory": "query-closed-trades",
    "QueryTrades": "query-closed-trades",
    "Ledgers": "query-ledger",
    "QueryLedgers": "query-ledger",
    "Balance": "query-funds",
    "BalanceEx": "query-funds",
    "OpenPositions": "query-open-trades",
    "GetApiKeyInfo": "",
}
_COSTS = {"TradesHistory": 2, "Ledgers": 2, "QueryLedgers": 2, "QueryTrades": 2}
_IN_ONE = 20  # ids of one question


def error(text: str) -> Fault:
    """Answer 200 with a text in `error`."""
    return lambda _, __: answer({"error": [text], "result": {}})


def bad_edge() -> Fault:
    """Answer 520 as the network in front of Kraken does."""
    page = b"<!DOCTYPE html><html><head><title>520: Web server is returning an unknown error"
    return lambda _, __: Answer(520, page, _HTML)


@dataclass
class KrakenWorld(World):
    """The exchange: accounts, keys, pairs, counters, faults.

    Shape: `tells_rights` False is a place where GetApiKeyInfo is no method.
    """

    most_points: Decimal = Decimal(15)
    decay: Decimal = Decimal("0.33")
    tells_rights: bool = True
    pairs: list[Pair] = field(default_factory=lambda: list(PAIRS))
    accounts: list[Account] = field(default_factory=list)
    counters: dict[str, Counter] = field(default_factory=dict)
    _count: Count[str] = field(default_factory=Count)

    # ------------------------------------------------------------ scripting

    def add_account(self) -> Account:
        """Open an account; it has no name that anybody is told."""
        self.accounts.append(Account())
        return self.accounts[-1]

    def add_key(self, account: Account, api_key: str, secret: str, **more: Any) -> Key:
        """Make a key of an account; `more` are fields of Key."""
        key = Key(api_key, secret, **more)
        account.keys.append(key)
        return key

    def fill(
        self,
        account: Account,
        pair: str,
        side: str,
        quantity: Decimal,
        *,
        price: Decimal,
        at: datetime,
        fee: Decimal = _ZERO,
        fee_asset: str = "",
        parts: int = 1,
    ) -> str:
        """Book one trade with its two entries and return its txid.

        Units: `fee` in the quote currency, also where `fee_asset` is another: it is converted.
        """
        listed = self._pair(pair)
        txid, cost = self._next("T"), quantity * price
        sign = 1 if side == "buy" else -1
        taken = fee_asset or listed.quote
        fees = {taken: fee / price if taken == listed.base else fee}
        moves = ((listed.quote, -sign * cost), (listed.base, sign * quantity))
        ids = [
            self.enter(account, asset, amount, fees.get(asset, _ZERO), at=at, refid=txid)
            for asset, amount in moves
        ]
        body = self._trade(pair, side, quantity, price, at, fee, ids)
        share = self._trade(pair, side, quantity / parts, price, at, fee / parts, ids)
        fills = [(self._next("T"), share) for _ in range(parts)] if parts > 1 else []
        account.trades.append(Trade(txid, at, body, tuple(fills)))
        return txid

    def enter(
        self,
        account: Account,
        asset: str,
        amount: Decimal,
        fee: Decimal = _ZERO,
        *,
        at: datetime,
        refid: str = "",
        kind: str = "trade",
        subtype: str = "",
    ) -> str:
        """Book one entry of the ledger and return its id."""
        named = self._next("L")
        told = "tradespot" if kind == "trade" else subtype
        refid = refid or self._next("R")
        account.entries.append(Entry(named, at, asset, amount, fee, refid, kind, told))
        return named

    def buy_at_once(
        self,
        account: Account,
        spend: tuple[str, Decimal],
        get: tuple[str, Decimal],
        *,
        at: datetime,
    ) -> str:
        """Book a purchase without an order: two entries, no trade; return what both refer to."""
        refid = self._next("TS")
        for (asset, amount), kind in (((spend[0], -spend[1]), "spend"), (get, "receive")):
            self.enter(account, asset, amount, at=at, refid=refid, kind=kind)
        return refid

    def on_margin(
        self,
        account: Account,
        pair: str,
        side: str,
        quantity: Decimal,
        *,
        price: Decimal,
        at: datetime,
        fee: Decimal,
        gain: Decimal = _ZERO,
        position: str = "",
    ) -> str:
        """Book one trade on margin, which opens a position or closes `position`; return that."""
        opened = position or self._next("TK")
        quote = self._pair(pair).quote
        entry = self.enter(account, quote, gain, fee, at=at, refid=opened, kind="margin")
        body = self._trade(pair, side, quantity, price, at, fee, [entry])
        told = {"postxid": opened, "leverage": "2", "margin": places(quantity * price / 2)}
        if position:
            account.positions.pop(position)
        else:
            shown = {"pair": pair, "type": side, "vol": places(quantity), "vol_closed": "0"}
            account.positions[opened] = {"ordertxid": body["ordertxid"], **shown}
        closing = {"misc": "closing"} if position else {"posstatus": "open"}
        account.trades.append(Trade(self._next("T"), at, {**body, **told, **closing}))
        return opened

    def _pair(self, name: str) -> Pair:
        return next(pair for pair in (*self.pairs, *PAIRS) if pair.name == name)

    def _trade(  # noqa: PLR0917 - the fields of a trade
        self,
        pair: str,
        side: str,
        quantity: Decimal,
        price: Decimal,
        at: datetime,
        fee: Decimal,
        ledgers: list[str],
    ) -> dict[str, Any]:
        self._count["trade_id"] += 1
        return {
            "ordertxid": self._next("O"),
            "postxid": "TKH2SE-M7IF5-CFI7LT",
            "pair": pair,
            "aclass": "forex",
            "time": seconds(at),
            "type": side,
            "ordertype": "limit",
            "price": f"{price:.5f}",
            "cost": f"{quantity * price:.5f}",
            "fee": f"{fee:.5f}",
            "vol": f"{quantity:.8f}",
            "margin": "0.00000",
            "leverage": "0",
            "misc": "",
            "ledgers": ledgers,
            "trade_id": self._count["trade_id"],
            "maker": True,
        }

    def _next(self, letters: str) -> str:
        self._count[letters] += 1
        return f"{letters:A<6}-{'SIMUL'}-{self._count[letters]:06d}"

    # -------------------------------------------------------------- serving

    def route(self, call: Call) -> Answer:
        name = call.path.rpartition("/")[2]
        match call.method, call.path.rpartition("/")[0]:
            case _ if not call.headers.get("user-agent"):
                raise Refused(Answer(403, b"<html>403 Forbidden</html>", _HTML))
            case _, "/0/public":
                return self._public(name)
            case "POST", "/0/private":
                return self._private(name, call)
            case _:
                raise refused("EGeneral:Unknown method")

    def _public(self, name: str) -> Answer:
        match name:
            case "Time":
                return said({"unixtime": int(self.now().timestamp())})
            case "SystemStatus":
                return said({"status": "online", "timestamp": self.now().isoformat()})
            case "AssetPairs":
                return said({pair.name: pair_body(pair) for pair in self.pairs})
            case "Assets":
                return said(asset_bodies(self.pairs))
            case _:
                raise refused("EGeneral:Unknown method")

    def _private(self, name: str, call: Call) -> Answer:
        account, key = self._key(call)
        assert_signed(call, key, self.now())
        counter = self.counters.setdefault(key.api_key, Counter(self.most_points, self.decay))
        counter.take(_COSTS.get(name, 1), self.now())
        if name not in _NEEDS or (name == "GetApiKeyInfo" and not self.tells_rights):
            raise refused("EGeneral:Unknown method")
        if _NEEDS[name] and _NEEDS[name] not in key.permissions:
            raise permission_denied(key, self.now())
        key.refusals = 0
        if name == "GetApiKeyInfo":
            return said({"api_key_name": "simulated", "permissions": sorted(key.permissions)})
        return said(_ANSWERS[name](account, form(call), self.now()))

    def _key(self, call: Call) -> tuple[Account, Key]:
        shown = call.headers.get("api-key")
        for account in self.accounts:
            for key in account.keys:
                if key.api_key == shown:
                    return account, key
        raise refused("EAPI:Invalid key")


def _trades(account: Account, asked: dict[str, str], now: datetime) -> Any:
    if asked.get("type", "all") != "all":
        raise invalid("type")
    for name in ("trades", "ledgers", "without_count"):
        flag(asked, name, usual=False)
    consolidated = flag(asked, "consolidate_taker", usual=True)
    count, rows = page_of(account.history(now, consolidated=consolidated), asked)
    if not flag(asked, "ledgers", usual=False):
        rows = {
            name: {k: v for k, v in row.items() if k != "ledgers"} for name, row in rows.items()
        }
    return {"count": count, "trades": rows}


def _entries(account: Account, asked: dict[str, str], now: datetime) -> Any:
    kind, asset = asked.get("type", "all"), asked.get("asset", "all")
    rows = [
        one
        for one in account.ledger(now)
        if kind in {"all", one[2]["type"]} and asset in {"all", one[2]["asset"]}
    ]
    count, found = page_of(rows, asked)
    return {"count": count, "ledger": found}


def _by_id(rows: list[tuple[str, datetime, Any]], ids: str) -> Any:
    wanted = ids.split(",")
    if len(wanted) > _IN_ONE:
        raise invalid("too many ids")
    return {name: body for name, _, body in rows if name in wanted}


def _shown(balances: dict[str, Decimal]) -> dict[str, dict[str, str]]:
    return {
        asset: {"balance": places(quantity), "hold_trade": places(_ZERO)}
        for asset, quantity in balances.items()
    }


_ANSWERS: dict[str, Callable[[Account, dict[str, str], datetime], Any]] = {
    "TradesHistory": _trades,
    "Ledgers": _entries,
    "QueryTrades": lambda a, q, now: _by_id(a.history(now, consolidated=True), q.get("txid", "")),
    "QueryLedgers": lambda a, q, now: _by_id(a.ledger(now), q.get("id", "")),
    "Balance": lambda a, _, now: {asset: places(q) for asset, q in a.balances(now).items()},
    "BalanceEx": lambda a, _, now: _shown(a.balances(now)),
    "OpenPositions": lambda a, _, __: dict(a.positions),
}
