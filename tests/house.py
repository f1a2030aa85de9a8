"""The journal half of the house around one store, with three accounts at a simulated broker."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from infra.simulators.brokers.alpaca.account import Account
from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.transport import SimulatorTransport
from shared.brokers.alpaca.spec import SPEC
from shared.domain.ids import UserId
from shared.domain.messages import ExecutionsObserved, JournalChanged, SyncRequested
from shared.journal.build import BuildJournal
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.journal.queries import JournalQueries
from shared.journal.reconcile import Reconcile
from shared.journal.reconciliation.comparison import Agreement
from shared.journal.store import Receipt, StoreExecutions
from shared.journal.sync import SyncConnection
from shared.journal.tick import tick
from shared.ports import Documents
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import Delivery, MemoryBus
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy

USER = UserId("user-1")
NOW = datetime(2020, 5, 28, 20, 15, tzinfo=UTC)
DAYS = 30


@dataclass
class House:
    """The journal half of the house."""

    documents: Documents
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    bus: MemoryBus = field(default_factory=MemoryBus)
    entropy: SeededEntropy = field(default_factory=SeededEntropy)
    receipts: list[Receipt] = field(default_factory=list)

    def __post_init__(self) -> None:
        documents, bus = self.documents, self.bus
        self.world = AlpacaWorld(self.clock.now)
        vault = Vault(MemorySecrets(), self.entropy)
        self._connections = Connections(self.documents, self.clock, self.entropy, vault)
        self._sync = SyncConnection(
            documents,
            bus,
            self.clock,
            self.entropy,
            vault,
            SPEC,
            SimulatorTransport(self.world.handle),
            {},
            480.0,
        )
        self.store = StoreExecutions(documents, bus, self.clock, self.entropy)
        self._build = BuildJournal(documents, self.clock, self.entropy)
        self.reconcile = Reconcile(self.documents, self.clock, self.entropy)
        self.queries = JournalQueries(self.documents)
        self.accounts: list[Account] = []

    async def open_accounts(self) -> None:
        opened = NOW - timedelta(days=400)
        for n in range(3):
            login = {"oauth_token": "t2"} if n == 2 else {"key": f"K{n}", "secret": f"s{n}"}
            account = self.world.add_account(
                account_id=f"id-{n}",
                number=f"PA{n}",
                key=login.get("key"),
                secret=login.get("secret"),
                oauth_token=login.get("oauth_token"),
                opened_at=opened,
            )
            self.accounts.append(account)
            if n == 2:
                await self._connections.create(
                    USER, SPEC, "paper", "three", "oauth", {"access_token": "t2"}
                )
            else:
                keys = {"key_id": f"K{n}", "secret_key": f"s{n}"}
                await self._connections.create(USER, SPEC, "paper", f"n{n}", "api_key", keys)

    def trade(self) -> int:
        """Book a month of fills, flips and broken shares in every account; return how many."""
        random, count = Random(7), 0
        for account in self.accounts:
            for day in range(DAYS):
                at = NOW - timedelta(days=DAYS - day, minutes=random.randrange(60, 300))
                whole = Decimal(random.choice(["12", "3.5", "40"]))
                part = whole / 4
                parts = [(part, Decimal(100 + n), at + timedelta(seconds=n)) for n in range(4)]
                side, symbol = random.choice(["buy", "sell"]), random.choice(["SPY", "AAPL"])
                self.world.order(account, symbol, side, parts)
                count += len(parts)
        return count

    async def tick(self) -> list[Receipt]:
        """Let the scheduler tick, and everything after it happen; return the pages' receipts."""
        self.receipts = []
        await self.ask()
        await self.settle()
        return self.receipts

    async def ask(self) -> None:
        """Let the scheduler tick."""
        await tick(self.documents, self.bus, self.clock, broker="alpaca")

    async def settle(self, mix: Callable[[list[Delivery]], list[Delivery]] = list) -> None:
        while waiting := self.bus.take():
            for delivery in mix(waiting):
                await self.deliver(delivery)

    async def deliver(self, delivery: Delivery) -> None:
        if delivery.topic == ExecutionsObserved.topic:
            message = ExecutionsObserved.decode(delivery.data)
            self.receipts.append(await self.store.store(message))
        elif delivery.topic == JournalChanged.topic:
            await self._build.build(JournalChanged.decode(delivery.data))
        else:
            await self._sync.run(SyncRequested.decode(delivery.data))

    async def held(self) -> list[dict[str, Decimal]]:
        """What the journal says is held, in the order of the world's accounts."""
        accounts = {a.account_number: a.account_key for a in await self.queries.accounts(USER)}
        return [
            {p.symbol: p.quantity for p in await self.queries.positions(USER, accounts[a.number])}
            for a in self.accounts
        ]

    def truly_held(self) -> list[dict[str, Decimal]]:
        return [self.world.positions(account) for account in self.accounts]

    async def states(self) -> list[Agreement]:
        return [result.state for result in await self.reconcile.sweep(None)]
