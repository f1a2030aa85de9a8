"""The embedded default: standard-library adapters over files in one folder."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from shared.adapters.file_secrets import FileSecrets
from shared.adapters.memory_cache import MemoryCache
from shared.adapters.sqlite.sqlite_bus import SqliteBus, Subscription
from shared.adapters.sqlite.sqlite_documents import SqliteDocuments
from shared.adapters.sqlite.sqlite_pump import Drained, Pump
from shared.adapters.system_clock import SystemClock
from shared.adapters.system_entropy import SystemEntropy
from shared.config import Settings
from shared.domain.messages import ExecutionsObserved, JournalChanged
from shared.ports import Clock
from shared.wiring.foundation import Foundation

__all__ = ["SUBSCRIPTIONS", "Drained", "Push", "Stack", "open_local", "open_stack"]

# Posts a push body to an endpoint and tells the status that it answered.
Push = Callable[[str, dict[str, Any]], Awaitable[int]]

_BROKERS = (
    "alpaca",
    "oanda",
    "topstepx",
    "schwab",
    "tradestation",
    "tastytrade",
    "binance",
    "ibkr",
    "tradovate",
    "kraken",
)

# Who consumes what, as terraform/pubsub.tf declares it for the cloud.
SUBSCRIPTIONS = (
    *(Subscription(f"sync-{name}", f"sync-{name}", f"/functions/sync_{name}") for name in _BROKERS),
    Subscription("store-executions", ExecutionsObserved.topic, "/functions/store_executions"),
    Subscription("build-journal", JournalChanged.topic, "/functions/build_journal"),
)


@dataclass(frozen=True, slots=True)
class Stack:
    """A foundation whose bus can be pumped."""

    foundation: Foundation
    bus: SqliteBus

    async def drain(self, push: Push) -> Drained:
        """Push until nothing waits, new messages and retries included."""
        return await self._pump(push, self.foundation.clock).drain()

    async def serve(self, push: Push) -> None:
        """Push until cancelled.

        Waits on the system's clock: a replay's would not wait between two looks at an empty bus.
        """
        await self._pump(push, SystemClock()).run()

    def _pump(self, push: Push, clock: Clock) -> Pump:
        async def deliver(subscription: Subscription, body: dict[str, Any]) -> int:
            return await push(subscription.endpoint, body)

        return Pump(self.bus, deliver, clock)


def open_stack(settings: Settings, *, clock: Clock | None = None) -> Stack:
    """Open the files of the state folder, making it readable by its owner alone."""
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = clock or SystemClock()
    bus = SqliteBus(settings.state_dir / "bus.sqlite3", clock, SUBSCRIPTIONS)
    foundation = Foundation(
        documents=SqliteDocuments(settings.state_dir / "documents.sqlite3"),
        bus=bus,
        secrets=FileSecrets(settings.state_dir / "secrets.json"),
        clock=clock,
        entropy=SystemEntropy(),
        cache=MemoryCache(clock),
    )
    return Stack(foundation, bus)


def open_local(settings: Settings) -> Foundation:
    """Open the foundation alone, for a function in a process of its own."""
    return open_stack(settings).foundation
