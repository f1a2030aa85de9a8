"""The whole journal half under a broker that fails and workers that die: sync, store, build.

A failing seed prints the command that repeats it.
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from infra.simulators.brokers import faults
from shared.domain.errors import RetryableError
from shared.journal.queries import Window
from shared.journal.reconciliation.comparison import Agreement
from shared.ports import Documents, MessageBus, Query
from tests.house import USER, House
from tests.simulation.chaos import Chaos, ChaosBus, ChaosDocuments, Crash
from tests.twins.memory_bus import Delivery
from tests.twins.memory_documents import MemoryDocuments

SEEDS = int(os.environ.get("SEEDS", "200")) // 2
ONLY = os.environ.get("SEED")
BLOCKS = [[int(ONLY)]] if ONLY else [range(n, min(n + 10, SEEDS)) for n in range(0, SEEDS, 10)]
FAULTS = (
    faults.status(500),
    faults.status(429),
    faults.html_503(),
    faults.timeout(),
    faults.cut_body(),
)


class Play:
    """One seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.chaos = Chaos(self.random, crashes=0.02, conflicts=0.02)
        self.house = House(MemoryDocuments(), unreliable=self._unreliable)

    def _unreliable(self, documents: Documents, bus: MessageBus) -> tuple[Documents, MessageBus]:
        return ChaosDocuments(documents, self.chaos), ChaosBus(bus, self.chaos)

    async def run(self) -> list[str]:
        await self.house.open_accounts()
        for _ in range(5):
            self._trade()
            for _ in range(self.random.randrange(3)):
                fault = self.random.choice(FAULTS)
                self.house.world.faults.plan(fault, skip=self.random.randrange(6))
            await self._tick(rounds=6)
            self.house.clock.advance(timedelta(minutes=self.random.choice([15, 20, 40])))
        self.chaos.calm = True
        for pause in (timedelta(minutes=45), timedelta(minutes=45), *[timedelta(days=1)] * 2):
            self.house.clock.advance(pause)  # leases and overdue runs end, days become whole
            await self._tick(rounds=12)
        return await self._faults()

    def _trade(self) -> None:
        house, now = self.house, self.house.clock.now()
        for account in house.accounts:
            for _ in range(self.random.randrange(4)):
                at = now - timedelta(seconds=self.random.randrange(1, 600))
                late = now + timedelta(minutes=self.random.choice([0, 0, 10]))
                house.world.fill(
                    account,
                    self.random.choice(["SPY", "AAPL"]),
                    self.random.choice(["buy", "sell"]),
                    Decimal(self.random.choice(["5", "2.5"])),
                    price=Decimal(self.random.randrange(90, 110)),
                    at=at,
                    visible_at=late,
                )

    async def _tick(self, *, rounds: int) -> None:
        try:
            await self.house.ask()
        except Crash:
            return  # the next tick asks again
        bus = self.house.bus
        for _ in range(rounds):
            waiting = bus.take()
            self.random.shuffle(waiting)
            again = [d for d in waiting if not self.chaos.calm and self.random.random() < 0.2]
            done = await asyncio.gather(*(self._deliver(d) for d in [*waiting, *again]))
            # one copy of a message comes back when its own delivery failed
            bus.deliveries += [d for d, ok in zip(waiting, done, strict=False) if not ok]

    async def _deliver(self, delivery: Delivery) -> bool:
        try:
            await self.house.deliver(delivery)
        except (Crash, RetryableError):
            return False
        return True

    async def _faults(self) -> list[str]:
        house, faults = self.house, []
        if house.bus.deliveries:
            faults.append(f"{len(house.bus.deliveries)} messages are never done")
        booked = sorted(str(a.body["id"]) for account in house.accounts for a in account.book)
        page = await house.documents.scan(
            Query("executions", (USER,), order_by="at_us", limit=9999)
        )
        stored = sorted(d.body["body"]["execution_id"] for d in page.documents)
        if stored != booked:
            faults.append(f"{len(booked)} fills were booked, {len(stored)} are stored")
        if await house.held() != house.truly_held():
            faults.append("positions are not the broker's")
        results = await house.reconcile.sweep(None)
        faults += [f"{r.state}: {r.reason}" for r in results if r.state is not Agreement.AGREED]
        for account in await house.queries.accounts(USER):
            runs = await house.queries.runs(USER, account.account_key, Window(limit=1000))
            faults += [
                f"run {run['run']} is {run['state']}"
                for run in runs.items
                if run["state"] not in ("closed", "abandoned")
            ]
        return faults


@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
async def test_nothing_is_lost_or_doubled_between_broker_and_journal(seeds: Sequence[int]) -> None:
    for seed in seeds:
        faults = await Play(seed).run()
        repeat = f"SEED={seed} .venv/bin/pytest -q tests/simulation/test_sync_simulation.py"
        assert not faults, f"repeat with: {repeat}\n" + "\n".join(faults)
