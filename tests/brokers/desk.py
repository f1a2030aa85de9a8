"""One user's desk at a simulated broker: everything that a sync needs, in memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.transport import SimulatorTransport
from infra.simulators.brokers.wire import Answer, Call
from shared.brokers.alpaca.spec import SPEC
from shared.brokers.spec import BrokerSpec
from shared.domain.execution import AccountEvent, Execution
from shared.domain.ids import RowKey, UserId
from shared.domain.messages import ExecutionsObserved, SyncRequested, UnreadRow
from shared.domain.row_body import Row, read_row
from shared.domain.sync.connection import Connection
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.journal.store import StoreExecutions
from shared.journal.sync import SyncConnection, SyncReport
from shared.journal.visits.budgets import Budgets
from shared.ports import Document, Key, Query
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy

USER = UserId("user-1")
START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
ACCOUNT = "7c1f0a52-3a1e-4b0d-9d8f-0a6be21f4c11"


class Shown(NamedTuple):
    """A row that was published, read back."""

    key: RowKey
    row: Row


@dataclass
class Desk:
    """A user's desk; Alpaca's, unless another broker is named with its login."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    spec: BrokerSpec = SPEC
    make_world: Callable[[Callable[[], datetime]], Any] = AlpacaWorld
    environment: str = "paper"
    auth: Literal["api_key", "oauth"] = "api_key"
    credentials: Mapping[str, str] = field(
        default_factory=lambda: {"key_id": "PK1", "secret_key": "s1"}
    )
    budget_s: float = 480.0
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    bus: MemoryBus = field(default_factory=MemoryBus)
    entropy: SeededEntropy = field(default_factory=SeededEntropy)
    budgets: Budgets = field(default_factory=Budgets)  # all its syncs are in one process

    def __post_init__(self) -> None:
        self.world = self.make_world(self.clock.now)
        self.handle: Callable[[Call], Answer] = lambda call: self.world.handle(call)
        self.vault = Vault(MemorySecrets(), self.entropy)
        self.connections = Connections(self.documents, self.clock, self.entropy, self.vault)

    def slow_down(self) -> None:
        """Let a budget end after three answers."""

        def handle(call: Call) -> Answer:
            self.clock.advance(timedelta(seconds=2))
            return self.world.handle(call)

        self.handle, self.budget_s = handle, 5.0

    async def connect(self, environment: str | None = None, **credentials: str) -> Connection:
        return await self.connections.create(
            USER,
            self.spec,
            environment or self.environment,
            "desk",
            self.auth,
            {**self.credentials, **credentials},
        )

    def syncing(self) -> SyncConnection:
        return SyncConnection(
            self.documents,
            self.bus,
            self.clock,
            self.entropy,
            self.vault,
            self.spec,
            SimulatorTransport(self.handle),
            {},
            self.budget_s,
            self.budgets,
        )

    async def sync(self, connection: Connection, reason: str = "tick") -> SyncReport:
        return await self.syncing().run(request(connection, reason, self.clock.now()))

    async def store_all(self) -> None:
        store = StoreExecutions(self.documents, self.bus, self.clock, self.entropy)
        for delivery in self.bus.take(ExecutionsObserved.topic):
            await store.store(ExecutionsObserved.decode(delivery.data))

    def pages(self) -> list[ExecutionsObserved]:
        return [ExecutionsObserved.decode(m.data) for m in self.bus.sent(ExecutionsObserved.topic)]

    def rows(self) -> list[Shown]:
        rows = [row for page in self.pages() for row in page.rows]
        return [Shown(row.key, read_row(row.row)) for row in rows]

    def executions(self) -> list[Execution]:
        return [row.row for row in self.rows() if isinstance(row.row, Execution)]

    def events(self) -> list[AccountEvent]:
        return [row.row for row in self.rows() if isinstance(row.row, AccountEvent)]

    def unread(self) -> list[UnreadRow]:
        return [row for page in self.pages() for row in page.unread]

    async def log(self) -> dict[str, str]:
        """Key -> content hash of everything stored."""
        page = await self.documents.scan(
            Query("executions", (USER,), order_by="at_us", limit=10_000)
        )
        return {d.key.id: d.body["hash"] for d in page.documents}

    async def stored(self) -> dict[str, str]:
        """Store what was published; the log after it."""
        await self.store_all()
        return await self.log()

    async def one(self, collection: str, order_by: str | None = None, **where: str) -> Document:
        page = await self.documents.scan(Query(collection, (USER,), where=where, order_by=order_by))
        return page.documents[-1]

    async def health(self, connection: Connection) -> str:
        found = await self.connections.get(USER, connection.connection_id)
        return found.health.state.value

    def sealed_now(self, connection: Connection) -> str:
        """What is stored at this very moment, also while a sync is under way."""
        key = Key("connections", (USER, connection.connection_id))
        found = self.documents._read(key)
        assert found is not None
        sealed: str = found.body["sealed"]
        return sealed

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
