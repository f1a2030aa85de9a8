import asyncio
import json
from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from shared.domain.execution import RowStatus
from shared.domain.messages import MAX_PAGE_ROWS, JournalChanged, UnreadRow
from shared.domain.time import to_micros
from shared.journal.store import StoreExecutions
from shared.journal.storing.log import read_entry
from shared.ports import Create, Document, Documents, Key, Page, Query, Write
from tests.rows import ACCOUNT, START, USER, event, fill, key_of, page
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy


class Journal:
    """A store over twins."""

    def __init__(self, documents: Documents | None = None) -> None:
        self.documents = documents or MemoryDocuments()
        self.bus = MemoryBus()
        self.clock = ManualClock()
        self.entropy = SeededEntropy()
        self.store = StoreExecutions(self.documents, self.bus, self.clock, self.entropy).store

    async def all(self, collection: str, parent: tuple[str, ...] = (USER,)) -> list[Document]:
        order = {"executions": "at_us", "quarantine": "at_us"}.get(collection)
        query = Query(collection, parent, order_by=order)
        return list((await self.documents.scan(query)).documents)

    def changes(self) -> list[JournalChanged]:
        return [JournalChanged.decode(sent.data) for sent in self.bus.sent("journal-changes")]


async def test_new_rows_are_stored_counted_and_announced() -> None:
    journal = Journal()
    rows = [
        fill("a", "10", "100", minute=3),
        fill("b", "-5", "101", symbol="QQQ"),
        event("f", "-1"),
    ]
    receipt = await journal.store(page(rows))
    assert (receipt.new, receipt.same, receipt.revised, receipt.superseded) == (3, 0, 0, 0)
    (change,) = journal.changes()
    assert (change.roots, change.changed_from) == (("", "QQQ", "SPY"), START)
    kept = [read_entry(document).row for document in await journal.all("executions")]
    assert sorted(kept, key=repr) == sorted(rows, key=repr)


async def test_second_delivery_of_a_page_changes_nothing_and_gives_its_first_receipt() -> None:
    journal = Journal()
    message = page([fill("a", "10", "100")])
    first = await journal.store(message)
    before = await journal.all("executions")
    assert await journal.store(message) == first
    assert await journal.all("executions") == before
    assert len(journal.changes()) == 2  # in case that the first was never published


async def test_the_same_rows_in_a_later_run_are_the_same_and_announce_nothing() -> None:
    journal = Journal()
    await journal.store(page([fill("a", "10", "100")], run=1))
    receipt = await journal.store(page([fill("a", "10", "100")], run=2))
    assert (receipt.new, receipt.same) == (0, 1)
    assert len(journal.changes()) == 1


async def test_a_correction_replaces_the_head_and_keeps_what_was() -> None:
    journal = Journal()
    await journal.store(page([fill("a", "10", "100")], run=1))
    receipt = await journal.store(page([fill("a", "10", "100.5", minute=9)], run=2))
    (head,) = await journal.all("executions")
    (past,) = await journal.all("history", (USER, key_of(fill("a", "10", "100"))))
    assert receipt.revised == 1
    assert (head.body["body"]["price"], head.body["version"]) == ("100.5", 2)
    assert past.body["body"]["price"] == "100"
    assert journal.changes()[-1].changed_from == START


async def test_an_older_page_that_arrives_late_goes_to_history_alone() -> None:
    journal = Journal()
    await journal.store(page([fill("a", "10", "101")], run=2))
    receipt = await journal.store(page([fill("a", "10", "100")], run=1))
    (head,) = await journal.all("executions")
    assert receipt.superseded == 1
    assert head.body["body"]["price"] == "101"
    assert len(await journal.all("history", (USER, head.key.id))) == 1
    assert len(journal.changes()) == 1


async def test_a_bust_cancels_and_does_not_delete() -> None:
    journal = Journal()
    await journal.store(page([fill("a", "10", "100")], run=1))
    await journal.store(page([fill("a", "10", "100", status=RowStatus.BUSTED)], run=2))
    (head,) = await journal.all("executions")
    assert head.body["body"]["status"] == "busted"


