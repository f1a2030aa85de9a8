"""Binance's REST API as a pure state machine over scripted users and a movable clock.

A row can be seen once its time has come, and its id is the next one of its symbol in the order of
booking. Not here: orders that rest, prices, streams, margin, conversions, COIN-M.
Source: binance/binance-spot-api-docs rest-api.md (snapshot 2026-07-21); binance-connector-python
(snapshot 2026-08-21).
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from infra.simulators.brokers.binance import bodies
from infra.simulators.brokers.binance.limits import Hosts
from infra.simulators.brokers.binance.market import Listed, futures_info, spot_info
from infra.simulators.brokers.binance.query import (
    check_clock,
    check_signature,
    futures_window,
    limit,
    ms,
    no_key,
    no_symbol,
    number,
    refused,
    spot_window,
    symbol,
)
from infra.simulators.brokers.binance.user import Row, User, places
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import World

_ENVIRONMENTS = {
    "api.binance.com": "live",
    "fapi.binance.com": "live",
    "demo-api.binance.com": "demo",
    "demo-fapi.binance.com": "demo",
    "testnet.binance.vision": "testnet",
    "testnet.binancefuture.com": "testnet",
}
_SPOT = [("BTC", "USDT"), ("ETH", "USDT"), ("BNB", "USDT"), ("ETH", "BTC"), ("BTC", "FDUSD")]
_FUTURES = [("BTC", "USDT"), ("ETH", "USDT")]


@dataclass
class BinanceWorld(World):
    """The exchange: users, symbols, weights, faults.

    Shape: `ahead` is how far its clock is before that of the world; `gone` are symbols that
    exchangeInfo still lists and trades are refused for, `hidden` those that it lists no more.
    """

    ahead: timedelta = timedelta()
    hosts: Hosts = field(default_factory=Hosts)
    gone: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    listed: list[Listed] = field(
        default_factory=lambda: [Listed(base + quote, base, quote) for base, quote in _SPOT]
    )
    contracts: list[Listed] = field(
        default_factory=lambda: [
            *(Listed(base + quote, base, quote, "PERPETUAL") for base, quote in _FUTURES),
            Listed("BTCUSDT_260626", "BTC", "USDT", "CURRENT_QUARTER"),
        ]
    )
    _users: list[User] = field(default_factory=list)
    _ids: Counter[str] = field(default_factory=Counter)

    # ------------------------------------------------------------ scripting

    def add_user(self, uid: int, key: str, secret: str | Ed25519PublicKey, **more: Any) -> User:
        """Open both accounts of a user, reached by a key.

        Shape: `more` are fields of User.
        """
        user = User(uid, keys={key: secret}, **more)
        self._users.append(user)
        return user

    def fill(
        self,
        user: User,
        name: str,
        side: str,
        quantity: Decimal,
        *,
        price: Decimal,
        at: datetime,
        fee: tuple[Decimal, str] = (Decimal(0), "USDT"),
        maker: bool = False,
        order_id: int | None = None,
        trade_id: int | None = None,
    ) -> int:
        """Book one trade of spot and return its id."""
        number = trade_id or self._next(name)
        user.spot[name].append(
            {
                "symbol": name,
                "id": number,
                "orderId": order_id or 41_000_000_000 + number,
                "orderListId": -1,
                "price": places(price),
                "qty": places(quantity),
                "quoteQty": places(quantity * price),
                "commission": places(fee[0]),
                "commissionAsset": fee[1],
                "time": ms(at),
                "isBuyer": side == "BUY",
                "isMaker": maker,
                "isBestMatch": True,
            }
        )
        return number

    def contract(
        self,
        user: User,
        name: str,
        side: str,
        quantity: Decimal,
        *,
        price: Decimal,
        at: datetime,
        fee: tuple[Decimal, str] = (Decimal("0.1"), "USDT"),
        position_side: str = "BOTH",
        maker: bool = False,
        in_ledger: bool = True,
        trade_id: int | None = None,
    ) -> int:
        """Book one trade of futures, its commission in the ledger too, and return its id."""
        number = trade_id or self._next(f"usdm {name}")
        user.futures[name].append(
            {
                "symbol": name,
                "id": number,
                "orderId": 51_000_000_000 + number,
                "side": side,
                "price": places(price, 2),
                "qty": places(quantity, 3),
                "realizedPnl": "0",
                "quoteQty": places(quantity * price),
                "commission": places(fee[0]),
                "commissionAsset": fee[1],
                "time": ms(at),
                "positionSide": position_side,
                "buyer": side == "BUY",
                "maker": maker,
                "marginAsset": "USDT",
            }
        )
        if in_ledger:
            told = {"symbol": name, "asset": fee[1], "trade": str(number)}
            self.income(user, "COMMISSION", -fee[0], at=at, **told)
        return number

    def income(
        self,
        user: User,
        kind: str,
        amount: Decimal,
        *,
        at: datetime,
        symbol: str = "",
        asset: str = "USDT",
        trade: str = "",
    ) -> int:
        """Book one row of the futures ledger and return its id."""
        number = 9_689_322_000 + self._next("income")
        user.incomes.append(
            {
                "symbol": symbol,
                "incomeType": kind,
                "income": places(amount),
                "asset": asset,
                "info": trade or kind,
                "time": ms(at),
                "tranId": number,
                "tradeId": trade,
            }
        )
        return number

    def held(self, user: User) -> dict[str, Decimal]:
        """Tell what the spot account holds now, by asset."""
        return {asset: q for asset, q in user.balances(self._assets(), self.now()).items() if q}

    def _next(self, of: str) -> int:
        self._ids[of] += 1
        return self._ids[of]

    def _assets(self) -> dict[str, tuple[str, str]]:
        return {one.symbol: (one.base, one.quote) for one in self.listed}

    # -------------------------------------------------------------- serving

    def route(self, call: Call) -> Answer:
        """Answer one call, and say what weight is used."""
        weights = self.hosts.of(call.path)
        weights.take(call.path, self.now())
        said = answer(self._public(call) or self._private(call, self._user(call)))
        return replace(said, headers={**said.headers, "x-mbx-used-weight-1m": str(weights.used)})

    def _public(self, call: Call) -> Any:
        if call.path not in _PUBLIC:
            return None
        if "timestamp" in call.query:
            raise refused(-1104, "Not all sent parameters were read.")
        at = ms(self._clock())
        match call.path:
            case "/api/v3/exchangeInfo":
                shown = [one for one in self.listed if one.symbol not in self.hidden]
                return spot_info(shown, at)
            case "/fapi/v1/exchangeInfo":
                return futures_info(self.contracts, at)
            case _:
                return {"serverTime": at}

    def _clock(self) -> datetime:
        return self.now() + self.ahead

    def _user(self, call: Call) -> User:
        key, environment = call.headers.get("x-mbx-apikey"), _ENVIRONMENTS.get(call.host)
        if not key:
            raise refused(-2014, "API-key format invalid.", 401)
        for user in self._users:
            if key in user.keys and environment in {None, user.environment}:
                check_signature(call, user.keys[key])
                check_clock(call.query, self._clock())
                if not user.reads or (call.path.startswith("/fapi/") and not user.trades_futures):
                    raise no_key()
                return user
        raise no_key()

    def _private(self, call: Call, user: User) -> Any:
        now = self.now()
        match call.path:
            case "/api/v3/account":
                return bodies.account(user, user.balances(self._assets(), now), call.query)
            case "/api/v3/myTrades":
                return self._spot_trades(user, call)
            case "/fapi/v1/userTrades":
                return self._futures_trades(user, call)
            case "/fapi/v1/income":
                return _incomes(user.ledger(now), call)
            case _:
                return bodies.other(call.path, user, now)

    def _spot_trades(self, user: User, call: Call) -> list[Row]:
        name = symbol(call.query, self._assets().__contains__)
        if name in self.gone | self.hidden:
            raise no_symbol()
        spot_window(call.query)
        rows = [row for row in user.spot[name] if row["time"] <= ms(self.now())]
        order, since, until, first = (
            number(call.query, one) for one in ("orderId", "startTime", "endTime", "fromId")
        )
        rows = [
            row
            for row in sorted(rows, key=lambda row: (row["id"], not row["isBuyer"]))
            if (order is None or row["orderId"] == order)
            and (since is None or row["time"] >= since)
            and (until is None or row["time"] <= until)
            and (first is None or row["id"] >= first)
        ]
        most = limit(call.query, 500)
        return rows[-most:] if first is None and since is None else rows[:most]

    def _futures_trades(self, user: User, call: Call) -> list[Row]:
        contracts = {one.symbol for one in self.contracts}
        name = symbol(call.query, contracts.__contains__)
        since, until = futures_window(call.query, self.now())
        rows, first = user.trades(name, self.now()), number(call.query, "fromId")
        if first is None:
            rows = [row for row in rows if since <= row["time"] <= until]
        else:
            rows = [row for row in rows if row["id"] >= first]
        return rows[: limit(call.query, 500)]


_PUBLIC = frozenset(
    ("/api/v3/exchangeInfo", "/fapi/v1/exchangeInfo", "/api/v3/time", "/fapi/v1/time")
)


def _incomes(rows: list[Row], call: Call) -> list[Row]:
    since, until = number(call.query, "startTime"), number(call.query, "endTime")
    kind, of = call.query.get("incomeType"), call.query.get("symbol")
    found = [
        row
        for row in rows
        if (since is None or row["time"] >= since)
        and (until is None or row["time"] <= until)
        and kind in {None, row["incomeType"]}
        and of in {None, row["symbol"]}
    ]
    most, page = limit(call.query, 100), number(call.query, "page", 1) or 1
    return found[most * (page - 1) : most * page]
