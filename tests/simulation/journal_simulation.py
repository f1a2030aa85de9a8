"""One seed: pages of some runs through store and build, under crashes, races, bad delivery."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from shared.brokers.spec import Window
from shared.domain.errors import RetryableError
from shared.domain.ids import AccountKey, account_key
from shared.domain.journal.book import build_book
from shared.domain.messages import ExecutionsObserved, JournalChanged
from shared.domain.time import NEW_YORK
from shared.journal.accounts import Account
from shared.journal.build import BuildJournal
from shared.journal.runs import Runs, close_if_complete
from shared.journal.store import StoreExecutions
from shared.journal.storing.log import root_of
from shared.journal.visits.fetched import Fetched
from shared.ports import Document, Documents, Outgoing, Query
from tests.rows import START, USER, hash_of
from tests.simulation.chaos import Chaos, ChaosBus, ChaosDocuments, Crash
from tests.simulation.story import Story, tell
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import Delivery, MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

StoreMaker = Callable[[Documents, Any, ManualClock, SeededEntropy], StoreExecutions]
Spoil = Callable[[Documents], Documents]
_COUNTS = ("new", "same", "revised", "superseded")


def unspoiled(documents: Documents) -> Documents:
    return documents


@dataclass
class Simulation:
    """The world of one seed; `spoil` and `make_store` take a protection away (mutations)."""

    seed: int
    spoil: Spoil = unspoiled
    make_store: StoreMaker = StoreExecutions

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.clock, self.entropy = ManualClock(), SeededEntropy(self.seed)
        self.truth, self.bus = MemoryDocuments(), MemoryBus()
        self.chaos = Chaos(self.random)
        documents = ChaosDocuments(self.spoil(self.truth), self.chaos)
        bus = ChaosBus(self.bus, self.chaos)
        self.store = self.make_store(documents, bus, self.clock, self.entropy)
        self.builder = BuildJournal(documents, self.clock, self.entropy)
        self.stories = [tell(self.random, account) for account in ("A1", "A2")]

    async def run(self) -> list[str]:
        """Play the stories, let the system settle, and list what is wrong with the journal."""
        await self.begin()
        self.chaos.calm = True
        faults = [] if await self._drain() else ["a message is never done"]
        for story in self.stories:
            faults += await self._check_log(story)
            faults += await self._check_receipts(story)
            faults += await self._check_projections(story)
        return faults

    async def begin(self) -> None:
        """Play the stories while messages are delivered badly; some are still under way then."""
        await asyncio.gather(self._deliver_badly(), *(self._sync(s) for s in self.stories))

    # ------------------------------------------------------------- playing

    async def _sync(self, story: Story) -> None:
        """Publish the runs one after the other, as sync does under its lease."""
        runs = Runs(self.truth, self.clock, self.entropy)
        window = Window(START, START + timedelta(days=3))
        for pages in story.runs:
            key = _account_key(story)
            account = Account(USER, key, story.account, "paper", None)
            run = await runs.open(account, "connection-1", window, 1, NEW_YORK)
            for page in pages:
                await self.bus.publish([Outgoing(page.topic, page.encode())])
                await asyncio.sleep(0)
            rows, unread = sum(len(p.rows) for p in pages), sum(len(p.unread) for p in pages)
            await runs.finish(account, run, Fetched(window, len(pages), rows, unread, {}, {}))
            await close_if_complete(self.truth, self.clock, self.entropy, USER, key, run)
            for _ in range(self.random.randrange(30)):
                await asyncio.sleep(0)

    async def _deliver_badly(self) -> None:
        """Deliver in any order, up to three at once, sometimes twice; the dead come back."""
        for _ in range(60):
            waiting = self.bus.take()
            self.random.shuffle(waiting)
            now, later = waiting[:3], waiting[3:]
            again = [d for d in now if self.random.random() < 0.3]
            results = await asyncio.gather(*(self._deliver(d) for d in [*now, *again]))
            died = [d for d, done in zip([*now, *again], results, strict=True) if not done]
            self.bus.deliveries += [*later, *died]
            await asyncio.sleep(0)

    async def _drain(self) -> bool:
        """Deliver what is left; say whether that came to an end."""
        for _ in range(20):
            waiting = self.bus.take()
            self.random.shuffle(waiting)
            self.bus.deliveries += [d for d in waiting if not await self._deliver(d)]
        return not self.bus.deliveries

    async def _deliver(self, delivery: Delivery) -> bool:
        try:
            if delivery.topic == ExecutionsObserved.topic:
                await self.store.store(ExecutionsObserved.decode(delivery.data))
            else:
                await self.builder.build(JournalChanged.decode(delivery.data))
        except (Crash, RetryableError):
            return False
        return True

    # ------------------------------------------------------------ checking

    async def _read(self, collection: str, order: str | None, **where: Any) -> list[Document]:
        query = Query(collection, (USER,), where, order_by=order)
        return list((await self.truth.scan(query)).documents)

    async def _check_log(self, story: Story) -> list[str]:
        found = await self._read("executions", "at_us", account_key=_account_key(story))
        heads = {d.key.id: d.body["hash"] for d in found}
        truth = {key: hash_of(row) for key, row in story.truth().items()}
        faults = [] if heads == truth else [f"{story.account}: the log is not what was shown"]
        for document in found:
            history = await self.truth.scan(Query("history", document.key.path))
            kept = {past.body["hash"] for past in history.documents} | {document.body["hash"]}
            if kept != story.contents().get(document.key.id, set()):  # type: ignore[call-overload]  # a row key is a str
                faults.append(f"{document.key.id}: a content was lost")
        return faults

    async def _check_receipts(self, story: Story) -> list[str]:
        faults, account, new = [], _account_key(story), 0
        documents = await self._read("runs", "run", account_key=account)
        for document, pages in zip(documents, story.runs, strict=True):
            run = document.body["run"]
            receipts = await self._read("receipts", "page", account_key=account, run=run)
            sums = Counter({n: sum(r.body[n] for r in receipts) for n in _COUNTS})
            new += sums["new"]
            if len(receipts) != len(pages) or sums.total() != sum(len(p.rows) for p in pages):
                faults.append(f"{story.account} run {run}: receipts do not add up")
            if document.body["state"] != "closed":
                faults.append(f"{story.account} run {run}: not closed")
            elif any(document.body[n] != sums[n] for n in _COUNTS):
                faults.append(f"{story.account} run {run}: its counts are not its receipts'")
        if new != len(story.truth()):
            faults.append(f"{story.account}: {new} new rows counted, {len(story.truth())} exist")
        return faults

    async def _check_projections(self, story: Story) -> list[str]:
        account = _account_key(story)
        by_root: dict[str, list[Any]] = {}
        for key, row in story.truth().items():
            by_root.setdefault(root_of(row), []).append((key, row))
        books = [build_book(root, rows) for root, rows in by_root.items()]
        gates = await self._read("positions", "root", account_key=account)
        days = await self._read("daily", "day", account_key=account)
        trips = [
            trip
            for gate in gates
            for trip in await self._read(
                "round_trips", "opened_us", account_key=account, root=gate.body["root"]
            )
        ]
        kept = {
            "positions": [holding for gate in gates for holding in gate.body["holdings"]],
            "days": [part for day in days for part in day.body["parts"]],
            "trips": [{n: v for n, v in t.body.items() if n not in _ADDED} for t in trips],
        }
        wanted = {
            "positions": [p.model_dump(mode="json") for book in books for p in book.positions],
            "days": [d.model_dump(mode="json") for book in books for d in book.days],
            "trips": [t.model_dump(mode="json") for book in books for t in book.trips],
        }
        return [
            f"{story.account}: {name} are not those of the log"
            for name in kept
            if sorted(map(repr, map(_sorted, kept[name])))
            != sorted(map(repr, map(_sorted, wanted[name])))
        ]


_ADDED = ("account_key", "opened_us", "closed_us")


def _sorted(body: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted(body.items())


def _account_key(story: Story) -> AccountKey:
    return account_key("alpaca", "paper", story.account)