async def test_a_row_twice_in_one_page_is_new_once() -> None:
    journal = Journal()
    receipt = await journal.store(
        page([fill("a", "10", "100"), fill("a", "10", "100"), fill("a", "10", "101")])
    )
    assert (receipt.new, receipt.same, receipt.revised) == (1, 1, 1)
    assert len(await journal.all("executions")) == 1


async def test_a_correction_that_moves_a_row_rebuilds_both_instruments() -> None:
    journal = Journal()
    await journal.store(page([fill("a", "10", "100")], run=1))
    await journal.store(page([fill("a", "10", "100", symbol="QQQ")], run=2))
    assert journal.changes()[-1].roots == ("QQQ", "SPY")


async def test_unread_rows_are_quarantined_once_and_counted_each_time() -> None:
    journal = Journal()
    unread = [UnreadRow(endpoint="activities", reason="qty: not a number", raw='{"qty":"x"}')]
    first = await journal.store(page(unread=unread, run=1))
    second = await journal.store(page(unread=unread * 2, run=2))
    (kept,) = await journal.all("quarantine")
    assert (first.quarantined, second.quarantined) == (1, 2)
    assert (kept.body["raw"], kept.body["state"], kept.body["run"]) == ('{"qty":"x"}', "open", 1)


async def test_a_full_page_of_revisions_fits_one_batch() -> None:
    journal = Journal()
    rows = [fill(f"f{i}", "1", "10", minute=i) for i in range(MAX_PAGE_ROWS)]
    await journal.store(page(rows, run=1))
    receipt = await journal.store(
        page([row.model_copy(update={"order_id": "o"}) for row in rows], run=2)
    )
    assert receipt.revised == MAX_PAGE_ROWS


def test_a_larger_page_is_refused_where_it_is_made() -> None:
    with pytest.raises(ValidationError, match="at most 200"):
        page([fill(f"f{i}", "1", "10") for i in range(MAX_PAGE_ROWS + 1)])


async def test_rows_of_a_deleted_user_are_dropped() -> None:
    journal = Journal()
    stone = {"deleted_at": "2020-05-27T00:00:00Z"}
    await journal.documents.commit([Create(Key("users", (USER,)), stone)])
    assert (await journal.store(page([fill("a", "1", "1")]))).dropped
    assert await journal.all("executions") == []


@pytest.mark.parametrize(("run", "stored"), [(4, 0), (5, 1)])
async def test_a_deleted_account_takes_rows_of_later_runs_alone(run: int, stored: int) -> None:
    journal = Journal()
    stone = {"deleted_through_run": 4}
    await journal.documents.commit([Create(Key("accounts", (USER, ACCOUNT)), stone)])
    await journal.store(page([fill("a", "1", "1")], run=run))
    assert len(await journal.all("executions")) == stored


async def test_a_rows_return_while_an_older_run_is_open_outlives_the_late_page() -> None:
    journal = Journal()
    body = {"account_key": ACCOUNT, "run": 2, "state": "fetching"}
    await journal.store(page([fill("a", "10", "100")], run=1))
    await journal.documents.commit([Create(Key("runs", (USER, f"{ACCOUNT}-000000000002")), body)])
    await journal.store(page([fill("a", "10", "100")], run=3))
    await journal.store(page([fill("a", "10", "101")], run=2))
    (head,) = await journal.all("executions")
    assert head.body["body"]["price"] == "100"


class ErasedBeforeItsCommit(MemoryDocuments):
    """The account or user is erased, to its last pass, between a page's read and its commit."""

    def __init__(self, tombstone: Create, *, crash: bool) -> None:
        super().__init__()
        self.tombstone: Create | None = tombstone
        self.crash = crash

    async def commit(self, writes: Sequence[Write]) -> None:
        tombstone, self.tombstone = self.tombstone, None
        if tombstone is not None:
            await super().commit([tombstone])
        await super().commit(writes)
        if tombstone is not None and self.crash:
            raise Killed


