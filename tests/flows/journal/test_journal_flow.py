"""From the broker to a reconciled journal, on each store: tick, sync, store, build, reconcile."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shared.adapters.sqlite.sqlite_documents import SqliteDocuments
from shared.journal.queries import Window
from shared.journal.reconciliation.comparison import Agreement
from shared.ports import Documents, Query
from tests.house import NOW, USER, House
from tests.twins.memory_documents import MemoryDocuments


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
    await house.ask()
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
    await house.ask()
    requests = house.bus.take()
    for delivery in requests:
        await house.deliver(delivery)
    late = house.bus.deliveries.pop(0)
    await house.settle()
    assert sorted(await house.states()) == ["agreed", "agreed", "unknown"]
    house.bus.deliveries.append(late)
    await house.settle()
    assert await house.states() == [Agreement.AGREED] * 3
