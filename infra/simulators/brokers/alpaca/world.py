"""Alpaca's Trading API v2 as a pure state machine over scripted accounts and a movable clock.

What its answers mean is documented by Alpaca; where they are silent (equality at a window's end, an
unknown page token) this is our reading, and the synchronization must not depend on it.
Source: Alpaca's OpenAPI page "Retrieve Account Activities" and "Using OAuth2" (read 2026-05).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from infra.simulators.brokers.alpaca.account import (
    Account,
    Activity,
    account_body,
    activity_id,
    day_id,
    fill_body,
    order_body,
    position_body,
    stable_uuid,
)
from infra.simulators.brokers.alpaca.query import (
    activity_filter,
    invalid,
    is_descending,
    page_size,
    refused,
)
from infra.simulators.brokers.alpaca.stream import TradeUpdates
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import World, bearer, form, serves
from shared.domain.money import decimal_text
from shared.domain.time import NEW_YORK, as_utc, iso

_HOST_OF = {"live": "api.alpaca.markets", "paper": "paper-api.alpaca.markets"}
_ACTIVITIES = "/v2/account/activities"


@dataclass
class AlpacaWorld(World):
    """The broker: accounts, rows, logins.

    Shape: a row can be seen once its creation time has come. `skips_same_ms` turns on the paging
    defect of issue 176: after a page, rows that share the millisecond with its last row are left
    out.
    """

    skips_same_ms: bool = False
    _accounts: dict[str, Account] = field(default_factory=dict)
    _codes: dict[str, Account] = field(default_factory=dict)

    # ------------------------------------------------------------ scripting

    def add_account(
        self,
        *,
        account_id: str,
        number: str,
        key: str | None = None,
        secret: str | None = None,
        oauth_token: str | None = None,
        environment: str = "paper",
        cash: Decimal = Decimal(100_000),
        opened_at: datetime | None = None,
    ) -> Account:
        """Open an account that answers to a key pair, to an OAuth token, or to both."""
        account = Account(
            account_id=account_id,
            number=number,
            environment=environment,
            opened_at=opened_at or self.now(),
            start_cash=cash,
            key_id=key,
            secret_key=secret,
            oauth_token=oauth_token,
        )
        self._accounts[account_id] = account
        return account

    def consent(self, account: Account, code: str) -> None:
        """Let POST /oauth/token exchange this code for the account's token."""
        self._codes[code] = account

    def revoke(self, account: Account) -> None:
        """Refuse the account's logins from now on, as after a regenerated key."""
        account.revoked = True

    def fill(
        self,
        account: Account,
        symbol: str,
        side: str,
        qty: Decimal,
        *,
        price: Decimal,
        at: datetime,
        order_id: str | None = None,
        cumulative: Decimal | None = None,
        leaves: Decimal = Decimal(0),
        visible_at: datetime | None = None,
    ) -> str:
        """Book one fill and return its activity id; alone it is a whole order.

        Units: `qty` positive, `cumulative` of the order after this fill, `leaves` what is open.
        """
        place = len(account.book)
        order_id = order_id or stable_uuid("order", account.account_id, place)
        name = stable_uuid("fill", account.account_id, place)
        body = fill_body(activity_id(at, name), at, symbol=symbol, side=side, order_id=order_id) | {
            "type": "partial_fill" if leaves else "fill",
            "price": decimal_text(price),
            "qty": decimal_text(qty),
            "cum_qty": decimal_text(qty if cumulative is None else cumulative),
            "leaves_qty": decimal_text(leaves),
            "order_status": "partially_filled" if leaves else "filled",
        }
        signed = qty if side == "buy" else -qty
        account.add(
            Activity(body, as_utc(at), as_utc(visible_at or at), signed, price, -signed * price)
        )
        return str(body["id"])

    def order(
        self,
        account: Account,
        symbol: str,
        side: str,
        parts: Sequence[tuple[Decimal, Decimal, datetime]],
        *,
        order_id: str | None = None,
    ) -> str:
        """Book one order that was filled in parts (quantity, price, instant); return its id."""
        order_id = order_id or stable_uuid("order", account.account_id, len(account.book))
        whole = sum((qty for qty, _, _ in parts), Decimal(0))
        done = Decimal(0)
        for qty, price, at in parts:
            done += qty
            self.fill(
                account,
                symbol,
                side,
                qty,
                price=price,
                at=at,
                order_id=order_id,
                cumulative=done,
                leaves=whole - done,
            )
        return order_id

    def fee(
        self, account: Account, *, on: date, subtype: str, amount: Decimal, created_at: datetime
    ) -> str:
        """Book one day's fee (a positive cost) under its trading day; return the row's id."""
        return self.row(
            account,
            "FEE",
            on=on,
            created_at=created_at,
            activity_sub_type=subtype,
            net_amount=decimal_text(-amount),
            description=f"{subtype} fee on {on}",
        )

    def row(
        self, account: Account, kind: str, *, on: date, created_at: datetime, **fields: str
    ) -> str:
        """Book any row that is not a fill; its `net_amount` moves cash, nothing moves positions."""
        name = stable_uuid(kind, account.account_id, len(account.book))
        body = {
            "id": day_id(created_at.astimezone(NEW_YORK).date(), name),
            "activity_type": kind,
            "date": on.isoformat(),
            "created_at": iso(created_at),
            "net_amount": "0",
            "currency": "USD",
            "status": "executed",
            **fields,
        }
        created = as_utc(created_at)
        account.add(Activity(body, created, created, cash=Decimal(body["net_amount"])))
        return str(body["id"])

    def positions(self, account: Account) -> dict[str, Decimal]:
        """Tell what is held now, by symbol."""
        return {s: h.quantity for s, h in account.holdings(self.now()).items()}

    # -------------------------------------------------------------- serving

    def route(self, call: Call) -> Answer:
        if call.path == "/oauth/token":
            return self._token(call)
        if call.method != "GET":
            raise refused(404, 40410000, "endpoint not found")
        if call.path == "/stream":
            stream = TradeUpdates(partial(self._account_of, call), self.now)
            return Answer(101, b"", more=stream.more, hear=stream.hear)
        account = self._authorized(call)
        name, _, rest = call.path.removeprefix("/v2/").partition("/")
        match name, rest:
            case "account", "":
                answered = answer(account_body(account, self.now()))
            case "account", _ if call.path.startswith(_ACTIVITIES):
                answered = self._activities(account, call)
            case "positions", symbol:
                answered = self._positions(account, symbol)
            case "orders", "":
                answered = self._orders(account, call.query)
            case "clock", "":
                answered = answer(_clock_body(self.now()))
            case _:
                raise refused(404, 40410000, "endpoint not found")
        return answered

    def _authorized(self, call: Call) -> Account:
        key, secret = (call.headers.get(f"apca-api-{n}") for n in ("key-id", "secret-key"))
        account = self._account_of(call, key, secret, bearer(call))
        if account is None:
            raise refused(401, 40110000, "request is not authorized")
        return account

    def _account_of(
        self, call: Call, key: str | None, secret: str | None, token: str | None
    ) -> Account | None:
        for account in self._accounts.values():
            by_key = bool(key) and (key, secret) == (account.key_id, account.secret_key)
            by_token = bool(token) and token == account.oauth_token
            here = not account.revoked and serves(call, _HOST_OF, account.environment)
            if (by_key or by_token) and here:
                return account
        return None

    def _token(self, call: Call) -> Answer:
        asked = form(call)
        account = self._codes.pop(asked.get("code", ""), None)
        if call.method != "POST" or asked.get("grant_type") != "authorization_code":
            raise invalid("grant_type must be authorization_code")
        if account is None or account.oauth_token is None:
            raise refused(401, 40110000, "the code is not valid")
        return answer({"access_token": account.oauth_token, "token_type": "bearer", "scope": ""})

    def _positions(self, account: Account, symbol: str) -> Answer:
        held = account.holdings(self.now())
        if not symbol:
            return answer([position_body(name, holding) for name, holding in held.items()])
        if symbol not in held:
            raise refused(404, 40410000, "position does not exist")
        return answer(position_body(symbol, held[symbol]))

    def _orders(self, account: Account, query: Mapping[str, str]) -> Answer:
        orders: dict[str, list[Activity]] = {}
        for fill in account.visible(self.now()):
            if fill.quantity:
                orders.setdefault(fill.body["order_id"], []).append(fill)
        bodies = [order_body(sorted(f, key=lambda a: a.created_at)) for f in orders.values()]
        if query.get("status", "open") == "open":
            bodies = [b for b in bodies if b["status"] == "partially_filled"]
        return answer(bodies)

    def _activities(self, account: Account, call: Call) -> Answer:
        wanted = activity_filter(call.query, call.path.removeprefix(_ACTIVITIES).strip("/"))
        found = [activity for activity in account.visible(self.now()) if wanted(activity)]
        if is_descending(call.query):
            found.reverse()
        rest = self._after_token(found, call.query.get("page_token"))
        return answer([activity.body for activity in rest[: page_size(call.query)]])

    def _after_token(self, found: list[Activity], token: str | None) -> list[Activity]:
        if not token:
            return found
        place = next((i for i, a in enumerate(found) if a.body["id"] == token), None)
        if place is None:
            raise invalid("invalid page_token")
        rest = found[place + 1 :]
        if self.skips_same_ms:
            millisecond = found[place].order[0]
            rest = [activity for activity in rest if activity.order[0] != millisecond]
        return rest


def _clock_body(now: datetime) -> dict[str, Any]:
    """Render the market clock: weekdays 09:30 to 16:00 New York; it knows no holidays."""
    local = now.astimezone(NEW_YORK)
    days = [local.date() + timedelta(days=i) for i in range(8)]
    opens, closes = (
        [datetime.combine(d, at, NEW_YORK) for d in days if d.weekday() < 5]
        for at in (time(9, 30), time(16))
    )
    next_open = next(at for at in opens if at > local)
    next_close = next(at for at in closes if at > local)
    return {
        "timestamp": local.isoformat(),
        "is_open": next_close < next_open,
        "next_open": next_open.isoformat(),
        "next_close": next_close.isoformat(),
    }
