"""TradeStation's WebAPI v3 as a pure state machine over scripted orders and a movable clock.

Where the documents are silent this is our reading, and the synchronization must not depend on it:
`since` is inclusive and, like "today", a New York date of the order's close; a page token may be
asked for again within its hour.
Source: TradeStation's v3 OpenAPI file (mxcoppell/tradestation-api-python) and
https://api.tradestation.com/docs/fundamentals (read 2026-05).
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from infra.simulators.brokers.faults import Fault
from infra.simulators.brokers.tradestation.orders import (
    Account,
    Leg,
    Listing,
    Order,
    account_body,
    balance_body,
    newest_first,
    position_body,
)
from infra.simulators.brokers.tradestation.stream import OrderStream
from infra.simulators.brokers.tradestation.tokens import ApiKey, Tokens
from infra.simulators.brokers.wire import JSON, Answer, Call, answer
from infra.simulators.brokers.world import Refused, World, bearer, form, serves
from shared.domain.money import decimal_text
from shared.domain.time import NEW_YORK, iso

_HOST_OF = {"live": "api.tradestation.com", "sim": "sim-api.tradestation.com"}
_MOST_ORDERS, _MOST_ACCOUNTS = 600, 25
_TOKEN_LIFE = timedelta(hours=1)
_DATE_FORMS = ("%Y-%m-%d", "%m-%d-%Y", "%Y/%m/%d", "%m/%d/%Y")
_STREAM = {"content-type": "application/vnd.tradestation.streams.v3+json"}


def refused(status: int, error: str, message: str) -> Refused:
    """Refuse as TradeStation does."""
    return Refused(answer({"Error": error, "Message": message}, status))


def quota_spent(reset_s: int) -> Fault:
    """Answer 429 with TradeStation's own headers; it documents no Retry-After."""
    spent = refused(429, "TooManyRequests", "Rate quota exceeded").answer
    headers = {
        "X-RateLimit-Limit": "250",
        "X-RateLimit-Period": "300",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(reset_s),
        "X-RateLimit-Resource": "order-details",
    }
    return lambda _, __: Answer(429, spent.body, {**JSON, **headers})


