"""One user's desk at a simulated broker: everything that a sync needs, in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from infra.simulators.brokers.alpaca import AlpacaWorld
from infra.simulators.brokers.transport import SimulatorTransport
from shared.brokers.alpaca import SPEC
from shared.brokers.spec import BrokerSpec
from shared.domain.connection import Connection
from shared.domain.ids import UserId
from shared.domain.messages import ExecutionsObserved, ObservedRow, SyncRequested, UnreadRow
from shared.journal.connections import Connections
from shared.journal.store import StoreExecutions
from shared.journal.sync import SyncConnection, SyncReport
from shared.journal.vault import Vault
from shared.ports import Document, Key, Query
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy

USER = UserId("user-1")
START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
ACCOUNT = "7c1f0a52-3a1e-4b0d-9d8f-0a6be21f4c11"


@dataclass
class Desk:
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    spec: BrokerSpec = SPEC
    budget_s: float = 480.0
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    bus: MemoryBus = field(default_factory=MemoryBus)
    entropy: SeededEntropy = field(default_factory=SeededEntropy)

    def __post_init__(self) -> None:
        self.world = AlpacaWorld(self.clock.now)
        self.vault = Vault(MemorySecrets(), self.entropy)
        self.connections = Connections(self.documents, self.clock, self.entropy, self.vault)

    async def connect(
        self, key: str = "PK1", secret: str = "s1", environment: str = "paper"
    ) -> Connection:
        return await self.connections.create(
            USER, self.spec, environment, "desk", "api_key", {"key_id": key, "secret_key": secret}
        )

    def syncing(self) -> SyncConnection:
        return SyncConnection(
            self.documents,
            self.bus,
            self.clock,
            self.entropy,
            self.vault,
            self.spec,
            SimulatorTransport(self.world.handle),
            {},
            self.budget_s,
        )

    async def sync(self, connection: Connection, reason: str = "tick") -> SyncReport:
        return await self.syncing().run(request(connection, reason, self.clock.now()))

    async def store_all(self) -> None:
        store = StoreExecutions(self.documents, self.bus, self.clock, self.entropy)
        for delivery in self.bus.take(ExecutionsObserved.topic):
            await store.store(ExecutionsObserved.decode(delivery.data))

    def pages(self) -> list[ExecutionsObserved]:
        return [ExecutionsObserved.decode(m.data) for m in self.bus.sent(ExecutionsObserved.topic)]

    def rows(self) -> list[ObservedRow]:
        return [row for page in self.pages() for row in page.rows]

    def unread(self) -> list[UnreadRow]:
        return [row for page in self.pages() for row in page.unread]

    async def log(self) -> dict[str, str]:
        """Key -> content hash of everything stored."""
        page = await self.documents.scan(
            Query("executions", (USER,), order_by="at_us", limit=10_000)
        )
        return {d.key.id: d.body["hash"] for d in page.documents}

    async def one(self, collection: str, order_by: str | None = None, **where: str) -> Document:
        page = await self.documents.scan(Query(collection, (USER,), where=where, order_by=order_by))
        return page.documents[-1]

    async def health(self, connection: Connection) -> str:
        found = await self.connections.get(USER, connection.connection_id)
        return found.health.state.value

    async def cursor_us(self) -> int | None:
        found: int | None = (await self.one("accounts")).body["cursor_us"]
        return found

    async def run_state(self, account_key: str, run: int) -> str:
        (found,) = await self.documents.get_many([Key("runs", (USER, f"{account_key}-{run:012d}"))])
        assert found is not None
        state: str = found.body["state"]
        return state


def request(connection: Connection, reason: str, at: datetime) -> SyncRequested:
    return SyncRequested(
        user_id=connection.user_id,
        connection_id=connection.connection_id,
        broker=connection.broker,
        reason=reason,
        requested_at=at,
    )
