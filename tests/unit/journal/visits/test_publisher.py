from collections.abc import Sequence

import pytest

from shared.domain.errors import StoreUnavailable
from shared.domain.ids import ConnectionId
from shared.domain.messages import MAX_PAGE_ROWS, ExecutionsObserved, ObservedRow, UnreadRow
from shared.domain.row_body import row_body
from shared.domain.sync.connection import Connection, ConnectionState, Health
from shared.journal.accounts import Account
from shared.journal.visits.publisher import PagePublisher
from shared.ports import MessageBus, Outgoing
from tests.rows import ACCOUNT, START, USER, fill, key_of
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus

CONNECTION = Connection(
    user_id=USER,
    connection_id=ConnectionId("connection-1"),
    broker="alpaca",
    environment="paper",
    label="paper",
    auth="api_key",
    sealed="",
    health=Health(state=ConnectionState.ACTIVE, since=START),
    created_at=START,
    login_at=START,
    next_due_at=START,
)


def publisher(bus: MessageBus) -> PagePublisher:
    account = Account(USER, ACCOUNT, "A1", "paper", None)
    return PagePublisher(bus, ManualClock(), CONNECTION, account, run=1)


def rows(count: int, first: int = 0) -> list[ObservedRow]:
    fills = [fill(f"f{n}", "1", "10", minute=n) for n in range(first, first + count)]
    return [ObservedRow(key=key_of(row), row=row_body(row)) for row in fills]


def unread(count: int, raw: str = "{}") -> list[UnreadRow]:
    return [UnreadRow(endpoint="fills", reason=f"row {n}", raw=raw) for n in range(count)]


def sizes(bus: MemoryBus) -> list[tuple[int, int]]:
    pages = [ExecutionsObserved.decode(message.data) for message in bus.published]
    assert [page.page for page in pages] == list(range(len(pages)))
    return [(len(page.rows), len(page.unread)) for page in pages]


async def test_small_pages_of_the_broker_fill_one_message() -> None:
    bus = MemoryBus()
    publishing = publisher(bus)
    for n in range(3):
        await publishing.take(rows(50, first=50 * n), unread(1))
    await publishing.flush()
    assert sizes(bus) == [(150, 3)]


async def test_a_message_goes_out_as_soon_as_it_is_full() -> None:
    bus = MemoryBus()
    await publisher(bus).take(rows(MAX_PAGE_ROWS), [])
    assert sizes(bus) == [(MAX_PAGE_ROWS, 0)]


@pytest.mark.parametrize(
    ("read", "failed", "expected"),
    [
        (450, 0, [(200, 0), (200, 0), (50, 0)]),
        (150, 100, [(150, 50), (0, 50)]),
        (0, 250, [(0, 200), (0, 50)]),
    ],
)
async def test_a_large_page_is_cut_at_what_a_batch_holds(
    read: int, failed: int, expected: list[tuple[int, int]]
) -> None:
    bus = MemoryBus()
    publishing = publisher(bus)
    await publishing.take(rows(read), unread(failed))
    await publishing.flush()
    assert sizes(bus) == expected


async def test_no_row_is_published_twice_or_left_behind() -> None:
    bus = MemoryBus()
    publishing = publisher(bus)
    for n in range(7):
        await publishing.take(rows(90, first=90 * n), [])
    await publishing.flush()
    sent = [row for one in bus.published for row in ExecutionsObserved.decode(one.data).rows]
    assert sent == rows(630)


async def test_raw_rows_that_are_heavy_go_out_apart() -> None:
    bus = MemoryBus()
    publishing = publisher(bus)
    await publishing.take([], unread(3, raw="x" * 1_500_000))
    await publishing.flush()
    assert sizes(bus) == [(0, 1), (0, 1), (0, 1)]


async def test_nothing_is_no_message() -> None:
    bus = MemoryBus()
    await publisher(bus).flush()
    assert bus.published == []


async def test_what_could_not_be_published_is_not_counted_or_tried_again() -> None:
    class DeadBus(MemoryBus):
        async def publish(self, messages: Sequence[Outgoing]) -> None:
            raise StoreUnavailable("down")

    publishing = publisher(DeadBus())
    with pytest.raises(StoreUnavailable):
        await publishing.take(rows(MAX_PAGE_ROWS), [])
    await publishing.flush()
    assert (publishing.pages, publishing.rows) == (0, 0)
