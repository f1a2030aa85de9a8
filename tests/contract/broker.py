"""What every broker's synchronization keeps, whatever the broker does to it.

A broker's test inherits the suites that fit it and says how to book fills, and how to make its
simulator misbehave.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.wire import Answer, Call
from shared.domain.errors import RateLimited, UpstreamUnavailable
from shared.domain.sync.connection import Connection
from shared.domain.time import to_micros
from shared.ports import Query
from tests.brokers.desk import USER, Desk

MINUTE = timedelta(minutes=1)


class BrokerContract(ABC):
    """What every broker inherits.

    Shape: `history_path` begins the path of every question for history; `rows_at` names the field
    that holds the rows, None where the body is the array itself.
    """

    history_path: str
    rows_at: str | None = None

    @pytest.fixture
    @abstractmethod
    async def desk(self) -> Desk:
        """A desk with one funded, empty account that is older than the first window."""

    @pytest.fixture
    async def connection(self, desk: Desk) -> Connection:
        return await desk.connect()

    @abstractmethod
    def book(
        self, desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> None:
        """Book `count` single fills of 1 unit, one in each `every`, the newest at `last`."""

    @abstractmethod
    def held(self, desk: Desk) -> dict[str, Decimal]:
        """What the simulator says is held, by the symbols of our log."""

    def spoil(self, rows: list[Any]) -> list[Any]:
        """Make the first fill of a page unreadable."""
        return ["spoiled", *rows[1:]] if rows else rows

    def changed(self, change: Callable[[list[Any]], list[Any]]) -> faults.Fault:
        return faults.rows(change, at=self.rows_at)

    def another_shape(self) -> faults.Fault:
        """Answer with a body that the broker's language allows and its documents do not."""
        return faults.body({"rows": []})

    def booked_until(self, began: datetime) -> datetime:
        """Until when the broker's books go for a sync that began then."""
        return began

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
        assert await desk.cursor_us() == to_micros(self.booked_until(began))

    async def test_a_resting_connection_asks_the_broker_nothing(
        self, desk: Desk, connection: Connection
    ) -> None:
        desk.world.faults.plan(faults.status(401), times=99)
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
        desk.world.faults.plan(faults.status(401), path=self.history_path, times=99)
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
        desk.world.faults.plan(self.another_shape(), path=self.history_path)
        report = await desk.sync(connection)
        assert (report.outcome, desk.pages()) == ("failed", [])

    async def test_one_spoiled_row_is_kept_raw_and_the_rest_goes_on(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 3)
        spoiled = self.changed(self.spoil)
        desk.world.faults.plan(spoiled, path=self.history_path, times=99)
        report = await desk.sync(connection)
        assert (report.rows, len(desk.unread())) == (2, 1)
        assert "spoiled" in desk.unread()[0].raw

    async def test_a_run_closes_when_its_receipts_are_in(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 3)
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


class PagedContract(BrokerContract):
    """For a broker that gives a window in pages.

    Shape: `first_page` counts the questions for history before the one for the first page.
    """

    page_size: int
    first_page = 0

    async def test_full_pages_are_followed_to_the_end(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 2 * self.page_size)
        report = await desk.sync(connection)
        assert report.rows == 2 * self.page_size

    async def test_refused_credentials_rest_the_connection_and_keep_page_one(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 2 * self.page_size)
        desk.world.faults.plan(
            faults.status(401), path=self.history_path, skip=self.first_page + 1, times=99
        )
        report = await desk.sync(connection)
        assert (report.outcome, await desk.health(connection)) == ("needs_reauth", "needs_reauth")
        assert len(desk.rows()) == self.page_size


class TokenContract(PagedContract):
    """For a broker whose next page is named by the last: such pages may go in a circle."""

    async def test_pages_that_go_in_a_circle_end_the_run(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 3 * self.page_size)
        seen: list[object] = []
        remember = self.changed(lambda rows: seen.extend(rows) or rows)
        repeat = self.changed(lambda _: seen[: self.page_size])
        desk.world.faults.plan(remember, path=self.history_path)
        desk.world.faults.plan(repeat, path=self.history_path, skip=1, times=99)
        report = await desk.sync(connection)
        assert (report.outcome, len(desk.rows())) == ("failed", self.page_size)


