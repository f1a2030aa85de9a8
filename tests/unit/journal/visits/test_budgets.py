"""Limits that many logins share: kept by all workers, with few writes, and no wait too long."""

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from shared.brokers.spec import RateLimit, Scope
from shared.domain.errors import BudgetSpent
from shared.journal.visits.budgets import Budgets, SharedLimit
from shared.ports import Document, Key
from tests.brokers.desk import Desk
from tests.brokers.schwab.test_sync import open_desk
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass
class Street:
    """Workers of one broker, each a process of its own, on one clock."""

    limit: RateLimit
    clock: ManualClock = field(default_factory=ManualClock)
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    spent: list[datetime] = field(default_factory=list)

    def worker(self, budgets: Budgets | None = None, budget_s: float = 1e6) -> SharedLimit:
        pool = (budgets or Budgets()).pool("b", self.limit)
        entropy, deadline = SeededEntropy(), self.clock.monotonic() + budget_s
        return SharedLimit(
            "b", "Broker", pool, self.documents, self.clock, entropy, deadline, self.clock.sleep
        )

    async def ask(self, worker: SharedLimit) -> None:
        await worker.take(1)
        self.spent.append(self.clock.now())

    def most_in_a_window(self) -> int:
        most, inside = 0, deque[datetime]()
        for at in self.spent:
            inside.append(at)
            while inside[0] <= at - self.limit.window:
                inside.popleft()
            most = max(most, len(inside))
        return most

    def listed(self) -> Document | None:
        return self.documents._read(Key("budgets", ("b",)))


@pytest.mark.parametrize("limit", [RateLimit(100, SECOND), RateLimit(120, MINUTE)])
async def test_many_workers_together_keep_within_the_limit(limit: RateLimit) -> None:
    street = Street(limit)
    workers = [street.worker() for _ in range(7)]
    for number in range(900):
        await street.ask(workers[number % 7])
        if number % 11 == 0:
            street.clock.advance(0.01)
    assert street.most_in_a_window() <= limit.requests


async def test_one_worker_alone_may_use_the_whole_limit() -> None:
    street = Street(RateLimit(100, SECOND))
    worker = street.worker()
    for _ in range(100):
        await street.ask(worker)
    assert street.clock.slept == []


async def test_documents_are_written_once_a_block_and_not_once_a_request() -> None:
    street = Street(RateLimit(100, SECOND))
    budgets = Budgets()  # one process, whose messages share its blocks
    for _ in range(200):
        await street.ask(street.worker(budgets))
        street.clock.advance(0.1)
    assert street.documents.commits == 2  # in 20 seconds


async def test_a_worker_that_finds_all_blocks_taken_waits_for_one() -> None:
    street = Street(RateLimit(10, MINUTE))
    first = street.worker()
    for _ in range(10):
        await street.ask(first)
    await street.ask(street.worker())
    # four windows that the blocks last, one until their points count no more, one second of skew
    assert sum(street.clock.slept) == pytest.approx(301)


async def test_no_wait_goes_past_the_deadline() -> None:
    street = Street(RateLimit(10, MINUTE))
    first = street.worker()
    for _ in range(10):
        await street.ask(first)
    with pytest.raises(BudgetSpent):
        await street.worker(budget_s=300).take(1)
    assert street.clock.slept == []


async def test_blocks_that_have_ended_are_forgotten() -> None:
    street = Street(RateLimit(100, SECOND))
    for _ in range(30):
        await street.ask(street.worker())
        street.clock.advance(20)
    found = street.listed()
    assert found is not None
    assert len(found.body["until_us"]) == 1


async def test_a_request_dearer_than_a_block_takes_several() -> None:
    street = Street(RateLimit(100, MINUTE))
    await street.worker().take(35)
    found = street.listed()
    assert found is not None
    assert len(found.body["until_us"]) == 4


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (Scope.LOGIN, []),
        (Scope.ADDRESS, ["alpaca:paper:address:all:200 in 60 s at None"]),
        (Scope.APPLICATION, []),  # an API key is no application
    ],
)
async def test_a_sync_spends_of_the_limits_that_are_shared(scope: Scope, names: list[str]) -> None:
    desk = Desk()
    desk.world.add_account(account_id="a", number="PA1", key="PK1", secret="s1")
    desk.spec = replace(desk.spec, limit=RateLimit(200, MINUTE, scope=scope))
    await desk.sync(await desk.connect())
    assert [key.id for key in desk.documents._rows if key.collection == "budgets"] == names


async def test_logins_of_one_application_share_what_is_counted_by_application() -> None:
    street = open_desk()
    await street.sync(await street.connect())
    await street.sync(await street.connect())
    names = [key.id for key in street.documents._rows if key.collection == "budgets"]
    assert [name.rsplit(":", 2)[0] for name in names] == ["schwab:live:application"]
    assert "app" not in names[0].split(":")  # only a digest of what the user gave
