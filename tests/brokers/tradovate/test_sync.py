"""Tradovate under the contract of every broker, and what is its own in it."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from infra.simulators.brokers import faults
from shared.domain.errors import RateLimited, UpstreamUnavailable
from shared.domain.sync.connection import Connection
from shared.domain.time import to_micros
from shared.ports import Query
from tests.brokers.desk import USER, Desk
from tests.brokers.tradovate.setup import FILLS, FIRST, LEDGER, LOGIN, RENEWAL, open_desk
from tests.contract.broker import MINUTE, RenewingContract, SeveralAccountsContract

LATER = timedelta(minutes=15)
SPOILED = (
    '{"fill": "spoiled", "fee": null, "contract": null, "maturity": null, "product": null, '
    '"currencies": {}}'
)


class TestTradovate(SeveralAccountsContract, RenewingContract):
    history_path = FILLS
    login_path = LOGIN
    life = timedelta(minutes=80)

    @pytest.fixture
    async def desk(self) -> Desk:
        return open_desk()

    def book(
        self, desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> None:
        desk.buy(desk.account(), count, last or desk.clock.now() - 30 * MINUTE, every)

    def held(self, desk: Desk) -> dict[str, Decimal]:
        return desk.world.positions(desk.account())

    def another(self, desk: Desk) -> str:
        return str(desk.add(FIRST + len(desk.world.accounts)).account_id)

    def book_in(self, desk: Desk, account_id: str, count: int) -> None:
        desk.buy(desk.account(account_id), count)

    def refuse(self, desk: Desk, account_id: str) -> None:
        desk.account(account_id).refused = True

    def hide(self, desk: Desk, account_id: str) -> None:
        del desk.world.accounts[int(account_id)]

    async def test_a_rate_limit_without_an_end_backs_off_and_completes(
        self, desk: Desk, connection: Connection
    ) -> None:
        """Here every rate limit lasts an hour, in which nothing is asked."""
        self.book(desk, 3)
        desk.world.faults.plan(faults.status(429), path=FILLS)
        with pytest.raises(RateLimited):
            await desk.sync(connection)
        asked = len(desk.world.calls)
        for _ in range(3):
            assert (await desk.sync(connection)).outcome == "resting"
            desk.clock.advance(19 * MINUTE)
        assert len(desk.world.calls) == asked
        desk.clock.advance(4 * MINUTE)
        assert (await desk.sync(connection)).rows == 3

    async def test_accounts_that_the_budget_does_not_reach_are_read_by_the_next_message(
        self, desk: Desk, connection: Connection, others: list[str]
    ) -> None:
        """Fills are listed once for all accounts: here it is the ledgers that are slow."""
        desk.budget_s = 30.0
        slow = self.changed(lambda rows: desk.clock.advance(31) or rows)
        desk.world.faults.plan(slow, path=LEDGER, times=99)
        report = await desk.sync(connection)
        assert report.outcome == "continued"
        while desk.bus.take("sync-tradovate"):
            report = await desk.sync(connection, reason="continue")
        await desk.store_all()
        assert (report.outcome, len(await desk.log())) == ("complete", 6)

    async def test_one_spoiled_row_is_kept_raw_and_the_rest_goes_on(
        self, desk: Desk, connection: Connection
    ) -> None:
        """Here the ledger names the fill that was spoiled, too, and it is found whole."""
        self.book(desk, 3)
        desk.world.faults.plan(self.changed(self.spoil), path=FILLS, times=99)
        report = await desk.sync(connection)
        assert (report.rows, [row.raw for row in desk.unread()]) == (3, [SPOILED])

    async def test_a_login_that_dies_midway_is_renewed_once_and_nothing_is_doubled(
        self, desk: Desk, connection: Connection
    ) -> None:
        self.book(desk, 3)
        desk.world.faults.plan(faults.status(401), path=FILLS)
        report = await desk.sync(connection)
        assert (report.outcome, report.rows) == ("complete", 3)
        assert (desk.asked(LOGIN), desk.asked(RENEWAL)) == (1, 1)

    async def test_a_renewed_login_that_is_refused_too_needs_the_user(
        self, desk: Desk, connection: Connection
    ) -> None:
        for path in (FILLS, "/v1/auth/me"):
            desk.world.faults.plan(faults.status(401), path=path, times=99)
        report = await desk.sync(connection)
        assert (report.outcome, desk.asked(LOGIN), desk.asked(RENEWAL)) == ("needs_reauth", 1, 1)

    async def test_a_server_that_cannot_log_in_now_is_no_refusal(
        self, desk: Desk, connection: Connection
    ) -> None:
        desk.world.faults.plan(faults.status(500), path=LOGIN)
        with pytest.raises(UpstreamUnavailable):
            await desk.sync(connection)
        with pytest.raises(RateLimited):  # a login opens a session, and there are two
            await desk.sync(connection)
        desk.clock.advance(LATER)
        assert (await desk.sync(connection)).outcome == "complete"

    async def test_a_login_whose_answer_is_lost_is_tried_once_more_not_twice(
        self, desk: Desk, connection: Connection
    ) -> None:
        desk.world.faults.plan(faults.timeout(), path=LOGIN)
        with pytest.raises(UpstreamUnavailable):
            await desk.sync(connection)
        desk.clock.advance(LATER)
        await desk.sync(connection)
        assert desk.asked(LOGIN) == 2

    async def test_every_account_has_its_own_run_and_cursor(
        self, desk: Desk, connection: Connection, others: list[str]
    ) -> None:
        began = desk.clock.now()
        report = await desk.sync(connection)
        page = await desk.documents.scan(Query("accounts", (USER,)))
        assert {one.account_id for one in report.accounts} >= set(others)
        assert [d.body["cursor_us"] for d in page.documents] == [to_micros(began)] * 3
        assert len(desk.fills()) == 6
