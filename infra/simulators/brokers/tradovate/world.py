"""Tradovate's REST API as a pure state machine over scripted accounts and a movable clock.

Lists of fills, orders, fees and reports forget at the end of a session; items and the ledger do
not. What the documentation leaves open has a knob, and the synchronization must not depend on it.
Source: partner.tradovate.com; tradovate/example-api-faq (read 2026-11).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from infra.simulators.brokers.tradovate.books import FEES, Account, Books, Trade, session, stamp
from infra.simulators.brokers.tradovate.entities import Entities, named
from infra.simulators.brokers.tradovate.library import find_contract
from infra.simulators.brokers.tradovate.sessions import DENIED, Sessions, User
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, World
from shared.domain.time import as_utc

_LOGIN, _RENEWAL = "/v1/auth/accesstokenrequest", "/v1/auth/renewaccesstoken"


@dataclass
class TradovateWorld(World):
    """The platform: logins, accounts, what is booked.

    Shape: `cap` silently gives only so many rows; `strict_items` answers 404 where one id of many
    is unknown; `closed` are kinds that the API key may not read; `moved` old host -> base URL of
    the new one; `ledger_from` cuts ledgers off before an instant.
    """

    sessions: Sessions = field(default_factory=Sessions)
    cap: int | None = None
    strict_items: bool = False
    closed: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    ledger_from: datetime | None = None
    books: Books = field(default_factory=Books)
    accounts: dict[int, Account] = field(default_factory=dict)
    _penalties: list[tuple[str, int]] = field(default_factory=list)
    _tickets: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    # ------------------------------------------------------------ scripting

    def add_login(self, name: str, password: str, *, cid: int, secret: str) -> User:
        """Let a user log in."""
        user = User(name, password, cid, secret)
        self.sessions.users[name] = user
        return user

    def add_account(
        self,
        user_name: str,
        *,
        account_id: int,
        name: str,
        opened_at: datetime,
        balance: Decimal = Decimal(50_000),
    ) -> Account:
        """Open an account behind a login, with its first money."""
        account = Account(account_id, name, user_name, as_utc(opened_at))
        self.accounts[account_id] = account
        self.deposit(account, balance, opened_at)
        return account

    def deposit(self, account: Account, amount: Decimal, at: datetime) -> None:
        """Bring money in, or take it out."""
        self.books.write(account, "FundTransaction", amount, as_utc(at), comment="ACH")

    def fill(
        self,
        account: Account,
        contract: str,
        side: str,
        size: int,
        *,
        price: Decimal,
        at: datetime,
        order_id: int | None = None,
        fees: bool = True,
        fees_at: datetime | None = None,
    ) -> int:
        """Book a fill and return its id; alone it is a whole order.

        Shape: without `fees` it costs nothing and no ledger line names it; `fees_at` has them come
        later.
        """
        costs = {name: Decimal(cost) * size for name, cost in FEES.items()} if fees else {}
        trade = Trade(
            fill_id=self.books.next_id(),
            order_id=order_id or self.books.next_id(),
            account=account,
            contract=find_contract(contract),
            change=size if side == "buy" else -size,
            price=price,
            at=as_utc(at),
            fees=costs,
            fees_at=as_utc(fees_at or at),
        )
        self.books.add(trade)
        return trade.fill_id

    def bust(self, fill_id: int, *, flag: bool = True, named: bool = True) -> None:
        """Take a trade back now; `flag` turns its fill inactive, `named` has the report name it."""
        trade = self.trade(fill_id)
        trade.busted_at, trade.is_active = self.now(), not flag
        self._report(trade, "TradeCancel", named=named)

    def correct(self, fill_id: int, price: Decimal) -> int:
        """Replace a trade by one at another price, which has an id of its own."""
        old = self.trade(fill_id)
        old.busted_at = self.now()
        side = "buy" if old.change > 0 else "sell"
        new = self.fill(
            old.account,
            old.contract.name,
            side,
            abs(old.change),
            price=price,
            at=old.at,
            order_id=old.order_id,
        )
        self._report(old, "TradeCorrect", named=True, price=price)
        return new

    def _report(
        self, trade: Trade, kind: str, *, named: bool, price: Decimal | None = None
    ) -> None:
        row = {
            "id": self.books.next_id(),
            "accountId": trade.account.account_id,
            "contractId": trade.contract.contract_id,
            "timestamp": stamp(self.now()),
            "tradeDate": session(self.now()),
            "orderId": trade.order_id,
            "execType": kind,
            "lastQty": abs(trade.change),
            "lastPx": float(trade.price if price is None else price),
            **({"execRefId": str(trade.fill_id)} if named else {}),
        }
        self.books.reports.append((self.now(), row))

    def trade(self, fill_id: int) -> Trade:
        """Find a trade."""
        (found,) = (one for one in self.books.trades if one.fill_id == fill_id)
        return found

    def penalize(self, path: str, wait_s: int = 15) -> None:
        """Have the next question to a path wait and come again with a ticket."""
        self._penalties.append((path, wait_s))

    def positions(self, account: Account) -> dict[str, Decimal]:
        """Tell what is held now, by the symbols of our log."""
        held = self.books.held(account, self.now())
        return {contract.symbol: Decimal(net) for contract, net in held.items() if net}

    # -------------------------------------------------------------- serving

    def route(self, call: Call) -> Answer:
        """Find what is asked for; an old host sends everything on to the new one."""
        if call.host in self.moved:
            query = "&".join(f"{name}={value}" for name, value in call.query.items())
            address = f"{self.moved[call.host]}{call.path}{'?' * bool(query)}{query}"
            return Answer(307, b"", {"location": address})
        path = call.path.lower()
        if penalty := self._penalty(call, path):
            return penalty
        if (call.method, path) == ("POST", _LOGIN):
            return self.sessions.log_in(call, self.now())
        user = self.sessions.user_of(call, self.now())
        self.sessions.count(user, self.now())
        own: dict[tuple[str, str], Callable[[User, Call], Answer]] = {
            ("GET", _RENEWAL): lambda _, asked: self.sessions.renew(asked, self.now()),
            ("GET", "/v1/auth/me"): lambda who, _: answer({"userId": 15_001, "name": who.name}),
            ("POST", "/v1/cashbalance/getcashbalancesnapshot"): self._balance,
        }
        found = own.get((call.method, path))
        return found(user, call) if found else self._entities(user, call)

    def _entities(self, user: User, call: Call) -> Answer:
        kind, way = named(call)
        if kind in self.closed:
            raise Refused(DENIED)
        rows = Entities(self.books, self.accounts, user, self.now(), self.ledger_from)
        return answer(rows.asked(kind, way, call, strict=self.strict_items)[: self.cap])

    def _penalty(self, call: Call, path: str) -> Answer | None:
        given = call.query.get("p-ticket") or _field(call, "p-ticket")
        if given is not None:
            asked, ready_at = self._tickets.get(given, ("", self.now()))
            if asked != path or self.now() < ready_at:
                return answer({"errorText": "The ticket is not valid"})
            return None
        for penalty in self._penalties:
            if penalty[0].lower() == path:
                self._penalties.remove(penalty)
                ticket = f"pt-{self.books.next_id()}"
                self._tickets[ticket] = (path, self.now() + timedelta(seconds=penalty[1]))
                return answer({"p-ticket": ticket, "p-time": penalty[1], "p-captcha": False})
        return None

    def _balance(self, user: User, call: Call) -> Answer:
        account = self.accounts.get(int(_field(call, "accountId") or 0))
        if account is None or account.user_name != user.name or account.refused:
            return answer({"errorText": "Account is not found"})
        cash = self.books.cash(account, self.now())
        return answer({"totalCashValue": float(cash), "realizedPnL": 0.0, "netLiq": float(cash)})


def _field(call: Call, name: str) -> Any:
    try:
        body = json.loads(call.body or b"{}")
    except ValueError:
        return None
    return body.get(name) if isinstance(body, dict) else None
