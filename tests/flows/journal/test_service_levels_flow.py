"""Service levels over two simulated brokers, of which one stops answering."""

import contextlib
from datetime import date, timedelta
from decimal import Decimal

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.oanda.world import OandaWorld
from shared.brokers.oanda.spec import SPEC as OANDA
from shared.domain.errors import RetryableError
from shared.domain.messages import SyncRequested
from shared.domain.sync.service_level import ServiceLevel, Share
from shared.domain.time import to_micros
from shared.journal.service_levels.queries import ServiceLevelQueries
from shared.journal.service_levels.sweep import SweepServiceLevels
from shared.journal.tick import PERIOD, tick
from shared.journal.tombstones import Erasure
from shared.ports import Document, Documents, Key, Query, Update
from tests.brokers.desk import START, USER, Desk

TODAY = date(2026, 3, 16)
_HOUR = timedelta(hours=1)


class Street:
    """One user with an account at each of two brokers; a tick every quarter of an hour."""

    def __init__(self, documents: Documents | None = None) -> None:
        self.alpaca = Desk() if documents is None else Desk(documents=documents)  # type: ignore[arg-type]  # a store like the twin
        shared = {
            name: getattr(self.alpaca, name) for name in ("clock", "documents", "bus", "entropy")
        }
        self.oanda = Desk(
            spec=OANDA,
            make_world=OandaWorld,
            environment="practice",
            credentials={"token": "t1"},
            **shared,
        )
        self.clock, self.documents = self.alpaca.clock, self.alpaca.documents
        self.levels = SweepServiceLevels(self.documents, self.clock, self.alpaca.entropy)
        self.queries = ServiceLevelQueries(self.documents, self.clock)

    async def open(self) -> None:
        opened = START - timedelta(days=400)
        at = START - timedelta(days=2)
        ours = self.alpaca.world.add_account(
            account_id="id-1", number="PA1", key="PK1", secret="s1", opened_at=opened
        )
        self.alpaca.world.order(ours, "SPY", "buy", [(Decimal(2), Decimal(100), at)])
        theirs = self.oanda.world.add_account(
            account_id="101-004-9990417-001", token="t1", opened_at=opened
        )
        self.oanda.world.fill(theirs, "EUR_USD", Decimal(5), price=Decimal("1.1"), at=at)
        await self.alpaca.connect()
        await self.oanda.connect()

    async def until(self, hours: float) -> None:
        """Tick at each quarter-hour from now on until so long after the start."""
        while self.clock.now() < START + hours * _HOUR:
            await self.deliver()
            since = self.clock.now() - START
            self.clock.advance(START + (since // PERIOD + 1) * PERIOD - self.clock.now())

    async def deliver(self, *, store: bool = True) -> None:
        """Tick, and let everything after it happen; without `store` pages stay on the bus."""
        for desk in (self.alpaca, self.oanda):
            await tick(self.documents, desk.bus, self.clock, broker=desk.spec.name)
            for delivery in desk.bus.take(f"sync-{desk.spec.name}"):
                with contextlib.suppress(RetryableError):  # the next tick asks again
                    await desk.syncing().run(SyncRequested.decode(delivery.data))
            if store:
                await desk.store_all()

    async def swept(self) -> dict[tuple[str, date], ServiceLevel]:
        await self.levels.sweep()
        return await self.shown()

    async def shown(self) -> dict[tuple[str, date], ServiceLevel]:
        return {(one.broker, one.day): one for one in await self.queries.recent(30)}

    async def one_run(self) -> Document:
        account = (await self.documents.scan(Query("accounts", (USER,)))).documents[0]
        query = Query("runs", (USER,), {"account_key": account.key.id}, order_by="run")
        return (await self.documents.scan(query)).documents[0]

    async def stored(self) -> list[Document]:
        query = Query("service_levels", (), order_by="day")
        return list((await self.documents.scan(query)).documents)


def figures(level: ServiceLevel) -> ServiceLevel:
    """Without the time of the sweep that changed them last."""
    return level.model_copy(update={"as_of": START})


@pytest.fixture
async def street() -> Street:
    street = Street()
    await street.open()
    return street


async def test_a_broker_that_is_down_loses_its_rate_and_no_other_does(street: Street) -> None:
    await street.until(1)
    street.oanda.world.faults.plan(faults.html_503(), times=-1)
    await street.until(3)
    street.clock.advance(timedelta(minutes=45))
    levels = await street.swept()
    assert levels["alpaca", TODAY].success == Share(part=12, of=12)
    assert levels["oanda", TODAY].success == Share(part=4, of=12)


async def test_a_broker_that_is_down_grows_stale(street: Street) -> None:
    await street.until(1)
    street.oanda.world.faults.plan(faults.html_503(), times=-1)
    await street.until(3)
    levels = await street.swept()
    ages = {broker: levels[broker, TODAY].freshness for broker in ("alpaca", "oanda")}
    assert ages["alpaca"] is not None
    assert (ages["alpaca"].accounts, ages["alpaca"].worst_s) == (1, 15 * 60)
    assert ages["oanda"] is not None
    assert (ages["oanda"].accounts, ages["oanda"].worst_s) == (1, int(2.25 * 3600))


async def test_a_day_that_a_broker_did_not_give_is_unknown(street: Street) -> None:
    await street.until(1)
    street.oanda.world.faults.plan(faults.html_503(), times=-1)
    street.clock.advance(timedelta(days=1))
    await street.until(25.5)
    levels = await street.swept()
    complete = {broker: levels[broker, TODAY].completeness for broker in ("alpaca", "oanda")}
    assert (complete["alpaca"].days, complete["alpaca"].unknown) == (Share(part=1, of=1), 0)
    assert (complete["oanda"].days, complete["oanda"].unknown) == (Share(part=0, of=1), 1)


async def test_every_row_that_was_fetched_is_accounted_for(street: Street) -> None:
    await street.until(1)
    levels = await street.swept()
    runs = levels["alpaca", TODAY].runs
    assert (runs.closed, runs.new, runs.rows, runs.unbalanced) == (4, 1, 4, 0)


async def test_a_run_that_does_not_add_up_is_shown(street: Street) -> None:
    await street.until(1)
    run = await street.one_run()
    await street.documents.commit([Update(run.key, {**run.body, "same": 7}, run.version)])
    levels = await street.swept()
    assert sum(level.runs.unbalanced for level in levels.values()) == 1


async def test_a_sweep_that_runs_again_changes_no_figure(street: Street) -> None:
    await street.until(2)
    first = await street.swept()
    assert await street.swept() == first


async def test_sweeps_on_the_way_come_to_what_one_at_the_end_does(street: Street) -> None:
    other = Street()
    await other.open()
    for hour in (0.25, 1, 1.5, 3):
        await street.until(hour)
        often = await street.swept()
    await other.until(3)
    once = await other.swept()
    assert {key: figures(level) for key, level in often.items()} == {
        key: figures(level) for key, level in once.items()
    }


async def test_an_older_sweep_does_not_write_over_a_newer_one(street: Street) -> None:
    await street.until(1)
    await street.swept()
    newer = Share(part=7, of=9).model_dump(round_trip=True)
    for one in await street.stored():
        body = {
            **one.body,
            "swept_us": one.body["swept_us"] + 1,
            "level": {**one.body["level"], "success": newer},
        }
        await street.documents.commit([Update(one.key, body, one.version)])
    assert {level.success.of for level in (await street.swept()).values()} == {9}


async def test_a_run_that_was_seen_before_its_receipts_is_counted_with_them(
    street: Street,
) -> None:
    await street.deliver(store=False)
    before = (await street.swept())["alpaca", TODAY].runs
    await street.alpaca.store_all()
    after = (await street.swept())["alpaca", TODAY].runs
    assert (before.closed, after.closed) == (0, 1)


async def test_a_cursor_that_went_back_makes_an_account_as_old_as_that(street: Street) -> None:
    await street.until(1)
    for account in (await street.documents.scan(Query("accounts", (USER,)))).documents:
        body = {**account.body, "cursor_us": to_micros(street.clock.now() - 5 * _HOUR)}
        await street.documents.commit([Update(account.key, body, account.version)])
    found = (await street.swept())["alpaca", TODAY].freshness
    assert found is not None
    assert found.worst_s == 5 * 3600


async def test_an_account_that_was_erased_is_forgotten(street: Street) -> None:
    await street.until(1)
    await street.swept()
    run = await street.one_run()
    key = run.body["account_key"]
    await Erasure(street.documents, street.clock, street.alpaca.entropy).erase(USER, key)
    report = await street.levels.sweep()
    (left,) = await street.documents.get_many([Key("service_contributions", (USER, key))])
    assert (report.accounts, left) == (1, None)


async def test_an_account_whose_user_paused_is_resting_and_not_stale(street: Street) -> None:
    await street.until(1)
    key = Key("connections", (USER, (await street.oanda.connections.list(USER))[0].connection_id))
    (found,) = await street.documents.get_many([key])
    assert found is not None
    resting = {"state": "paused", "since": street.clock.now().isoformat(), "reason": ""}
    body = {**found.body, "health": resting, "schedulable": False}
    await street.documents.commit([Update(key, body, found.version)])
    broker = found.body["broker"]
    await street.until(3)
    level = (await street.swept())[broker, TODAY]
    assert level.success == Share(part=4, of=4)
    assert level.freshness is not None
    assert (level.freshness.accounts, level.freshness.resting) == (0, 1)


async def test_a_login_that_never_listed_an_account_is_seen(street: Street) -> None:
    street.oanda.world.faults.plan(faults.html_503(), times=-1)
    await street.until(1)
    level = (await street.swept())["oanda", TODAY]
    assert level.freshness is not None
    assert (level.success, level.freshness.never) == (Share(part=0, of=0), 1)


async def test_nothing_of_any_user_is_in_the_documents(street: Street) -> None:
    await street.until(1)
    await street.swept()
    text = "".join(str(one.body) for one in await street.stored())
    accounts = (await street.documents.scan(Query("accounts", (USER,)))).documents
    for secret in (USER, *(one.key.id for one in accounts), "PA1", "id-1", "101-004-9990417-001"):
        assert secret not in text


async def test_an_account_that_cannot_be_folded_holds_up_no_other(street: Street) -> None:
    await street.until(1)
    for account in (await street.documents.scan(Query("accounts", (USER,)))).documents:
        if account.body["broker"] == "oanda":
            spoiled = {**account.body, "first_seen_us": "spoiled"}
            await street.documents.commit([Update(account.key, spoiled, account.version)])
    report = await street.levels.sweep()
    assert (report.failed, report.accounts) == (1, 1)
    assert (await street.shown())["alpaca", TODAY].runs.closed == 4
