"""What every broker's synchronization keeps, whatever the broker does to it.

A broker's test subclasses it and says how to book fills and how to make its simulator misbehave.
"""

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from infra.simulators.brokers import faults
from shared.domain.connection import Connection
from shared.domain.errors import RateLimited, UpstreamUnavailable
from shared.domain.time import to_micros
from tests.brokers.desk import Desk


class BrokerContract(ABC):
    history_path: str
    page_size: int

    @pytest.fixture
    @abstractmethod
    async def desk(self) -> Desk:
        """A desk with one funded, empty account."""

    @pytest.fixture
    async def connection(self, desk: Desk) -> Connection:
        return await desk.connect()

    @abstractmethod
    def book(self, desk: Desk, count: int, last: datetime | None = None) -> None:
        """Book `count` single fills of 1 unit, one a minute, the newest at `last`."""

    @abstractmethod
    def held(self, desk: Desk) -> dict[str, Decimal]:
        """What the simulator says is held."""

    async def test_a_sync_stores_every_fill_once(self, desk: Desk, connection: Connection) -> None:
        self.book(desk, 5)
        await desk.sync(connection)
        await desk.store_all()
        assert len(await desk.log()) == 5

    async def test_a_second_sync_changes_nothing(self, desk: Desk, connection: Connection) -> None:
        self.book(desk, 5)
        await desk.sync(connection)
        await desk.store_all()
        before = await desk.log()
        desk.clock.advance(timedelta(minutes=15))
        await desk.sync(connection)
        await desk.store_all()
        assert await desk.log() == before

    async def test_full_pages_are_followed_to_the_end(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 2 * self.page_size)
        report = await desk.sync(connection)
        assert report.rows == 2 * self.page_size

    async def test_a_fill_at_the_very_start_and_end_of_the_window_is_read(
        self, desk: Desk, connection: Connection
    ) -> None:
        now = desk.clock.now()
        self.book(desk, 1, now)
        self.book(desk, 1, now - desk.spec.first_window)
        assert (await desk.sync(connection)).rows == 2

    async def test_a_row_that_shows_up_late_is_found_by_the_overlap(
        self, desk: Desk, connection: Connection
    ) -> None:
        await desk.sync(connection)
        desk.clock.advance(timedelta(hours=1))
        self.book(desk, 1, desk.clock.now() - timedelta(days=2))
        assert (await desk.sync(connection)).rows == 1

    async def test_the_cursor_is_the_end_of_what_was_read_not_the_newest_row(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 1, desk.clock.now() - timedelta(hours=1))
        began = desk.clock.now()
        await desk.sync(connection)
        assert await desk.cursor_us() == to_micros(began)

    async def test_refused_credentials_rest_the_connection_and_keep_page_one(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 2 * self.page_size)
        desk.world.faults.plan(faults.status(401), path=self.history_path, skip=1, times=99)
        report = await desk.sync(connection)
        assert (report.outcome, await desk.health(connection)) == ("needs_reauth", "needs_reauth")
        assert len(desk.rows()) == self.page_size

    async def test_a_resting_connection_asks_the_broker_nothing(
        self, desk: Desk, connection: Connection
    ) -> None:
        desk.world.faults.plan(faults.status(401))
        await desk.sync(connection)
        asked = len(desk.world.calls)
        await desk.sync(connection)
        assert len(desk.world.calls) == asked

    async def test_refused_credentials_leave_the_cursor_where_it_was(
        self, desk: Desk, connection: Connection
    ) -> None:
        await desk.sync(connection)
        before = await desk.cursor_us()
        desk.clock.advance(timedelta(hours=1))
        desk.world.faults.plan(faults.status(403), path=self.history_path)
        await desk.sync(connection)
        assert await desk.cursor_us() == before

    async def test_a_server_error_is_tried_again(self, desk: Desk, connection: Connection) -> None:
        self.book(desk, 3)
        desk.world.faults.plan(faults.html_503(), path=self.history_path)
        assert (await desk.sync(connection)).rows == 3

    @pytest.mark.parametrize("fault", [faults.timeout(), faults.cut_body(), faults.status(500)])
    async def test_an_answer_that_does_not_arrive_whole_is_asked_for_again(
        self, desk: Desk, connection: Connection, fault: faults.Fault
    ) -> None:
        self.book(desk, 3)
        desk.world.faults.plan(fault, path=self.history_path)
        assert (await desk.sync(connection)).rows == 3

    async def test_a_broker_that_stays_down_is_left_to_a_redelivery(
        self, desk: Desk, connection: Connection
    ) -> None:
        desk.world.faults.plan(faults.html_503(), path=self.history_path, times=99)
        with pytest.raises(UpstreamUnavailable):
            await desk.sync(connection)
        assert await desk.health(connection) == "failed"

    async def test_a_rate_limit_without_an_end_backs_off_and_completes(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 3)
        desk.world.faults.plan(faults.status(429), path=self.history_path)
        report = await desk.sync(connection)
        assert report.rows == 3
        assert report.waited_s > 0

    async def test_a_rate_limit_beyond_the_budget_throttles_the_connection(
        self, desk: Desk, connection: Connection
    ) -> None:
        limited = faults.status(429, {"Retry-After": "900"})
        desk.world.faults.plan(limited, path=self.history_path)
        with pytest.raises(RateLimited):
            await desk.sync(connection)
        assert (await desk.health(connection), desk.clock.slept) == ("throttled", [])

    async def test_a_body_of_another_shape_writes_nothing(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 3)
        desk.world.faults.plan(faults.body({"rows": []}), path=self.history_path)
        report = await desk.sync(connection)
        assert (report.outcome, desk.pages()) == ("failed", [])

    async def test_pages_that_go_in_a_circle_end_the_run(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 3 * self.page_size)
        seen: list[object] = []
        remember = faults.rows(lambda rows: seen.extend(rows) or rows)
        repeat = faults.rows(lambda _: seen[: self.page_size])
        desk.world.faults.plan(remember, path=self.history_path)
        desk.world.faults.plan(repeat, path=self.history_path, skip=1, times=99)
        report = await desk.sync(connection)
        assert (report.outcome, len(desk.rows())) == ("failed", self.page_size)

    async def test_one_spoiled_row_is_kept_raw_and_the_rest_goes_on(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 3)
        spoiled = faults.rows(lambda rows: ["spoiled", *rows[1:]])
        desk.world.faults.plan(spoiled, path=self.history_path, times=99)
        report = await desk.sync(connection)
        assert (report.rows, [row.raw for row in desk.unread()]) == (2, ['"spoiled"'])

    async def test_a_run_closes_when_its_receipts_are_in(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, self.page_size + 1)
        report = await desk.sync(connection)
        account = (await desk.one("accounts")).key.id
        assert await desk.run_state(account, report.run) == "fetched"
        await desk.store_all()
        assert await desk.run_state(account, report.run) == "closed"

    async def test_what_the_broker_says_is_held_is_logged(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 3)
        await desk.sync(connection)
        logged = await desk.one(
            "position_reports",
            order_by="at_us",
            account_key=(await desk.one("accounts")).key.id,
        )
        positions = {p["symbol"]: Decimal(p["quantity"]) for p in logged.body["positions"]}
        assert positions == self.held(desk)

    async def test_a_spent_budget_goes_on_in_the_next_message_and_misses_nothing(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 4 * self.page_size)
        desk.budget_s = 30.0
        handle = desk.world.faults
        slow = faults.rows(lambda rows: desk.clock.advance(10) or rows)
        handle.plan(slow, path=self.history_path, times=99)
        report = await desk.sync(connection)
        assert report.outcome == "continued"
        for _ in range(10):
            requests = desk.bus.take(f"sync-{desk.spec.name}")
            if not requests:
                break
            report = await desk.sync(connection, reason="continue")
        await desk.store_all()
        assert (report.outcome, len(await desk.log())) == ("complete", 4 * self.page_size)