class ContinuingContract(BrokerContract):
    """For a broker whose history is complete bit by bit, from its beginning.

    Shape: `long` is how many fills, how far apart, need five questions or more.
    """

    long: tuple[int, timedelta]

    async def test_a_spent_budget_goes_on_in_the_next_message_and_misses_nothing(
        self, desk: Desk, connection: Connection
    ) -> None:
        count, every = self.long
        self.book(desk, count, every=every)
        desk.budget_s = 30.0
        slow = self.changed(lambda rows: desk.clock.advance(10) or rows)
        desk.world.faults.plan(slow, path=self.history_path, times=99)
        report = await desk.sync(connection)
        assert report.outcome == "continued"
        for _ in range(30):
            requests = desk.bus.take(f"sync-{desk.spec.name}")
            if not requests:
                break
            report = await desk.sync(connection, reason="continue")
        await desk.store_all()
        assert (report.outcome, len(await desk.log())) == ("complete", count)


class SeveralAccountsContract(BrokerContract):
    """For a broker that has several accounts behind one login.

    Units: `answer_s` seconds that an answer takes where 30 are too few for all accounts.
    """

    answer_s: float = 31

    @abstractmethod
    def another(self, desk: Desk) -> str:
        """Open one more account behind the login; return its id."""

    @abstractmethod
    def book_in(self, desk: Desk, account_id: str, count: int) -> None:
        """Book single fills of 1 unit in one of the accounts."""

    @abstractmethod
    def refuse(self, desk: Desk, account_id: str) -> None:
        """Let the broker refuse one account for good, and no other."""

    @abstractmethod
    def hide(self, desk: Desk, account_id: str) -> None:
        """Let the broker list an account no more."""

    @pytest.fixture
    def others(self, desk: Desk) -> list[str]:
        """Two more accounts, with two fills each, as the first has."""
        self.book(desk, 2)
        found = [self.another(desk), self.another(desk)]
        for account_id in found:
            self.book_in(desk, account_id, 2)
        return found

    async def test_every_account_has_its_own_run_and_cursor(
        self, desk: Desk, connection: Connection, others: list[str]
    ) -> None:
        began = desk.clock.now()
        report = await desk.sync(connection)
        await desk.store_all()
        page = await desk.documents.scan(Query("accounts", (USER,)))
        assert {one.account_id for one in report.accounts} >= set(others)
        assert [one.rows for one in report.accounts] == [2, 2, 2]
        reached = to_micros(self.booked_until(began))
        assert [d.body["cursor_us"] for d in page.documents] == [reached] * 3
        assert len(await desk.log()) == 6

    async def test_an_account_that_is_refused_holds_up_no_other(
        self, desk: Desk, connection: Connection, others: list[str]
    ) -> None:
        self.refuse(desk, others[0])
        report = await desk.sync(connection)
        ends = {one.account_id: one.outcome for one in report.accounts}
        assert (ends.pop(others[0]), *ends.values()) == ("failed", "complete", "complete")
        health = (await desk.connections.get(USER, connection.connection_id)).health
        assert (health.state, health.reason[:17]) == ("active", "1 of 3 accounts c")

    async def test_an_account_that_vanishes_is_kept_and_marked(
        self, desk: Desk, connection: Connection, others: list[str]
    ) -> None:
        await desk.sync(connection)
        await desk.store_all()
        self.hide(desk, others[0])
        desk.clock.advance(timedelta(minutes=15))
        report = await desk.sync(connection)
        page = await desk.documents.scan(Query("accounts", (USER,)))
        gone = [d.body["account_id"] for d in page.documents if d.body["vanished_us"]]
        assert (gone, len(report.accounts), len(await desk.log())) == ([others[0]], 2, 6)

    async def test_accounts_that_the_budget_does_not_reach_are_read_by_the_next_message(
        self, desk: Desk, connection: Connection, others: list[str]
    ) -> None:
        desk.budget_s = 30.0
        slow = self.changed(lambda rows: desk.clock.advance(self.answer_s) or rows)
        desk.world.faults.plan(slow, path=self.history_path, times=99)
        report = await desk.sync(connection)
        for _ in range(99):
            if not desk.bus.take(f"sync-{desk.spec.name}"):
                break
            assert report.outcome == "continued"
            report = await desk.sync(connection, reason="continue")
        await desk.store_all()
        assert (report.outcome, len(await desk.log())) == ("complete", 6)


