"""From the broker to a reconciled journal, on each store: tick, sync, store, build, reconcile."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from infra.simulators.brokers.alpaca import AlpacaWorld
from infra.simulators.brokers.alpaca_account import Account
from infra.simulators.brokers.transport import SimulatorTransport
from shared.adapters.sqlite_documents import SqliteDocuments
from shared.brokers.alpaca import SPEC
from shared.domain.ids import UserId
from shared.domain.messages import ExecutionsObserved, JournalChanged, SyncRequested
from shared.journal.build import BuildJournal
from shared.journal.comparison import Agreement
from shared.journal.connections import Connections
from shared.journal.queries import JournalQueries, Window
from shared.journal.reconcile import Reconcile
from shared.journal.store import Receipt, StoreExecutions
from shared.journal.sync import SyncConnection
from shared.journal.tick import tick
from shared.journal.vault import Vault
from shared.ports import Documents, Query
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import Delivery, MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy

USER = UserId("user-1")
NOW = datetime(2020, 5, 28, 20, 15, tzinfo=UTC)
DAYS = 30


@dataclass
class House:
    """The journal half around one store, with three accounts at a simulated broker."""

    documents: Documents
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    bus: MemoryBus = field(default_factory=MemoryBus)
    entropy: SeededEntropy = field(default_factory=SeededEntropy)
    receipts: list[Receipt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = AlpacaWorld(self.clock.now)
        vault = Vault(MemorySecrets(), self.entropy)
        self._connections = Connections(self.documents, self.clock, self.entropy, vault)
        self._sync = SyncConnection(
            self.documents,
            self.bus,
            self.clock,
            self.entropy,
            vault,
            SPEC,
            SimulatorTransport(self.world.handle),
            {},
            480.0,
        )
        self.store = StoreExecutions(self.documents, self.bus, self.clock, self.entropy)
        self._build = BuildJournal(self.documents, self.clock, self.entropy)
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
        await tick(self.documents, self.bus, self.clock, broker="alpaca")
        await self.settle()
        return self.receipts

    async def settle(self, mix: Callable[[list[Delivery]], list[Delivery]] = list) -> None:
        while waiting := self.bus.take():
            for delivery in mix(waiting):
                await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
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


@pytest.fixture(params=["memory", "sqlite"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    documents: Documents = (
        MemoryDocuments() if request.param == "memory" else SqliteDocuments(tmp_path / "d.sqlite")
    )
    house = House(documents)
    await house.open_accounts()
    yield house
    await documents.close()


async def test_every_fill_is_in_the_journal_once_and_positions_agree(house: House) -> None:
    count = house.trade()
    receipts = await house.tick()
    summary = await house.queries.summary(USER)
    assert sum(receipt.new for receipt in receipts) == count
    assert summary.executions == count
    assert await house.held() == house.truly_held()
    assert await house.states() == [Agreement.AGREED] * 3


async def test_the_second_tick_finds_nothing_new(house: House) -> None:
    house.trade()
    await house.tick()
    before = await house.queries.summary(USER)
    house.clock.advance(timedelta(minutes=15))
    receipts = await house.tick()
    assert sum(receipt.same for receipt in receipts) > 0
    assert {(r.new, r.revised, r.superseded) for r in receipts} == {(0, 0, 0)}
    assert await house.queries.summary(USER) == before
    assert await house.states() == [Agreement.AGREED] * 3


async def test_pages_delivered_twice_late_and_out_of_order_change_nothing(house: House) -> None:
    count = house.trade()
    await tick(house.documents, house.bus, house.clock, broker="alpaca")
    await house.settle(lambda waiting: [*reversed(waiting), *waiting[: len(waiting) // 2]])
    assert (await house.queries.summary(USER)).executions == count
    assert await house.held() == house.truly_held()
    assert await house.states() == [Agreement.AGREED] * 3


async def test_the_receipts_of_a_closed_run_add_up_to_its_rows(house: House) -> None:
    house.trade()
    await house.tick()
    for account in await house.queries.accounts(USER):
        (run,) = (await house.queries.runs(USER, account.account_key, Window())).items
        pages = await house.documents.scan(
            Query(
                "receipts",
                (USER,),
                {"account_key": account.account_key, "run": run["run"]},
                order_by="page",
            )
        )
        counted = [p.body[n] for p in pages.documents for n in ("new", "same", "revised")]
        assert run["state"] == "closed"
        assert (len(pages.documents), sum(counted)) == (run["pages"], run["rows"])


async def test_a_fee_booked_the_next_day_counts_on_its_trading_day(house: House) -> None:
    house.trade()
    await house.tick()
    before = await house.queries.summary(USER)
    house.clock.advance(timedelta(days=1))
    house.world.fee(
        house.accounts[0],
        on=date(2020, 5, 27),
        subtype="TAF",
        amount=Decimal("0.07"),
        created_at=NOW + timedelta(hours=12),
    )
    await house.tick()
    day = await house.queries.summary(USER, since=date(2020, 5, 27), until=date(2020, 5, 28))
    after = await house.queries.summary(USER)
    assert day.totals[0].day_fees == Decimal("0.07")
    assert after.totals[0].net == before.totals[0].net - Decimal("0.07")
    assert after.totals[0].gross == before.totals[0].gross


async def test_a_page_under_way_makes_positions_unknown_and_not_different(house: House) -> None:
    house.trade()
    await tick(house.documents, house.bus, house.clock, broker="alpaca")
    requests = house.bus.take()
    for delivery in requests:
        await house._deliver(delivery)
    late = house.bus.deliveries.pop(0)
    await house.settle()
    assert sorted(await house.states()) == ["agreed", "agreed", "unknown"]
    house.bus.deliveries.append(late)
    await house.settle()
    assert await house.states() == [Agreement.AGREED] * 3
