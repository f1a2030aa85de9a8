"""A desk at the simulated Tradovate."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from infra.simulators.brokers.tradovate.books import Account
from infra.simulators.brokers.tradovate.world import TradovateWorld
from shared.brokers.tradovate.spec import SPEC
from shared.domain.execution import Execution
from tests.brokers.desk import Desk, Shown
from tests.contract.broker import MINUTE

FILLS, LEDGER = "/v1/fill/list", "/v1/cashBalanceLog/deps"
LOGIN, RENEWAL = "/v1/auth/accesstokenrequest", "/v1/auth/renewaccesstoken"
FIRST = 54_066_902
CREDENTIALS = {"user_name": "jdoe", "password": "API-pass-1", "cid": "8123", "secret": "0f3c"}


class TradovateDesk(Desk):
    """A desk whose user has a login and one account at first."""

    world: TradovateWorld

    def account(self, account_id: int | str = FIRST) -> Account:
        return self.world.accounts[int(account_id)]

    def add(self, account_id: int) -> Account:
        opened_at = self.clock.now() - timedelta(days=400)
        return self.world.add_account(
            "jdoe", account_id=account_id, name=f"DEMO{account_id}", opened_at=opened_at
        )

    def trade(self, side: str, size: int = 1, *, at: datetime | None = None, **more: Any) -> int:
        settings = {"contract": "MNQM6", "price": Decimal("25386.75"), **more}
        account = settings.pop("account", self.account())
        when = at or self.clock.now() - MINUTE
        return self.world.fill(account, settings.pop("contract"), side, size, at=when, **settings)

    def buy(
        self, account: Account, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> list[int]:
        newest = last or self.clock.now() - MINUTE
        ats = [newest - every * (count - 1 - i) for i in range(count)]
        return [self.trade("buy", at=at, account=account) for at in ats]

    def asked(self, path: str) -> int:
        return sum(call.path == path for call in self.world.calls)

    def fills(self) -> dict[str, Shown]:
        """The newest sighting of each fill, by its id."""
        return {row.row.execution_id: row for row in self.rows() if isinstance(row.row, Execution)}

    def fill(self, fill_id: int) -> Execution:
        found = self.fills()[str(fill_id)].row
        assert isinstance(found, Execution)
        return found

    async def days(self) -> dict[str, Any]:
        """The coverage of the year's days."""
        account = (await self.one("accounts")).key.id
        found = await self.one("coverage", order_by="year", account_key=account)
        days: dict[str, Any] = found.body["days"]
        return days


def open_desk() -> TradovateDesk:
    desk = TradovateDesk(
        spec=SPEC, make_world=TradovateWorld, environment="demo", credentials=CREDENTIALS
    )
    desk.world.add_login("jdoe", "API-pass-1", cid=8123, secret="0f3c")
    desk.add(FIRST)
    return desk