@dataclass
class TradeStationWorld(World):
    """The broker: accounts, orders, keys.

    Shape: `history_days` is how far back orders can be asked for; `failing` names accounts that
    answers leave out, with the error and message that they give instead; `says_go_away` ends
    streams as a server does; `chunk` is how many bytes of a stream come at once at most.
    """

    history_days: int = 730
    failing: dict[str, tuple[str, str]] = field(default_factory=dict)
    says_go_away: bool = False
    chunk: int = 65_536
    tokens: Tokens = field(default_factory=Tokens)
    _accounts: dict[str, Account] = field(default_factory=dict)
    _listings: dict[str, Listing] = field(default_factory=dict)

    # ------------------------------------------------------------ scripting

    def add_key(self, client_id: str, client_secret: str, *, rotating: bool = False) -> ApiKey:
        """Give out an API key."""
        return self.tokens.add_key(ApiKey(client_id, client_secret, rotating))

    def sign_in(self, key: ApiKey) -> str:
        """Sign the user in; return the refresh token."""
        return self.tokens.sign_in(key, self.now())

    def add_account(
        self,
        account_id: str,
        *,
        kind: str = "Margin",
        environment: str = "live",
        status: str = "Active",
        cash: Decimal = Decimal(100_000),
    ) -> Account:
        """Open an account behind the login."""
        account = Account(account_id, kind, environment, status, cash)
        self._accounts[account_id] = account
        return account

    def list_symbol(self, symbol: str, asset_type: str, point_value: Decimal) -> None:
        """Say what a symbol is; unlisted ones are shares."""
        self._listings[symbol] = Listing(asset_type, point_value)

    def order(
        self,
        account: Account,
        legs: Sequence[tuple[str, str, Decimal]],
        *,
        at: datetime,
        order_id: str | None = None,
        commission: Decimal = Decimal(0),
        duration: str = "DAY",
    ) -> Order:
        """Open an order with legs of (symbol, action, quantity); it is filled by its methods."""
        order = Order(
            order_id=order_id or str(971_000_000 + sum(len(a.orders) for a in self._all())),
            account_id=account.account_id,
            opened_at=at,
            legs=[Leg(s, a, q, self._listings.get(s, Listing())) for s, a, q in legs],
            duration=duration,
            commission=commission,
        )
        account.orders.append(order)
        return order

    def fill(
        self,
        account: Account,
        symbol: str,
        action: str,
        qty: Decimal,
        *,
        price: Decimal,
        at: datetime,
        commission: Decimal = Decimal(0),
    ) -> Order:
        """Book one order of one leg that was opened, filled and closed at once."""
        order = self.order(account, [(symbol, action, qty)], at=at, commission=commission)
        order.fill(qty, price, at)
        order.close(at)
        return order

    def positions(self, account: Account) -> dict[str, Decimal]:
        """Tell what is held now, by symbol."""
        return {s: h.quantity for s, (_, h) in account.holdings(self.now()).items()}

    # -------------------------------------------------------------- serving

    def route(self, call: Call) -> Answer:
        match call.method, call.path:
            case "GET", "/authorize":
                return self.tokens.authorize(call.query, self.now())
            case "POST", "/oauth/token":
                return self.tokens.grant(form(call), self.now())
            case "GET", path if path.startswith("/v3/"):
                return self._brokerage(call, self._scope(call))
            case _:
                raise refused(404, "NotFound", "Resource not found")

    def _scope(self, call: Call) -> str:
        scope = self.tokens.scope_of(bearer(call), self.now())
        if scope is None:
            raise refused(401, "Unauthorized", "Invalid token")
        return scope

    def _brokerage(self, call: Call, scope: str) -> Answer:
        parts = [unquote(part) for part in call.path.removeprefix("/v3/").split("/")]
        needed = "MarketData" if parts[0] == "marketdata" else "ReadAccount"
        if needed not in scope.split():
            raise refused(403, "Forbidden", f"Scope {needed} is required")
        match parts:
            case ["brokerage", "accounts"]:
                return answer({"Accounts": [account_body(a) for a in self._here(call)]})
            case ["brokerage", "accounts", ids, what]:
                return self._of_accounts(call, ids, what)
            case ["brokerage", "stream", "accounts", ids, "orders"]:
                return self._stream(call, ids)
            case ["marketdata", "symbols", symbols]:
                return answer({"Symbols": [self._symbol(s) for s in symbols.split(",")]})
            case _:
                raise refused(404, "NotFound", "Resource not found")

    def _of_accounts(self, call: Call, ids: str, what: str) -> Answer:
        found, errors = self._asked(call, ids)
        now = self.now()
        match what:
            case "balances":
                body: dict[str, Any] = {"Balances": [balance_body(a, now) for a in found]}
            case "positions":
                held = [(a, symbol) for a in found for symbol in a.holdings(now)]
                body = {"Positions": [position_body(a, symbol, now) for a, symbol in held]}
            case "orders":
                body = self._page([o for a in found for o in a.current(now)], call.query)
            case "historicalorders":
                since = self._since(call.query)
                closed = [o for a in found for o in a.historical(since, now)]
                body = self._page(newest_first(closed), call.query)
            case _:
                raise refused(404, "NotFound", "Resource not found")
        return answer({**body, "Errors": errors})

    def _asked(self, call: Call, ids: str) -> tuple[list[Account], list[dict[str, str]]]:
        names = ids.split(",")
        if len(names) > _MOST_ACCOUNTS:
            raise refused(400, "BadRequest", f"At most {_MOST_ACCOUNTS} accounts")
        here = {account.account_id: account for account in self._here(call)}
        errors, found = [], []
        for name in names:
            failure = self.failing.get(name)
            if name not in here:
                failure = ("Forbidden", "Account does not belong to this user.")
            elif not here[name].supported:
                failure = ("Forbidden", "Request not supported for account type.")
            if failure:
                errors.append({"AccountID": name, "Error": failure[0], "Message": failure[1]})
            else:
                found.append(here[name])
        return found, errors

    def _page(self, orders: Sequence[Order], query: Mapping[str, str]) -> dict[str, Any]:
        """Cut a page; without pageSize the rest is dropped in silence, as documented."""
        size = _page_size(query)
        start = self._start(query.get("nextToken"))
        page = [order.body(self.now()) for order in orders[start : start + size]]
        body: dict[str, Any] = {"Orders": page}
        if "pageSize" in query and start + size < len(orders):
            body["NextToken"] = self._token(start + size)
        return body

    def _token(self, start: int) -> str:
        mark = {"start": start, "at": iso(self.now())}
        return urlsafe_b64encode(json.dumps(mark).encode()).decode()

    def _start(self, token: str | None) -> int:
        if token is None:
            return 0
        try:
            mark = json.loads(urlsafe_b64decode(token))
            start, at = int(mark["start"]), datetime.fromisoformat(mark["at"])
        except (ValueError, KeyError, TypeError):
            raise refused(400, "BadRequest", "nextToken is invalid") from None
        if self.now() - at > _TOKEN_LIFE:
            raise refused(400, "BadRequest", "nextToken has expired")
        return start

    def _since(self, query: Mapping[str, str]) -> date:
        for pattern in _DATE_FORMS:
            try:
                day = datetime.strptime(query.get("since", ""), pattern).date()  # noqa: DTZ007 - a day
            except ValueError:
                continue
            today = self.now().astimezone(NEW_YORK).date()
            if (today - day).days > self.history_days:
                raise refused(400, "BadRequest", "since is out of range")
            return day
        raise refused(400, "BadRequest", "since is missing or no date")

    def _stream(self, call: Call, ids: str) -> Answer:
        found, errors = self._asked(call, ids)
        stream = OrderStream(found, self.now, lambda: self.says_go_away, self.chunk)
        return Answer(200, stream.snapshot(errors), _STREAM, more=stream.more)

    def _symbol(self, symbol: str) -> dict[str, Any]:
        listing = self._listings.get(symbol, Listing())
        value = decimal_text(listing.point_value)
        return {
            "Symbol": symbol,
            "AssetType": listing.asset_type,
            "Currency": "USD",
            "PriceFormat": {"Format": "Decimal", "PointValue": value},
        }

    def _here(self, call: Call) -> list[Account]:
        """List the accounts of a host."""
        return [a for a in self._all() if serves(call, _HOST_OF, a.environment)]

    def _all(self) -> list[Account]:
        return list(self._accounts.values())


def _page_size(query: Mapping[str, str]) -> int:
    text = query.get("pageSize", str(_MOST_ORDERS))
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_ORDERS:
        raise refused(400, "BadRequest", f"pageSize must be between 1 and {_MOST_ORDERS}")
    return int(text)