class Killed(BaseException):
    """The function is ended where it stands."""


USER_GONE = Create(Key("users", (USER,)), {"deleted_at": "2020-05-27T00:00:00Z"})
ACCOUNT_GONE = Create(Key("accounts", (USER, ACCOUNT)), {"deleted_through_run": 4})


async def left(journal: Journal) -> list[Document]:
    receipts = Query("receipts", (USER,), {"account_key": ACCOUNT, "run": 4}, order_by="page")
    return [
        *await journal.all("executions"),
        *await journal.all("quarantine"),
        *(await journal.documents.scan(receipts)).documents,
    ]


@pytest.mark.parametrize("tombstone", [USER_GONE, ACCOUNT_GONE])
async def test_a_page_that_outlasted_an_erasure_leaves_nothing(tombstone: Create) -> None:
    journal = Journal(ErasedBeforeItsCommit(tombstone, crash=False))
    unread = [UnreadRow(endpoint="activities", reason="qty: not a number", raw="{}")]
    receipt = await journal.store(page([fill("a", "1", "1")], unread=unread, run=4))
    assert receipt.dropped
    assert await left(journal) == []
    assert journal.changes() == []


async def test_after_a_crash_the_next_delivery_removes_what_outlasted_an_erasure() -> None:
    journal = Journal(ErasedBeforeItsCommit(USER_GONE, crash=True))
    message = page([fill("a", "1", "1")], run=4)
    with pytest.raises(Killed):
        await journal.store(message)
    assert len(await left(journal)) == 2
    assert (await journal.store(message)).dropped
    assert await left(journal) == []


async def test_what_a_later_login_read_anew_outlives_a_page_from_before_the_erasure() -> None:
    journal = Journal()
    await journal.documents.commit([ACCOUNT_GONE])
    await journal.store(page([fill("a", "1", "1")], run=5))
    assert (await journal.store(page([fill("a", "1", "1")], run=4))).dropped
    assert len(await journal.all("executions")) == 1


class LosesItsFirstRace(MemoryDocuments):
    """Another delivery of the same page is stored between the first read and the first commit."""

    def __init__(self) -> None:
        super().__init__()
        self.rival: StoreExecutions | None = None

    async def commit(self, writes: Sequence[Write]) -> None:
        rival, self.rival = self.rival, None
        if rival is not None:
            await rival.store(page([fill("a", "10", "100")]))
        await super().commit(writes)


async def test_two_deliveries_at_once_give_one_row_and_one_receipt() -> None:
    documents = LosesItsFirstRace()
    journal = Journal(documents)
    documents.rival = StoreExecutions(documents, journal.bus, journal.clock, journal.entropy)
    receipt = await journal.store(page([fill("a", "10", "100")]))
    assert receipt.new == 1
    query = Query("receipts", (USER,), {"account_key": ACCOUNT, "run": 1}, order_by="page")
    (kept,) = (await documents.scan(query)).documents
    assert (kept.body["new"], kept.body["rows"]) == (1, 1)
    assert kept.body["at_us"] == to_micros(journal.clock.now()) or journal.clock.slept


async def test_what_is_stored_is_json_with_decimals_as_text() -> None:
    journal = Journal()
    await journal.store(page([fill("a", "0.000000001", "12345678901234567890.123456789")]))
    (head,) = await journal.all("executions")
    assert json.loads(json.dumps(head.body["body"]))["price"] == "12345678901234567890.123456789"


async def test_runs_whose_pages_may_still_come_are_asked_for_all_at_once() -> None:
    class Watched(MemoryDocuments):
        asked_at_once = waiting = 0

        async def scan(self, query: Query) -> Page:
            self.waiting += 1
            self.asked_at_once = max(self.asked_at_once, self.waiting)
            await asyncio.sleep(0)  # others may come
            self.waiting -= 1
            return await super().scan(query)

    documents = Watched()
    journal = Journal(documents)
    for run in (1, 2):
        await journal.store(page([fill("a", "10", "100")], run=run))
    assert documents.asked_at_once == 3
