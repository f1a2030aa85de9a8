"""TopstepX's REST API as a pure state machine over scripted accounts and a movable clock.

Where the documentation is silent (whether the ends of a window belong to it, the order of rows, a
cap on their number) there is a knob, and the synchronization must not depend on any setting.
Source: https://gateway.docs.projectx.com (read 2026-11).
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zlib import crc32

from infra.simulators.brokers.topstepx.account import (
    Account,
    HalfTurn,
    account_body,
    contract_body,
    find_contract,
    order_body,
    position_body,
    trade_body,
)
from infra.simulators.brokers.topstepx.wire import (
    body_of,
    instant,
    make_token,
    problem,
    refusal,
    required,
    status,
    success,
)
from infra.simulators.brokers.wire import Answer, Call
from infra.simulators.brokers.world import World, bearer
from shared.domain.time import as_utc

_TOKEN_LIFE = timedelta(hours=24)
_MINUTE = timedelta(seconds=60)
_FIRST_ID = 2_310_458_122  # above 2**31, as the real ones
_INVALID_CREDENTIALS, _NOT_FOUND = 3, 1  # of loginKey, of the searches
_MOST_CONTRACTS = 20  # in an answer of Contract/search

Body = Mapping[str, Any]


@dataclass
class _Login:
    api_key: str
    refused_with: int = 0
    asked: deque[datetime] = field(default_factory=deque)


@dataclass
class TopstepXWorld(World):
    """The platform: logins, accounts, half-turns.

    Shape: `exclusive_ends` leaves a window's ends out; `shuffled` gives rows in no order at all;
    `cap` silently gives only the newest rows.
    Units: `requests_a_minute` for each user, over which every answer is 429.
    """

    exclusive_ends: bool = False
    shuffled: bool = False
    cap: int | None = None
    requests_a_minute: int = 200
    _logins: dict[str, _Login] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _accounts: dict[int, Account] = field(default_factory=dict)
    _issued: int = 0  # trade and order ids
    _sessions: int = 0

    # ------------------------------------------------------------ scripting

    def add_login(self, user_name: str, api_key: str) -> None:
        """Let a user log in with a key."""
        self._logins[user_name] = _Login(api_key)

    def add_account(
        self,
        user_name: str,
        *,
        account_id: int,
        name: str,
        balance: Decimal = Decimal(50_000),
        active: bool = True,
        unknown: bool = False,
    ) -> Account:
        """Open an account behind a login."""
        account = Account(account_id, name, user_name, balance, active, unknown)
        self._accounts[account_id] = account
        return account

    def remove(self, account: Account) -> None:
        """Let an account vanish: it is listed no more, and not found."""
        del self._accounts[account.account_id]

    def refuse(self, user_name: str, code: int) -> None:
        """Answer this user's logins with an error code from now on; 0 lets him in again."""
        self._logins[user_name].refused_with = code

    def expire_tokens(self) -> None:
        """End every session at once, as a restart of the platform would."""
        self._tokens.clear()

    def fill(
        self,
        account: Account,
        contract_id: str,
        side: str,
        size: int,
        *,
        price: Decimal,
        at: datetime,
        order_id: int | None = None,
        fees: Decimal | None = Decimal("0.37"),
        commissions: Decimal | None = Decimal("0.25"),
        visible_at: datetime | None = None,
    ) -> int:
        """Book one half-turn and return its id; alone it is a whole order.

        Units: `size` positive; `fees` and `commissions` for the whole size.
        """
        contract = find_contract(contract_id)
        if contract is None:
            raise ValueError(f"{contract_id!r} is not a contract of the simulator")
        turn = HalfTurn(
            trade_id=self._next_id(),
            order_id=order_id or self._next_id(),
            contract=contract,
            change=size if side == "buy" else -size,
            price=price,
            at=as_utc(at),
            visible_at=as_utc(visible_at or at),
            fees=fees,
            commissions=commissions,
        )
        account.add(turn)
        return turn.trade_id

    def void(self, account: Account, trade_id: int) -> None:
        """Take a half-turn back; its row stays in the answers, marked."""
        (turn,) = (turn for turn in account.book if turn.trade_id == trade_id)
        turn.voided = True

    def positions(self, account: Account) -> dict[str, Decimal]:
        """Tell what is held now, by contract id."""
        return {c: Decimal(h.size) for c, h in account.holdings(self.now()).items()}

    def _next_id(self) -> int:
        self._issued += 1
        return _FIRST_ID + self._issued

    # -------------------------------------------------------------- serving

    def route(self, call: Call) -> Answer:
        if (call.method, call.path) == ("GET", "/api/Status/ping"):
            return Answer(200, b'"pong"')
        routes: dict[str, Callable[[str, Body], Answer]] = {
            "/api/Auth/validate": self._validate,
            "/api/Auth/logout": self._logout,
            "/api/Account/search": self._search_accounts,
            "/api/Trade/search": self._search_trades,
            "/api/Position/searchOpen": self._search_positions,
            "/api/Order/search": self._search_orders,
            "/api/Contract/search": self._search_contracts,
            "/api/Contract/searchById": self._search_contract,
        }
        if call.method == "POST" and call.path == "/api/Auth/loginKey":
            return self._log_in(body_of(call))
        if call.method != "POST" or call.path not in routes:
            raise status(404)
        token = bearer(call)
        self._count(self._user_of(token))
        return routes[call.path](token, body_of(call))

    def _count(self, user_name: str) -> None:
        asked, now = self._logins[user_name].asked, self.now()
        while asked and now - asked[0] >= _MINUTE:
            asked.popleft()
        if len(asked) >= self.requests_a_minute:
            raise status(429)
        asked.append(now)

    def _user_of(self, token: str) -> str:
        user_name, expires_at = self._tokens.get(token, ("", self.now()))
        if expires_at <= self.now():
            raise status(401)
        return user_name

    def _log_in(self, body: Body) -> Answer:
        user_name, api_key = (required(body, name, str) for name in ("userName", "apiKey"))
        login = self._logins.get(user_name)
        if login is None or login.api_key != api_key:
            raise refusal(_INVALID_CREDENTIALS, token=None)
        self._count(user_name)
        if login.refused_with:
            raise refusal(login.refused_with, token=None)
        return success(token=self._issue_token(user_name))

    def _issue_token(self, user_name: str) -> str:
        expires_at = self.now() + _TOKEN_LIFE
        self._sessions += 1
        token = make_token(user_name, expires_at, self._sessions)
        self._tokens[token] = (user_name, expires_at)  # older ones stay good
        return token

    def _validate(self, token: str, _: Body) -> Answer:
        return success(newToken=self._issue_token(self._user_of(token)))

    def _logout(self, token: str, _: Body) -> Answer:
        del self._tokens[token]
        return success()

    def _search_accounts(self, token: str, body: Body) -> Answer:
        only_active = required(body, "onlyActiveAccounts", bool)
        found = [a for a in self._of_user(token) if a.active or not only_active]
        return success(accounts=[account_body(a, self.now()) for a in found])

    def _search_trades(self, token: str, body: Body) -> Answer:
        account = self._account(token, body, "trades")
        rows = self._in_window(account, body)[: self.cap]
        if self.shuffled:
            rows.sort(key=lambda turn: crc32(str(turn.trade_id).encode()))
        results = account.ledger(self.now()).results
        return success(trades=[trade_body(account, t, results[t.trade_id]) for t in rows])

    def _search_orders(self, token: str, body: Body) -> Answer:
        account = self._account(token, body, "orders")
        turns: dict[int, list[HalfTurn]] = {}
        for turn in self._in_window(account, body):
            turns.setdefault(turn.order_id, []).append(turn)
        return success(orders=[order_body(account, of_order) for of_order in turns.values()])

    def _in_window(self, account: Account, body: Body) -> list[HalfTurn]:
        since, until = instant(body, "startTimestamp"), instant(body, "endTimestamp")
        if since is None:
            raise problem("startTimestamp", "The startTimestamp field is required.")
        until = until or self.now()
        ends = {since, until} if self.exclusive_ends else set()
        newest_first = reversed(account.visible(self.now()))
        return [t for t in newest_first if since <= t.at <= until and t.at not in ends]

    def _search_positions(self, token: str, body: Body) -> Answer:
        account = self._account(token, body, "positions")
        held = account.holdings(self.now())
        return success(positions=[position_body(account, c, h) for c, h in held.items()])

    def _search_contracts(self, _: str, body: Body) -> Answer:
        text, _live = required(body, "searchText", str), required(body, "live", bool)
        traded = {
            t.contract.contract_id: t.contract for a in self._accounts.values() for t in a.book
        }
        found = [contract_body(c) for _, c in sorted(traded.items()) if text in c.name]
        return success(contracts=found[:_MOST_CONTRACTS])

    def _search_contract(self, _: str, body: Body) -> Answer:
        contract = find_contract(required(body, "contractId", str))
        if contract is None:
            raise refusal(_NOT_FOUND, contract=None)
        return success(contract=contract_body(contract))

    def _account(self, token: str, body: Body, field_name: str) -> Account:
        account_id = required(body, "accountId", int)
        account = self._accounts.get(account_id)
        if account is None or account.unknown or account.user_name != self._user_of(token):
            raise refusal(_NOT_FOUND, **{field_name: None})
        return account

    def _of_user(self, token: str) -> list[Account]:
        user_name = self._user_of(token)
        return [a for a in self._accounts.values() if a.user_name == user_name]
