"""The replayed world: three simulated Alpaca accounts, their trades, and how they are connected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from infra.local.demo.prices import traded_bars
from infra.local.demo.trades import Order, day_fees, orders
from infra.local.gateway import Gateway
from infra.local.replay_clock import ReplayClock
from infra.simulators.brokers.alpaca.world import AlpacaWorld
from shared.brokers.alpaca.spec import SPEC
from shared.domain.execution import Side
from shared.domain.ids import AccountKey, UserId, account_key
from shared.domain.time import NEW_YORK
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault

USER = UserId("local")  # whom the local profile serves
ENVIRONMENT = "paper"

THURSDAY_EVENING = datetime(2020, 5, 28, 17, 5, tzinfo=NEW_YORK)  # every close is past, no cut-off
FRIDAY_PRE_OPEN = datetime(2020, 5, 29, 8, 15, tzinfo=NEW_YORK)
FRIDAY_EVENING = datetime(2020, 5, 29, 17, 30, tzinfo=NEW_YORK)
FIRST_TRADE = datetime(2020, 2, 29, tzinfo=NEW_YORK)  # 90 days before; nothing is held before it


@dataclass(frozen=True)
class Trader:
    """One simulated account and how it is connected."""

    name: str
    label: str
    account_id: str
    number: str
    credentials: dict[str, str]
    auth: Literal["api_key", "oauth"]

    @property
    def key(self) -> AccountKey:
        """The journal's key of the account."""
        return account_key(SPEC.name, ENVIRONMENT, self.account_id)


TRADERS = (
    Trader(
        "swing",
        "Swing (simulated, OAuth)",
        "5d3f0c1e-0000-4000-8000-000000000001",
        "PASIM0001",
        {"access_token": "simulated-token-1"},
        "oauth",
    ),
    Trader(
        "intraday",
        "Intraday (simulated, keys)",
        "5d3f0c1e-0000-4000-8000-000000000002",
        "PASIM0002",
        {"key_id": "simulated-key-2", "secret_key": "simulated-secret-2"},
        "api_key",
    ),
    Trader(
        "saver",
        "Saver (simulated, keys)",
        "5d3f0c1e-0000-4000-8000-000000000003",
        "PASIM0003",
        {"key_id": "simulated-key-3", "secret_key": "simulated-secret-3"},
        "api_key",
    ),
)


@dataclass(frozen=True)
class Scenario:
    """The scripted truth: what was ordered, and the broker that reports it."""

    world: AlpacaWorld
    planned: Sequence[Order]

    def fills_until(self, instant: datetime, trader: str) -> int:
        """Count the fills that a trader had by then."""
        return sum(
            part.at <= instant for o in self.planned if o.trader == trader for part in o.parts
        )

    def positions_at(self, instant: datetime, trader: str) -> dict[str, Decimal]:
        """Add up what a trader held then, by symbol, flat ones left out."""
        held: dict[str, Decimal] = {}
        for order in self.planned:
            if order.trader == trader:
                sign = 1 if order.side is Side.BUY else -1
                done = sum((p.quantity for p in order.parts if p.at <= instant), Decimal(0))
                held[order.symbol] = held.get(order.symbol, Decimal(0)) + sign * done
        return {symbol: quantity for symbol, quantity in held.items() if quantity}


async def write_scenario(clock: ReplayClock) -> Scenario:
    """Script the simulator with every trade of the 90 days and of the replayed Friday."""
    until = FRIDAY_EVENING
    bars = await traded_bars(FIRST_TRADE, until)
    planned = orders(bars)
    world = AlpacaWorld(clock.now)
    accounts = {
        trader.name: world.add_account(
            account_id=trader.account_id,
            number=trader.number,
            opened_at=FIRST_TRADE,
            **_login(trader),
        )
        for trader in TRADERS
    }
    for order in planned:
        parts = [(part.quantity, part.price, part.at) for part in order.parts]
        world.order(accounts[order.trader], order.symbol, order.side, parts)
    for fee in day_fees(planned):
        world.fee(
            accounts[fee.trader],
            on=fee.on,
            subtype=fee.subtype,
            amount=fee.amount,
            created_at=fee.created_at,
        )
    return Scenario(world, planned)


def _login(trader: Trader) -> dict[str, Any]:
    if trader.auth == "oauth":
        return {"oauth_token": trader.credentials["access_token"]}
    return {"key": trader.credentials["key_id"], "secret": trader.credentials["secret_key"]}


async def connect(gateway: Gateway) -> None:
    """Connect the three accounts as their owner would; the credentials are sealed at once."""
    base = gateway.foundation
    vault = Vault(base.secrets, base.entropy)
    connections = Connections(base.documents, base.clock, base.entropy, vault)
    for trader in TRADERS:
        await connections.create(
            USER, SPEC, ENVIRONMENT, trader.label, trader.auth, trader.credentials
        )


def later(instant: datetime, minutes: int) -> datetime:
    """Add minutes to an instant."""
    return instant + timedelta(minutes=minutes)
