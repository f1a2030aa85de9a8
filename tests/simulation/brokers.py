"""Three brokers under the simulation, each with what the others have not.

Alpaca pages oldest first and corrects prices; Schwab's logins run out; TradeStation tells orders
newest first, which grow and are broken, behind a key whose tokens rotate.
"""

import json
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from infra.simulators.brokers import faults
from infra.simulators.brokers.alpaca.account import Activity
from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.faults import Fault
from infra.simulators.brokers.schwab.account import Booked
from infra.simulators.brokers.schwab.world import SchwabWorld
from infra.simulators.brokers.tradestation.world import TradeStationWorld
from infra.simulators.brokers.wire import Answer, Call, answer
from shared.brokers.alpaca import spec as alpaca
from shared.brokers.alpaca.rows import booked_at, rows_of
from shared.brokers.engine.paging import by_last_id
from shared.brokers.schwab import spec as schwab
from shared.brokers.spec import BrokerAccount, BrokerSpec, Request, Window
from shared.domain.ids import AccountKey, account_key
from shared.domain.time import iso
from tests.simulation.growing import TRADESTATION, Trader
from tests.simulation.watch import Booking, Told

_PAGE = 5  # small pages, so that a few fills are several

ANSWERED_WRONGLY: dict[str, Callable[[], Fault]] = {
    "401": lambda: faults.status(401),
    "403": lambda: faults.status(403),
    "429": lambda: faults.status(429),
    "429 with its end": lambda: faults.status(429, {"Retry-After": "20"}),
    "500": lambda: faults.status(500),
    "page for people": faults.html_503,
    "timeout": faults.timeout,
    "cut body": faults.cut_body,
}
_RARELY_FIT = {"page again": 10**9, "empty page with a token": 10**9}  # times, until one does
ON_ROWS = ("out of order", "malformed row", "page again", "empty page with a token")


def _small_pages(account: BrokerAccount, window: Window) -> Request:
    asked = alpaca._of_window(account, window)
    return Request(asked.path, {**asked.params, "page_size": str(_PAGE)})


ALPACA = replace(
    alpaca.SPEC,
    history=(
        replace(
            alpaca.SPEC.history[0],
            walk=by_last_id(
                _small_pages,
                parameter="page_token",
                id_field="id",
                size=_PAGE,
                rows=rows_of,
                booked_at=booked_at,
            ),
        ),
    ),
)


@dataclass
class Login:
    """What a user connects with; `connections` are those that were made of it."""

    spec: BrokerSpec
    environment: str
    auth: str
    credentials: Callable[[], dict[str, str]]
    revoke: Callable[[], None]
    keys: list[str]  # of the accounts behind it
    user: str
    connections: list[str] = field(default_factory=list)


