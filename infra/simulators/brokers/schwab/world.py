"""Charles Schwab's Trader API as a pure state machine over scripted accounts and a movable clock.

What its answers mean is documented by Schwab; where that is silent (the order of rows, which of
more than 3000 are given, how an unknown hash is refused) this is our reading, and the
synchronization must not depend on it.
Source: Schwab's "Accounts and Trading Production" page (read 2026-05); schwab-py 1.5.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from infra.simulators.brokers.schwab.account import (
    Account,
    Booked,
    Leg,
    account_body,
    fee_items,
    hash_of,
    order_bodies,
    trade_items,
    when,
)
from infra.simulators.brokers.schwab.login import App, Consent, Logins
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, World
from shared.domain.time import as_utc, parse_instant

_API = "/trader/v1"
_LONGEST_WINDOW = timedelta(days=366)
_FIRST_ID, _FIRST_ORDER = 110_770_000_000, 1_005_112_900_000
_NOTHING: Mapping[str, Decimal] = {}


@dataclass
class SchwabWorld(World):
    """The broker: apps, logins, accounts, rows.

    Shape: a row can be seen once its time has come. `row_cap` is how many transactions one answer
    holds at most.
    """

    row_cap: int = 3000
    accounts: dict[str, Account] = field(default_factory=dict)
    _generation: int = 0
    _booked: int = 0

    def __post_init__(self) -> None:
        self.logins = Logins(self.now)

    # ------------------------------------------------------------ scripting

    def add_app(self, key: str, secret: str, callback: str = "https://127.0.0.1:8182") -> App:
        """Register an application."""
        return self.logins.apps.setdefault(key, App(key, secret, callback))

    def add_account(
        self, number: str, *, kind: str = "MARGIN", cash: Decimal = Decimal(50_000)
    ) -> Account:
        """Open an account; a login must tick it before it can be seen."""
        account = Account(number, kind, cash, hash_of(number, self._generation))
        self.accounts[number] = account
        return account

    def log_in(self, app: App) -> Consent:
        """Let the user log in and tick all accounts; the tokens are in the consent."""
        return self.logins.log_in(app, tuple(self.accounts))

    def change_hash(self, account: Account) -> None:
        """Give an account another hash: paths with the old one are refused from now on."""
        self._generation += 1
        account.hash_value = hash_of(account.number, self._generation)

    def fill(
        self,
        account: Account,
        symbol: str,
        side: str,
        qty: Decimal,
        *,
        price: Decimal,
        at: datetime,
        order_id: int | None = None,
        fees: Mapping[str, Decimal] = _NOTHING,
        visible_at: datetime | None = None,
    ) -> int:
        """Book one fill and return its activity id; alone it is a whole order."""
        leg = Leg(symbol, qty if side == "buy" else -qty, price, "OPENING")
        return self.trade(
            account, [leg], at=at, order_id=order_id, fees=fees, visible_at=visible_at
        )

    def trade(
        self,
        account: Account,
        legs: Sequence[Leg],
        *,
        at: datetime,
        order_id: int | None = None,
        fees: Mapping[str, Decimal] = _NOTHING,
        visible_at: datetime | None = None,
    ) -> int:
        """Book one row with everything that it traded; return its activity id."""
        items = [*fee_items(fees), *trade_items(legs)]
        fields = {"orderId": order_id or _FIRST_ORDER + self._booked, "transferItems": items}
        cash = sum((leg.cost for leg in legs), -sum(fees.values(), Decimal(0)))
        return self._book(
            account, "TRADE", at, fields, moves=legs, cash=cash, visible_at=visible_at
        )

    def assign_call(self, account: Account, option: str, contracts: int, at: datetime) -> int:
        """Call shares away: one row, the share leg three times, the option with a wrong sign."""
        strike = Decimal(int(option[13:])) / 1000
        sold = Leg(option[:6].strip(), Decimal(-100 * contracts), strike)
        back = Leg(sold.symbol, -sold.quantity, strike)
        misleading = Leg(option, Decimal(-contracts), Decimal(0), "CLOSING")
        items = trade_items([sold, back, sold, misleading])
        closed = Leg(option, Decimal(contracts), Decimal(0))
        return self._book(
            account, "TRADE", at, {"transferItems": items}, moves=(sold, closed), cash=sold.cost
        )

    def expire(self, account: Account, option: str, at: datetime) -> int:
        """Remove an option that ended worthless, long or short."""
        held = account.holdings(self.now())[option].quantity
        leg = Leg(option, -held, Decimal(0), "CLOSING")
        fields = {
            "description": "REMOVAL OF OPTION DUE TO EXPIRATION",
            "transferItems": trade_items([leg]),
        }
        return self._book(account, "RECEIVE_AND_DELIVER", at, fields, moves=(leg,))

    def row(
        self,
        account: Account,
        kind: str,
        *,
        at: datetime,
        cash: Decimal = Decimal(0),
        moves: Sequence[Leg] = (),
        **fields: Any,
    ) -> int:
        """Book any other row: a dividend, a transfer, a split."""
        body = {"transferItems": trade_items(moves), **fields}
        return self._book(account, kind, at, body, moves=moves, cash=cash)

    def positions(self, account: Account) -> dict[str, Decimal]:
        """Tell what is held now, by symbol."""
        return {s: h.quantity for s, h in account.holdings(self.now()).items()}

    def _book(
        self,
        account: Account,
        kind: str,
        at: datetime,
        fields: Mapping[str, Any],
        *,
        moves: Sequence[Leg],
        cash: Decimal = Decimal(0),
        visible_at: datetime | None = None,
    ) -> int:
        self._booked += 1
        body = {
            "activityId": _FIRST_ID + self._booked,
            "time": when(at),
            "accountNumber": account.number,
            "type": kind,
            "status": "VALID",
            "subAccount": account.kind,
            "tradeDate": when(at),
            "netAmount": float(cash),
            **fields,
        }
        seen_at = as_utc(visible_at or at)
        account.book.append(
            Booked(_FIRST_ID + self._booked, as_utc(at), seen_at, body, tuple(moves), cash)
        )
        return _FIRST_ID + self._booked

    # -------------------------------------------------------------- serving

    def handle(self, call: Call) -> Answer:
        """Answer one call.

        A login that an error stands in the way of did not happen; one whose answer is lost did.
        """
        undo = self.logins.remember()
        answered = super().handle(call)
        if answered.status >= 400 and not answered.lost:
            undo()
        return answered

    def route(self, call: Call) -> Answer:
        if call.path == "/v1/oauth/token":
            return self.logins.token(call)
        if call.path == "/v1/oauth/authorize":
            return self.logins.authorize(call.query, tuple(self.accounts))
        consent = self.logins.of_bearer(call)
        if consent is None:
            raise Refused(self._error(401, "Unauthorized", "Client not authorized"))
        mine = [self.accounts[number] for number in consent.numbers]
        parts = call.path.removeprefix(_API).strip("/").split("/")
        found: list[dict[str, Any]]
        match (call.method, *parts):
            case ("GET", "accounts", "accountNumbers"):
                found = [{"accountNumber": a.number, "hashValue": a.hash_value} for a in mine]
            case ("GET", "accounts"):
                found = [self._account(account, call) for account in mine]
            case ("GET", "orders"):
                found = [body for account in mine for body in self._orders(account, call)]
            case ("GET", "userPreference"):
                found = [{"accounts": [{"accountNumber": a.number} for a in mine]}]
            case ("GET", "accounts", hashed, *rest):
                return self._of_account(self._chosen(mine, hashed), rest, call)
            case _:
                raise Refused(self._error("404", "Not Found"))
        return answer(found)

    def _of_account(self, account: Account, rest: Sequence[str], call: Call) -> Answer:
        match rest:
            case []:
                return answer(self._account(account, call))
            case ["transactions"]:
                return answer(self._transactions(account, call.query))
            case ["transactions", activity_id]:
                seen = account.visible(self.now())
                found = [row.body for row in seen if str(row.activity_id) == activity_id]
                return answer(found) if found else self._error("404", "Not Found")
            case ["orders"]:
                return answer(self._orders(account, call))
            case _:
                raise Refused(self._error("404", "Not Found"))

    def _chosen(self, mine: Sequence[Account], hashed: str) -> Account:
        for account in mine:
            if account.hash_value == hashed:
                return account
        if hashed.isdecimal():
            raise Refused(_bad("Invalid account number", "accountNumber"))
        raise Refused(self._error("404", "Not Found"))

    def _account(self, account: Account, call: Call) -> dict[str, Any]:
        wanted = call.query.get("fields")
        return account_body(account, self.now(), with_positions=wanted == "positions")

    def _transactions(self, account: Account, query: Mapping[str, str]) -> list[dict[str, Any]]:
        since, until = _window(query, "startDate", "endDate")
        types = [name for name in query.get("types", "").split(",") if name]
        if not types:
            raise Refused(_bad("types is required", "types"))
        symbol = query.get("symbol")
        found = [
            row.body
            for row in account.visible(self.now())
            if since <= row.at <= until
            and row.body["type"] in types
            and (symbol is None or any(leg.symbol == symbol for leg in row.moves))
        ]
        return found[: self.row_cap]

    def _orders(self, account: Account, call: Call) -> list[dict[str, Any]]:
        since, until = _window(call.query, "fromEnteredTime", "toEnteredTime")
        rows = [row for row in account.visible(self.now()) if since <= row.at <= until]
        wanted = call.query.get("status", "FILLED") == "FILLED"  # nothing else ever stays here
        return order_bodies(account, rows) if wanted else []

    def _error(self, status: int | str, title: str, detail: str | None = None) -> Answer:
        error = {"id": str(UUID(int=len(self.calls))), "status": status, "title": title}
        return answer({"errors": [error | ({"detail": detail} if detail else {})]}, int(status))


def _bad(message: str, *fields: str) -> Answer:
    return answer({"message": message, "errors": list(fields)}, 400)


def _window(query: Mapping[str, str], first: str, last: str) -> tuple[datetime, datetime]:
    """Read a window; both ends belong to it."""
    try:
        since, until = (parse_instant(query[name]) for name in (first, last))
    except (KeyError, ValueError):
        raise Refused(_bad(f"{first} and {last} are required", first, last)) from None
    if until - since > _LONGEST_WINDOW:
        raise Refused(_bad(f"{first} must be within one year of {last}", first))
    return since, until
