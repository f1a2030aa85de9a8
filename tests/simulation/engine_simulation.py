"""One seed: tick, sync, bus, store and build over three brokers, all going wrong at once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from infra.simulators.brokers.transport import SimulatorTransport
from infra.simulators.brokers.wire import Answer, Call
from shared.brokers.spec import BrokerSpec
from shared.domain.errors import PermanentError, RetryableError
from shared.domain.ids import AccountKey, ConnectionId, UserId
from shared.domain.messages import ExecutionsObserved, JournalChanged, SyncRequested
from shared.domain.sync.connection import ConnectionState
from shared.journal.build import BuildJournal
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.journal.store import StoreExecutions
from shared.journal.sync import SyncConnection
from shared.journal.tick import tick
from shared.journal.tombstones import Erasure
from shared.ports import Documents, MessageBus
from tests.simulation.brokers import Brokers, Login
from tests.simulation.chaos import Chaos, ChaosBus, ChaosDocuments, ChaosTransport, Crash, outlast
from tests.simulation.watch import Watch, WatchedBus
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import Delivery
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy

START = datetime(2026, 3, 17, 14, 0, tzinfo=UTC)
PHASES = 4
_PATIENCE = 8  # attempts until a message is given up, as the topics' subscriptions do
_AT_ONCE = 5
ERASED = 1  # the login whose account the user erases half way

Ports = tuple[Documents, MessageBus]


@dataclass(frozen=True)
class Without:
    """What is taken away from the product; as it is, nothing."""

    sync: Callable[[Documents, MessageBus], Ports] = lambda documents, bus: (documents, bus)
    store: Callable[[Documents], Documents] = lambda documents: documents
    spec: Callable[[BrokerSpec], BrokerSpec] = lambda spec: spec
    make_store: Callable[..., StoreExecutions] = StoreExecutions


class Engine:
    """The world of one seed, and the workers in it."""

    def __init__(
        self, seed: int, without: Without | None = None, *, freezes: float = 0.004
    ) -> None:
        without = without or Without()
        self.random, self.entropy = Random(seed), SeededEntropy(seed)
        self.clock = ManualClock(START)
        self.bus = WatchedBus()
        vault = Vault(MemorySecrets(), self.entropy)
        self.documents = Watch(self.bus, vault)
        self.brokers = Brokers(self.clock.now, self.random)
        self.chaos = Chaos(
            self.random,
            crashes=0.008,
            conflicts=0.01,
            freezes=freezes,
            freeze=outlast(self.clock.advance),
        )
        self.connections = Connections(self.documents, self.clock, self.entropy, vault)
        self.poisoned: str | None = None
        self.dead: list[Delivery] = []
        self._attempts: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._hire(without, vault)

    def _hire(self, without: Without, vault: Vault) -> None:
        ports = self.clock, self.entropy
        self._bus = ChaosBus(self.bus, self.chaos)
        self._documents = ChaosDocuments(self.documents, self.chaos)
        kept = ChaosDocuments(without.store(self.documents), self.chaos)
        self._store = without.make_store(kept, self._bus, *ports)
        self._build = BuildJournal(kept, *ports)
        documents, bus = without.sync(self.documents, self.bus)
        network = ChaosTransport(SimulatorTransport(self._answer), self.chaos)
        self._syncs = {
            spec.name: SyncConnection(
                ChaosDocuments(documents, self.chaos),
                ChaosBus(bus, self.chaos),
                *ports,
                vault,
                without.spec(spec),
                network,
                {},
                480.0,
            )
            for spec in {login.spec.name: login.spec for login in self.brokers.logins}.values()
        }

    def _answer(self, call: Call) -> Answer:
        self.documents.look_at_call(call)
        answer = self.brokers.handle(call)
        self.documents.look_at_answer(call, answer)
        return answer

    # ------------------------------------------------------------- playing

    async def play(self) -> None:
        """Let everything go wrong for a while; the user erases an account half way."""
        for phase in range(PHASES):
            await self.sign_in()
            self.documents.bookings += self.brokers.trade()
            self.brokers.go_wrong()
            if phase == PHASES // 2:
                await self._erase(self.brokers.logins[ERASED])
            at_once = self.random.choice([1, 1, 2])
            await asyncio.gather(*(self.tick() for _ in range(at_once)))
            for _ in range(60):
                self._start_some()
                for _ in range(4):
                    await asyncio.sleep(0)
            self.clock.advance(timedelta(minutes=self.random.choice([15, 20, 40])))
        self.chaos.calm = True
        await self._wait()

    async def settle(self, *, rounds: int = 4) -> bool:
        """Let time go by without faults; say whether every message came to its end."""
        pauses = [45, 45, *[24 * 60] * (rounds - 2)]  # leases end, overdue runs, whole days
        for pause in pauses:
            self.clock.advance(timedelta(minutes=pause))
            await self.sign_in()
            await self.tick()
            await self.drain()
            if await self.sign_in():  # whose login has ended during the pause
                await self.tick()
                await self.drain()
        return not self.bus.deliveries

    async def drain(self, *, rounds: int = 30) -> None:
        for _ in range(rounds):
            while self.bus.deliveries:
                self._start(self.bus.deliveries.pop(0), again=True)
            await self._wait()
            if not self.bus.deliveries:
                return

    async def sign_in(self) -> int:
        """Let users connect, and again where a login is refused; count the new connections."""
        before = sum(len(login.connections) for login in self.brokers.logins)
        for login in self.brokers.logins:
            if not login.connections or await self.is_refused(login):
                made = await self.connections.create(
                    UserId(login.user),
                    login.spec,
                    login.environment,
                    "mine",
                    login.auth,  # type: ignore[arg-type]  # one of the two
                    login.credentials(),
                )
                login.connections.append(made.connection_id)
        return sum(len(login.connections) for login in self.brokers.logins) - before

    async def is_refused(self, login: Login) -> bool:
        """Tell whether the newest connection waits for its user to sign in."""
        newest = ConnectionId(login.connections[-1])
        state = (await self.connections.get(UserId(login.user), newest)).health.state
        return state is ConnectionState.NEEDS_REAUTH

    async def tick(self) -> None:
        """Tick for each broker; a crash leaves it to the next tick."""
        for name in self._syncs:
            try:
                await tick(self._documents, self._bus, self.clock, broker=name)
            except Crash:
                continue

    async def _erase(self, login: Login) -> None:
        """Pause the connections of an account, wait for its workers, and erase it."""
        for connection_id in login.connections:
            found = await self.connections.get(UserId(login.user), ConnectionId(connection_id))
            await self.connections.note_health(found, ConnectionState.PAUSED)
        await self._wait()
        erasure = Erasure(self.documents, self.clock, self.entropy)
        for key in login.keys:
            await erasure.erase(UserId(login.user), AccountKey(key))

    # ---------------------------------------------------------- delivering

    def _start_some(self) -> None:
        """Deliver any waiting message, now and then a copy of it; the others wait."""
        if self.bus.deliveries and len(self._tasks) < _AT_ONCE:
            place = self.random.randrange(len(self.bus.deliveries))
            delivery = self.bus.deliveries.pop(place)
            self._start(delivery, again=True)
            if self.random.random() < 0.2:
                self._start(delivery, again=False)

    def _start(self, delivery: Delivery, *, again: bool) -> None:
        task = asyncio.create_task(self._deliver(delivery, again=again))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wait(self) -> None:
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def _deliver(self, delivery: Delivery, *, again: bool) -> None:
        """Deliver once; `again` puts what failed back."""
        try:
            await self._work(delivery)
        except (Crash, RetryableError):
            if again:
                self._put_back(delivery)
        except PermanentError:
            return  # the function acknowledges what can never succeed

    def _put_back(self, delivery: Delivery) -> None:
        tried = self._attempts[delivery.message_id] = self._attempts.get(delivery.message_id, 0) + 1
        given_up = delivery.topic.startswith("sync-") or delivery.message_id == self.poisoned
        if given_up and tried >= _PATIENCE:
            self.dead.append(delivery)
        else:
            self.bus.deliveries.append(delivery)

    async def _work(self, delivery: Delivery) -> Any:
        if delivery.topic == ExecutionsObserved.topic:
            if self.poisoned == "":
                self.poisoned = delivery.message_id  # the first page that comes along
            if delivery.message_id == self.poisoned:
                raise Crash
            await self._store.store(ExecutionsObserved.decode(delivery.data))
        elif delivery.topic == JournalChanged.topic:
            await self._build.build(JournalChanged.decode(delivery.data))
        else:
            request = SyncRequested.decode(delivery.data)
            await self._syncs[request.broker].run(request)