@dataclass
class Brokers:
    """The worlds, their accounts, and what was booked; `met` counts the faults that were met."""

    now: Callable[[], datetime]
    random: Random
    logins: list[Login] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.alpaca, self.schwab = AlpacaWorld(self.now), SchwabWorld(self.now)
        self.tradestation = TradeStationWorld(self.now)
        self._accounts: dict[str, tuple[Any, Any]] = {}  # key -> world, account
        self._traders: dict[str, Trader] = {}
        self._page: Answer | None = None
        for n in range(2):
            self._open_at_alpaca(n)
        self._open_at_schwab()
        self._open_at_tradestation()

    def _open_at_alpaca(self, n: int) -> None:
        account = self.alpaca.add_account(
            account_id=f"id-{n}", number=f"PA{n}", key=f"K{n}", secret=f"s{n}"
        )
        key = account_key("alpaca", "paper", f"id-{n}")
        self._accounts[key] = (self.alpaca, account)
        keys = {"key_id": f"K{n}", "secret_key": f"s{n}"}
        revoke = lambda: self.alpaca.revoke(account)  # noqa: E731 - one line of the table
        self.logins.append(
            Login(ALPACA, "paper", "api_key", lambda: keys, revoke, [key], f"user-{n}")
        )

    def _open_at_schwab(self) -> None:
        app, numbers = self.schwab.add_app("app", "secret"), ("48217730", "48217731")
        for number in numbers:
            account = self.schwab.add_account(number)
            self._accounts[account_key("schwab", "live", number)] = (self.schwab, account)

        def sign_in() -> dict[str, str]:
            consent = self.schwab.logins.log_in(app, numbers)
            token = consent.refresh_token
            return {"client_id": app.key, "client_secret": app.secret, "refresh_token": token}

        def revoke() -> None:
            for consent in self.schwab.logins._consents:
                if consent.app is app:
                    self.schwab.logins.revoke(consent)

        keys = [str(account_key("schwab", "live", number)) for number in numbers]
        self.logins.append(Login(schwab.SPEC, "live", "oauth", sign_in, revoke, keys, "user-0"))

    def _open_at_tradestation(self) -> None:
        world = self.tradestation
        key, ids = world.add_key("key", "secret", rotating=True), ("11223344", "11223345")
        for account_id in ids:
            account = world.add_account(account_id)
            named = account_key("tradestation", "live", account_id)
            self._accounts[named] = (world, account)
            self._traders[named] = Trader(world, account, named, self.random)

        def sign_in() -> dict[str, str]:
            token = world.sign_in(key)
            return {"client_id": "key", "client_secret": "secret", "refresh_token": token}

        keys = [str(account_key("tradestation", "live", account_id)) for account_id in ids]
        revoke = lambda: world.tokens.revoke(key)  # noqa: E731 - one line of the table
        self.logins.append(Login(TRADESTATION, "live", "oauth", sign_in, revoke, keys, "user-1"))

    # ------------------------------------------------------------- trading

    def trade(self) -> list[Booking]:
        """Book some fills everywhere: some shown late, some dated back; correct what was booked."""
        self._correct()
        traded = [one for trader in self._traders.values() for one in trader.trade(self.now())]
        return traded + [
            self._fill(key, world, account)
            for key, (world, account) in self._accounts.items()
            if key not in self._traders
            for _ in range(self.random.choice([0, 1, 2, 7]))
        ]

    def _correct(self) -> None:
        """Let Alpaca tell another price of a fill, under its old id."""
        for world, account in self._accounts.values():
            if world is self.alpaca and account.book and self.random.random() < 0.5:
                self.random.choice(account.book).body["price"] = str(self.random.randrange(60, 70))

    def _fill(self, key: str, world: Any, account: Any) -> Booking:
        random, now = self.random, self.now()
        age = timedelta(seconds=random.choice([random.randrange(600), random.randrange(170_000)]))
        visible_at = now + timedelta(minutes=random.choice([0, 0, 0, 10]))
        symbol, side = random.choice(["KO", "PEP"]), random.choice(["buy", "sell"])
        quantity, price = Decimal(random.choice([5, 2])), Decimal(random.randrange(60, 70))
        at = now - age
        found = world.fill(
            account, symbol, side, quantity, price=price, at=at, visible_at=visible_at
        )
        return Booking(AccountKey(key), str(found), at, visible_at)

    def held(self, key: str) -> dict[str, Decimal]:
        world, account = self._accounts[key]
        positions: dict[str, Decimal] = world.positions(account)
        return positions

    def told(self, key: str) -> dict[str, Told]:
        """What the broker says now of each booking."""
        world, account = self._accounts[key]
        if key in self._traders:
            return self._traders[key].truth(self.now())
        return {
            told.booking_id: told
            for told in map(
                _told_by_alpaca if world is self.alpaca else _told_by_schwab, account.book
            )
        }

    # -------------------------------------------------------- going wrong

    def go_wrong(self) -> None:
        """Plan a fault or two somewhere."""
        repeated, empty = ("page again", self._again), ("empty page with a token", self._none_yet)
        for world, at, spoiled, more in (
            (self.alpaca, None, ("price", "abc"), [repeated]),
            (self.schwab, None, ("netAmount", 1), []),
            (self.tradestation, "Orders", ("Legs", "abc"), [empty]),
        ):
            for _ in range(self.random.randrange(3)):
                rows = [
                    ("out of order", _backwards(at)),
                    ("malformed row", _spoiled(at, *spoiled)),
                    *more,
                ]
                name, make = self.random.choice(list(ANSWERED_WRONGLY.items()))
                name, fault = self.random.choice([(name, make()), *rows])
                fault = self._noted(name, _on_rows(fault) if name in ON_ROWS else fault)
                world.faults.plan(
                    fault, skip=self.random.randrange(12), times=_RARELY_FIT.get(name, 1)
                )

    def _noted(self, name: str, fault: Fault) -> Fault:
        def changed(call: Call, answered: Answer) -> Answer:
            spoiled = fault(call, answered)
            self.met[name] += spoiled != answered
            return spoiled

        return changed

    def break_down(self, broker: str) -> None:
        """Answer nothing any more, but with a page for people."""
        getattr(self, broker).faults.plan(faults.html_503(), times=10**9)

    def recover(self) -> None:
        """Do nothing wrong from now on."""
        for world in (self.alpaca, self.schwab, self.tradestation):
            world.faults = faults.Faults()

    def handle(self, call: Call) -> Answer:
        name = next(one for one in ("alpaca", "schwab", "tradestation") if one in call.host)
        answered: Answer = getattr(self, name).handle(call)
        if "activities" in call.path and answered.status == 200:
            self._page = answered
        return answered

    def _again(self, call: Call, answered: Answer) -> Answer:
        """Give the page once more that the call wants to go on from."""
        token = call.query.get("page_token")  # which Alpaca alone has
        page = json.loads(self._page.body) if token and self._page else None
        return self._page if self._page and page and page[-1]["id"] == token else answered

    def _none_yet(self, call: Call, answered: Answer) -> Answer:
        """Give no orders, and a token that leads to those that belong here."""
        start = self.tradestation._start(call.query.get("nextToken"))
        mark = {"start": start, "at": iso(self.now() - timedelta(seconds=1))}
        token = urlsafe_b64encode(json.dumps(mark).encode()).decode()
        return answer({**json.loads(answered.body), "Orders": [], "NextToken": token})


def _told_by_alpaca(booked: Activity) -> Told:
    row = booked.body
    figures = row["symbol"], row["side"], Decimal(row["qty"]), Decimal(row["price"])
    return Told(row["id"], "booked", *figures, row["transaction_time"])


def _told_by_schwab(booked: Booked) -> Told:
    (leg,) = booked.moves
    side, at = "buy" if leg.quantity > 0 else "sell", iso(booked.at.replace(microsecond=0))
    booking = str(booked.activity_id)
    return Told(booking, "booked", leg.symbol, side, abs(leg.quantity), leg.price, at)


def _on_rows(fault: Fault) -> Fault:
    """Change the first answer that can be changed; those that are no rows of a history cannot."""
    done = False

    def changed(call: Call, answered: Answer) -> Answer:
        nonlocal done
        whole = answered.status == 200 and not answered.lost and not answered.cut
        is_history = call.path.endswith(("/activities", "/transactions", "orders"))
        if done or not (whole and is_history):
            return answered
        spoiled = fault(call, answered)
        done = spoiled != answered
        return spoiled

    return changed


def _backwards(at: str | None) -> Fault:
    return faults.rows(lambda found: found[::-1], at=at)


def _spoiled(at: str | None, name: str, value: Any) -> Fault:
    return faults.rows(lambda found: [{**row, name: value} for row in found[:1]] + found[1:], at=at)
