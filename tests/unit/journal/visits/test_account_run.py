"""Walks by id that go on where they were cut, and positions that are compared with themselves."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.brokers.spec import Ask, BrokerAccount, Page, Request, Walk, Window
from shared.domain.errors import BudgetSpent
from tests.brokers.desk import ACCOUNT, START, Desk

COUNT = 5


def counting(*, stops_after: int, begins: list[str | None]) -> Walk:
    """Walk five pages by number; each message's time is over after a few."""

    async def walk(_: Ask, __: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        begins.append(window.mark)
        first = int(window.mark or 0)
        for number in range(first + 1, COUNT + 1):
            if number > first + stops_after:
                raise BudgetSpent("the time is over")
            yield Page((), mark=str(number))

    return walk


def counting_desk(stops_after: int, begins: list[str | None], *, resumes: bool = True) -> Desk:
    desk = Desk()
    desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    walk = counting(stops_after=stops_after, begins=begins)
    endpoint = replace(desk.spec.history[0], walk=walk, check=None, resumes=resumes)
    desk.spec = replace(desk.spec, history=(endpoint,))
    return desk


async def test_a_walk_by_id_that_was_cut_goes_on_from_its_mark() -> None:
    begins: list[str | None] = []
    desk = counting_desk(2, begins)
    connection = await desk.connect()
    report = await desk.sync(connection)
    while report.outcome == "continued":
        report = await desk.sync(connection, reason="continue")
    assert (report.outcome, begins[:3]) == ("complete", [None, "2", "4"])


async def test_a_cut_walk_by_id_completes_no_day() -> None:
    desk = counting_desk(2, [])
    await desk.sync(await desk.connect())
    key = (await desk.one("accounts")).key.id
    run = (await desk.one("runs", order_by="run", account_key=key)).body
    assert run["window_from_us"] == run["window_to_us"]


@pytest.mark.parametrize(
    ("stops_after", "resumes"), [(0, True), (2, False)], ids=["no step", "a mark of a window"]
)
async def test_a_cut_walk_without_a_step_to_go_on_from_fails(
    stops_after: int, resumes: bool
) -> None:
    desk = counting_desk(stops_after, [], resumes=resumes)
    assert (await desk.sync(await desk.connect())).outcome == "failed"


def comparing_desk() -> Desk:
    desk = Desk()
    account = desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    at = START - timedelta(hours=1)
    desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=at)
    holdings = replace(desk.spec.holdings, compares=True)
    desk.spec = replace(desk.spec, holdings=holdings)
    return desk


def asked(desk: Desk, path: str) -> int:
    return sum(call.path.startswith(path) for call in desk.world.calls)


async def test_positions_that_are_the_same_after_the_history_spare_its_second_reading() -> None:
    desk = comparing_desk()
    await desk.sync(await desk.connect())
    assert (asked(desk, "/v2/positions"), asked(desk, "/v2/account/activities")) == (2, 1)
    key = (await desk.one("accounts")).key.id
    report = await desk.one("position_reports", order_by="at_us", account_key=key)
    assert report.body["positions"]


async def test_positions_that_moved_meanwhile_have_the_history_read_again() -> None:
    desk = comparing_desk()
    (endpoint,) = desk.spec.history

    async def walk(ask: Ask, found: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        async for page in endpoint.walk(ask, found, window):
            yield page
        account = desk.world._accounts[ACCOUNT]
        if len(desk.world.calls) < 6:
            at = desk.clock.now()
            desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=at)

    desk.spec = replace(desk.spec, history=(replace(endpoint, walk=walk),))
    await desk.sync(await desk.connect())
    assert len(desk.rows()) == 2


async def test_an_account_may_have_a_history_limit_of_its_own() -> None:
    desk = comparing_desk()
    read = desk.spec.accounts.read

    def limited(body: object) -> list[BrokerAccount]:
        return [replace(one, history_limit=timedelta(days=30)) for one in read(body)]

    desk.spec = replace(desk.spec, accounts=replace(desk.spec.accounts, read=limited))
    await desk.sync(await desk.connect())
    assert min(c.query["after"] for c in desk.world.calls if "after" in c.query) > "2026-02-14"


async def test_accounts_that_one_answer_does_not_list_are_asked_for() -> None:
    desk = comparing_desk()

    async def further(ask: Ask, listed: object) -> list[BrokerAccount]:
        return desk.spec.accounts.read(await ask(Request("/v2/account")))[:0]  # it lists none

    desk.spec = replace(desk.spec, accounts=replace(desk.spec.accounts, further=further))
    assert (await desk.sync(await desk.connect())).accounts == ()
