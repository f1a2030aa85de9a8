"""tastytrade's Open API as a pure state machine over scripted rows and a movable clock.

Where the documents are silent this is our reading, and the synchronization must not depend on it:
the bounds of a window do not belong to it (a knob), `start-at` compares with `executed-at`.
Source: developer.tastytrade.com (guides and OpenAPI of transactions), source of tastytrade 13.2.3.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from infra.simulators.brokers.faults import Fault
from infra.simulators.brokers.tastytrade.account import (
    Account,
    Booked,
    account_body,
    balance_body,
    instrument_type,
    multiplier,
    order_body,
    position_body,
    row_body,
    shown,
    symbol_body,
    text,
)
from infra.simulators.brokers.tastytrade.grants import Client, Grant, Grants
from infra.simulators.brokers.tastytrade.query import page_of, refused
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, World, serves

_HOST_OF = {"live": "api.tastyworks.com", "sandbox": "api.cert.tastyworks.com"}
_PRODUCT = re.compile(r"[^\s/]+/\S+")
_VERSIONS = ("20251101", "20261012")
_HTML = {"content-type": "text/html"}
_BLOCKED_FOR = timedelta(hours=8)
_NOTHING: Mapping[str, Decimal] = {}
_ZERO = Decimal(0)


def bad_gateway() -> Fault:
    """Answer as the proxy does when nobody is behind it."""
    body = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    return lambda _, __: Answer(502, body, _HTML)


@dataclass
class TastytradeWorld(World):
    """The broker: clients, grants, accounts, rows.

    Shape: `inclusive` lets rows at a window's very bounds belong to it. After `most_failures`
    refused logins nothing is answered for eight hours.
    """

    inclusive: bool = False
    most_failures: int = 5
    accounts: dict[str, Account] = field(default_factory=dict)
    grants: Grants = field(default_factory=Grants)
    _failures: int = 0
    _blocked_until: datetime | None = None
    _last_id: int = 361_000_000

    # ------------------------------------------------------------ scripting

    def add_client(self, client_id: str, secret: str, *, environment: str = "live") -> Client:
        """Register an OAuth application."""
        client = Client(client_id, secret, environment)
        self.grants.clients[client_id] = client
        return client

    def add_account(
        self,
        number: str,
        *,
        kind: str = "Individual",
        environment: str = "live",
        closed: bool = False,
        cash: Decimal = Decimal(100_000),
    ) -> Account:
        """Open an account behind the login."""
        account = Account(number, kind, environment, cash, closed)
        self.accounts[number] = account
        return account

    def fill(
        self,
        account: Account,
        symbol: str,
        action: str,
        quantity: Decimal,
        *,
        price: Decimal,
        at: datetime,
        fees: Mapping[str, Decimal] = _NOTHING,
        order_id: int = 0,
        legs: int = 1,
        visible_at: datetime | None = None,
        reverses: int | None = None,
    ) -> int:
        """Book one fill and return its id; the value of a future's is 0.

        Units: `quantity` and `fees` positive.
        """
        row_id, change = self._next_id(), _signed(action, quantity)
        is_future = instrument_type(symbol) == "Future"
        value = _ZERO if is_future else -change * price * multiplier(symbol)
        net = value - sum(fees.values(), _ZERO)
        body = {
            **row_body(account, row_id, "Trade", action, at),
            **symbol_body(symbol),
            "action": action,
            "quantity": text(quantity),
            "price": text(price),
            **shown("value", value),
            **shown("net-value", net),
            **order_body(order_id or row_id + 1_000_000, row_id, legs, fees),
            **({"reverses-id": reverses} if reverses else {}),
        }
        seen = visible_at or at
        account.book.append(Booked(row_id, at, seen, body, symbol, change, price, net))
        return row_id

    def reverse(self, account: Account, row_id: int, *, at: datetime) -> int:
        """Take one trade back by the opposite one, which names it; return the new row's id."""
        (old,) = (row for row in account.book if row.id == row_id)
        action = "Sell to Open" if old.change > 0 else "Buy to Open"
        quantity = abs(old.change)
        return self.fill(
            account, old.symbol, action, quantity, price=old.price, at=at, reverses=row_id
        )

    def end(
        self,
        account: Account,
        symbol: str,
        sub_type: str,
        *,
        at: datetime,
        visible_at: datetime | None = None,
    ) -> int:
        """End an option (Expiration, Assignment, Exercise); no row of that kind tells a side."""
        held = account.holdings(self.now())[symbol].quantity
        row_id = self._next_id()
        body = {
            **row_body(account, row_id, "Receive Deliver", sub_type, at),
            **symbol_body(symbol),
            "quantity": text(abs(held)),
            **shown("value", _ZERO),
            **shown("net-value", _ZERO),
        }
        account.book.append(Booked(row_id, at, visible_at or at, body, symbol, -held))
        return row_id

    def receive(
        self,
        account: Account,
        symbol: str,
        action: str,
        quantity: Decimal,
        *,
        price: Decimal,
        at: datetime,
        sub_type: str = "",
        fee: Decimal = _ZERO,
        paid: bool = True,
    ) -> int:
        """Book units that come or go without an order; `paid` tells that money moved for them."""
        row_id, change = self._next_id(), _signed(action, quantity)
        value = -change * price * multiplier(symbol) if paid else _ZERO
        body = {
            **row_body(account, row_id, "Receive Deliver", sub_type or action, at),
            **symbol_body(symbol),
            "action": action,
            "quantity": text(quantity),
            "price": text(price),
            **shown("value", value),
            **shown("net-value", value - fee),
            **(shown("clearing-fees", -fee) if fee else {}),
        }
        account.book.append(Booked(row_id, at, at, body, symbol, change, price, value - fee))
        return row_id

    def money(
        self, account: Account, sub_type: str, amount: Decimal, *, at: datetime, symbol: str = ""
    ) -> int:
        """Book money that comes or goes; return the row's id."""
        row_id = self._next_id()
        body = {
            **row_body(account, row_id, "Money Movement", sub_type, at),
            **(symbol_body(symbol) if symbol else {}),
            **shown("value", amount),
            **shown("net-value", amount),
        }
        account.book.append(Booked(row_id, at, at, body, net=amount))
        return row_id

    def positions(self, account: Account) -> dict[str, Decimal]:
        """Tell what is held now, by symbol."""
        held = account.holdings(self.now())
        return {symbol: one.quantity for symbol, one in held.items() if one.quantity}

    def wipe(self) -> None:
        """Forget everything in the sandbox, as happens every day."""
        for account in self.accounts.values():
            if account.environment == "sandbox":
                account.book.clear()

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    # -------------------------------------------------------------- serving

    def handle(self, call: Call) -> Answer:
        """Answer one call, unless too many logins were refused: then nothing arrives."""
        answered = super().handle(call)
        if self._blocked_until is not None and self.now() < self._blocked_until:
            return Answer(504, b"", lost=True)
        if call.path == "/oauth/token" and answered.status in (400, 401):
            self._failures += 1
            if self._failures >= self.most_failures:
                self._failures, self._blocked_until = 0, self.now() + _BLOCKED_FOR
        return answered

    def route(self, call: Call) -> Answer:
        if call.path == "/auth.html":  # a browser's page, on a host of its own
            return self.grants.authorize(call.query)
        if not _PRODUCT.match(call.headers.get("user-agent", "")):
            page = b"<html>\r\n<head><title>401 Authorization Required</title></head></html>"
            raise Refused(Answer(401, page, _HTML))
        version = call.headers.get("accept-version")
        if version not in (None, *_VERSIONS):
            raise refused(406, 406, f"version {version} is not supported")
        parts = [unquote(part) for part in call.path.strip("/").split("/")]
        match call.method, parts:
            case "POST", ["oauth", "token"]:
                here = tuple(name for name in _HOST_OF if serves(call, _HOST_OF, name))
                return self.grants.token(call, here, self.now())
            case "GET", ["customers", "me", "accounts", *rest]:
                return self._listed(self._grant(call), rest)
            case "GET", ["accounts", number, *rest]:
                return self._of_account(self._chosen(self._grant(call), number), rest, call)
            case _:
                raise refused(404, "not_found", "Not found")

    def _grant(self, call: Call) -> Grant:
        grant = self.grants.of_bearer(call, self.now())
        if grant is None or not serves(call, _HOST_OF, grant.client.environment):
            raise refused(401, "token_invalid", "This token is invalid or has expired")
        if "read" not in grant.scope.split():
            raise refused(403, "not_permitted", "User not permitted access")
        return grant

    def _mine(self, grant: Grant) -> list[Account]:
        environment = grant.client.environment
        return [one for one in self.accounts.values() if one.environment == environment]

    def _chosen(self, grant: Grant, number: str) -> Account:
        for account in self._mine(grant):
            if account.number == number:
                if account.forbidden:
                    raise refused(403, "not_permitted", "User not permitted access")
                return account
        raise refused(404, "not_found", "Not found")

    def _listed(self, grant: Grant, rest: list[str]) -> Answer:
        if rest:
            return _data(account_body(self._chosen(grant, rest[0])))
        items = [
            {"account": account_body(account), "authority-level": "owner"}
            for account in self._mine(grant)
        ]
        return _data({"items": items})

    def _of_account(self, account: Account, rest: list[str], call: Call) -> Answer:
        now = self.now()
        match rest:
            case ["transactions"]:
                rows = account.visible(now)
                found, told = page_of(rows, call.query, inclusive=self.inclusive)
                return _data({"items": found}, pagination=told)
            case ["transactions", "total-fees"]:
                return _data(_total_fees(account.visible(now), call.query.get("date", "")))
            case ["transactions", row_id]:
                for row in account.visible(now):
                    if str(row.id) == row_id:
                        return _data(row.body)
                raise refused(404, "not_found", "Not found")
            case ["positions"]:
                held = account.holdings(now)
                items = [position_body(account, s, one, now) for s, one in held.items()]
                return _data({"items": items})
            case ["balances"] | ["balances", "USD"]:
                return _data(balance_body(account, now))
            case _:
                raise refused(404, "not_found", "Not found")


def _signed(action: str, quantity: Decimal) -> Decimal:
    return quantity if action.startswith("Buy") else -quantity


def _data(data: dict[str, Any], **more: Any) -> Answer:
    return answer({"data": data, "api-version": "v1", **more})


def _total_fees(rows: list[Booked], day: str) -> dict[str, str]:
    fees = _ZERO
    for row in rows:
        if row.body["transaction-date"] == day and row.body["transaction-type"] == "Trade":
            value = Decimal(row.body["value"])
            fees += (value if row.body["value-effect"] == "Credit" else -value) - row.net
    return shown("total-fees", -fees)
