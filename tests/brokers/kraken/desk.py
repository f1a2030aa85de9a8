"""A desk at the simulated Kraken, whose user has made one key for it."""

from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from infra.simulators.brokers import faults
from infra.simulators.brokers.kraken.account import Account, Key
from infra.simulators.brokers.kraken.world import KrakenWorld
from infra.simulators.brokers.world import form
from shared.brokers.kraken.spec import SPEC
from tests.brokers.desk import Desk

TRADES, LEDGERS = "/0/private/TradesHistory", "/0/private/Ledgers"
SECRET = b64encode(b"a secret of 64 bytes, as Kraken makes them, 0123456789 0123456789").decode()
LOGIN = {"api_key": "KEY1", "private_key": SECRET}
MINUTE = timedelta(minutes=1)


class KrakenDesk(Desk):
    world: KrakenWorld

    @property
    def account(self) -> Account:
        return self.world.accounts[0]

    @property
    def key(self) -> Key:
        return self.account.keys[0]

    def buy(self, count: int, last: datetime, every: timedelta = MINUTE) -> None:
        for i in range(count):
            self.trade("buy", "1", "100", last - every * (count - 1 - i))

    def trade(
        self,
        side: str,
        quantity: str,
        price: str,
        at: datetime,
        pair: str = "XXBTZUSD",
        **more: Any,
    ) -> str:
        told = Decimal(quantity), Decimal(price)
        return self.world.fill(self.account, pair, side, told[0], price=told[1], at=at, **more)

    def asked(self, path: str) -> list[dict[str, str]]:
        """The bodies of all questions to a path."""
        return [form(call) for call in self.world.calls if call.path == path]

    def held(self) -> dict[str, Decimal]:
        """What the account holds of coins, by the symbols of our log."""
        balances = self.account.balances(self.clock.now())
        names = {"XXBT": "BTC/USD", "ADA": "ADA/USD", "XETH": "ETH/USD"}
        return {names[asset]: q for asset, q in balances.items() if asset in names and q}


def open_desk(cash: int = 1_000_000) -> KrakenDesk:
    desk = KrakenDesk(spec=SPEC, make_world=KrakenWorld, environment="live", credentials=LOGIN)
    account = desk.world.add_account()
    desk.world.add_key(account, "KEY1", SECRET)
    at = desk.clock.now() - timedelta(days=400)
    desk.world.enter(account, "ZUSD", Decimal(cash), at=at, kind="deposit")
    return desk


def changed(change: Callable[[list[Any]], list[Any]], name: str = "trades") -> faults.Fault:
    """Change the rows of an answer, which are an object by id."""

    def change_objects(found: Any) -> Any:
        return dict(zip(found, change(list(found.values())), strict=True))

    return faults.rows(change_objects, at=f"result.{name}")