class RenewingContract(BrokerContract):
    """For a broker whose login runs out and is renewed.

    Shape: `login_path` is where; `life` is how long a login lasts.
    """

    login_path: str
    life: timedelta

    def logins(self, desk: Desk) -> int:
        return sum(call.path == self.login_path for call in desk.world.calls)

    async def test_a_login_lasts_over_messages(self, desk: Desk, connection: Connection) -> None:
        for _ in range(2):
            await desk.sync(connection)
        assert self.logins(desk) == 1

    async def test_a_login_that_ran_out_is_renewed(
        self, desk: Desk, connection: Connection
    ) -> None:
        await desk.sync(connection)
        desk.clock.advance(self.life)
        report = await desk.sync(connection)
        assert (report.outcome, self.logins(desk)) == ("complete", 2)

    async def test_a_login_that_dies_midway_is_renewed_once_and_nothing_is_doubled(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 3)
        desk.world.faults.plan(faults.status(401), path=self.history_path)
        report = await desk.sync(connection)
        assert (report.outcome, report.rows, self.logins(desk)) == ("complete", 3, 2)

    async def test_a_renewed_login_that_is_refused_too_needs_the_user(
        self, desk: Desk, connection: Connection
    ) -> None:
        desk.world.faults.plan(faults.status(401), path=self.history_path, times=99)
        report = await desk.sync(connection)
        assert (report.outcome, self.logins(desk)) == ("needs_reauth", 2)

    async def test_a_refused_login_is_not_tried_again(
        self, desk: Desk, connection: Connection
    ) -> None:
        desk.world.faults.plan(faults.status(401), path=self.login_path, times=99)
        report = await desk.sync(connection)
        assert (report.outcome, self.logins(desk)) == ("needs_reauth", 1)

    async def test_a_server_that_cannot_log_in_now_is_no_refusal(
        self, desk: Desk, connection: Connection
    ) -> None:
        desk.world.faults.plan(faults.status(500), path=self.login_path)
        with pytest.raises(UpstreamUnavailable):
            await desk.sync(connection)
        assert (await desk.sync(connection)).outcome == "complete"

    async def test_a_login_whose_answer_is_lost_is_tried_once_more_not_twice(
        self, desk: Desk, connection: Connection
    ) -> None:
        desk.world.faults.plan(faults.timeout(), path=self.login_path)
        with pytest.raises(UpstreamUnavailable):
            await desk.sync(connection)
        assert self.logins(desk) == 1
        await desk.sync(connection)
        assert self.logins(desk) == 2

    async def test_a_new_login_is_stored_before_it_is_used(
        self, desk: Desk, connection: Connection
    ) -> None:
        used: list[tuple[str, str]] = []  # what was stored then, what was shown

        def watch(call: Call) -> Answer:
            stored = desk.sealed_now(connection)
            if call.path != self.login_path:
                used.append((stored, call.headers["authorization"]))
            return desk.world.handle(call)

        desk.handle = watch
        await desk.sync(connection)
        for sealed, shown in used:
            credentials = await desk.vault.open(connection.connection_id, sealed)
            assert desk.spec.auth[desk.auth].headers(credentials)["Authorization"] == shown
