from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from shared.domain.errors import InvalidInput
from shared.domain.execution import AssetClass
from shared.domain.journal.performance import summarize
from shared.domain.market.bars import Bar, Series, Timeframe
from shared.domain.messages import JournalChanged
from shared.journal.build import BuildJournal
from shared.journal.projection.documents import read_day
from shared.journal.queries import JournalQueries, Window
from shared.journal.store import StoreExecutions
from shared.ports import Create, Key, Query
from tests.rows import ACCOUNT, START, USER, event, fill, page
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy


@pytest.fixture
async def documents() -> MemoryDocuments:
    """Two accounts: A1 with a win, a loss and an open trip; A2 with an open trip."""
    documents, bus, clock, entropy = MemoryDocuments(), MemoryBus(), ManualClock(), SeededEntropy()
    store = StoreExecutions(documents, bus, clock, entropy)
    builder = BuildJournal(documents, clock, entropy)
    rows = [
        fill("a", "10", "100"),
        fill("b", "-10", "102", minute=1, fee="1"),
        fill("c", "-5", "100", minute=2),
        fill("d", "5", "101", minute=60 * 24),
        fill("e", "3", "10", minute=60 * 24, symbol="QQQ"),
        event("taf", "-0.5", minute=60 * 30),
    ]
    await store.store(page(rows))
    await store.store(page([fill("x", "1", "10")], account="A2"))
    for delivery in bus.take():
        await builder.build(JournalChanged.decode(delivery.data))
    return documents


async def test_the_summary_has_every_figure_of_the_account(documents: MemoryDocuments) -> None:
    performance = await JournalQueries(documents).summary(USER, ACCOUNT)
    (totals,) = performance.totals
    assert (performance.executions, performance.round_trips, performance.open_positions) == (
        5,
        2,
        1,
    )
    assert (totals.gross, totals.fees, totals.day_fees, totals.net) == (
        Decimal(15),
        Decimal(1),
        Decimal("0.5"),
        Decimal("13.5"),
    )
    assert (totals.win_rate, totals.profit_factor) == (Decimal("0.5"), Decimal("3.8"))


async def test_without_an_account_all_of_the_users_accounts_count(
    documents: MemoryDocuments,
) -> None:
    performance = await JournalQueries(documents).summary(USER)
    assert (performance.executions, performance.open_positions) == (6, 2)


async def test_the_days_of_a_span_add_up_to_the_summary(documents: MemoryDocuments) -> None:
    queries = JournalQueries(documents)
    days = (await documents.scan(Query("daily", (USER,), order_by="day"))).documents
    figures = [part for day in days for part in read_day(day.body)]
    first = min(part.day for part in figures)
    early = await queries.summary(USER, until=first.replace(day=first.day + 1))
    late = await queries.summary(USER, since=first.replace(day=first.day + 1))
    whole = await queries.summary(USER)
    assert early.totals[0].net + late.totals[0].net == whole.totals[0].net
    assert whole == summarize(figures, whole.open_positions)


async def test_executions_come_newest_first_page_by_page(documents: MemoryDocuments) -> None:
    queries = JournalQueries(documents)
    seen, cursor = [], None
    while True:
        listing = await queries.executions(USER, ACCOUNT, Window(limit=2, cursor=cursor))
        seen += [entry.row.occurred_at for entry in listing.items]
        cursor = listing.cursor
        if cursor is None:
            break
    assert len(seen) == 6
    assert seen == sorted(seen, reverse=True)


async def test_round_trips_are_the_closed_ones_newest_first(documents: MemoryDocuments) -> None:
    listing = await JournalQueries(documents).round_trips(USER, None, Window())
    assert [(trip.account_key, trip.net) for trip in listing.items] == [
        (ACCOUNT, Decimal(-5)),
        (ACCOUNT, Decimal(19)),
    ]


async def test_positions_name_their_account(documents: MemoryDocuments) -> None:
    held = await JournalQueries(documents).positions(USER)
    assert sorted((p.symbol, p.quantity, p.account_key == ACCOUNT) for p in held) == [
        ("QQQ", Decimal(3), True),
        ("SPY", Decimal(1), False),
    ]


async def test_accounts_are_listed_with_their_key(documents: MemoryDocuments) -> None:
    body = {
        "broker": "alpaca",
        "environment": "paper",
        "account_id": "A1",
        "account_number": "PA1",
        "currency": "USD",
        "connection_ids": ["c"],
        "last_run": 1,
    }
    await documents.commit([Create(Key("accounts", (USER, ACCOUNT)), body)])
    (account,) = await JournalQueries(documents).accounts(USER)
    assert (account.account_key, account.account_number) == (ACCOUNT, "PA1")


async def test_another_users_journal_is_empty(documents: MemoryDocuments) -> None:
    queries = JournalQueries(documents)
    stranger = type(USER)("user-2")
    assert (await queries.executions(stranger, None, Window())).items == ()
    assert (await queries.summary(stranger)).executions == 0


async def test_a_cursor_that_is_not_ours_is_refused(documents: MemoryDocuments) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        await JournalQueries(documents).executions(USER, None, Window(cursor="x"))


async def test_rolls_are_found_in_the_logs_of_futures_and_link_two_trips() -> None:
    documents, bus, clock, entropy = MemoryDocuments(), MemoryBus(), ManualClock(), SeededEntropy()
    es = {"root": "ES", "asset_class": AssetClass.FUTURE, "multiplier": "50"}
    rows = [
        fill("a", "1", "6000", symbol="ESZ5", **es),
        fill("b", "-1", "6100", minute=60, symbol="ESZ5", **es),
        fill("c", "1", "6150", minute=61, symbol="ESH6", **es),
        fill("d", "1", "50", minute=62, symbol="AAPL"),
    ]
    await StoreExecutions(documents, bus, clock, entropy).store(page(rows))
    builder = BuildJournal(documents, clock, entropy)
    for delivery in bus.take():
        await builder.build(JournalChanged.decode(delivery.data))
    queries = JournalQueries(documents)
    (roll,) = await queries.rolls(USER, ACCOUNT)
    (closed,) = (await queries.round_trips(USER, ACCOUNT, Window())).items
    assert (roll.closed.symbol, roll.opened.symbol, roll.spread) == ("ESZ5", "ESH6", 50)
    assert {*roll.closed.keys} < {*closed.row_keys}


class HoursOf:
    """Knows the hours of one symbol, and how often it was asked."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.asked = 0

    async def bars(self, symbol: str, asset_class: AssetClass, until: datetime) -> Series | None:
        del asset_class
        self.asked += 1
        if symbol != self.symbol:
            return None
        hours = [START + timedelta(hours=n) for n in range(-1, 30)]
        bars = [Bar(at, at + timedelta(hours=1), at.date(), 1, 120, 90, 1, None) for at in hours]
        return Series(symbol, Timeframe.HOUR, "csv", "CC0", tuple(bars)).until(until)


async def test_trips_come_with_their_excursions_where_bars_are_known(
    documents: MemoryDocuments,
) -> None:
    bars = HoursOf("SPY")
    listing = await JournalQueries(documents, bars).round_trips(USER, None, Window())
    overnight, minute = (trip.excursion for trip in listing.items)
    assert overnight is not None
    assert (overnight.adverse, overnight.favorable, minute, bars.asked) == (100, 50, None, 1)


async def test_without_bars_excursions_are_unknown(documents: MemoryDocuments) -> None:
    listing = await JournalQueries(documents, HoursOf("QQQ")).round_trips(USER, None, Window())
    assert [trip.excursion for trip in listing.items] == [None, None]
