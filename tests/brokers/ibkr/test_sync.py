"""Interactive Brokers against the broker suite, and its sheet's cases that need a whole sync."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.ibkr.documents import xml
from infra.simulators.brokers.wire import Answer
from shared.brokers.ibkr.walk import day_end
from shared.domain.errors import (
    ContractBroken,
    InvalidInput,
    RateLimited,
    UpstreamUnavailable,
)
from shared.domain.execution import AccountEvent, Execution, RowStatus
from shared.domain.sync.connection import Connection
from shared.domain.time import to_micros
from shared.journal.storing.log import read_entry
from shared.ports import Query
from tests.brokers.desk import USER, Desk
from tests.brokers.ibkr.desk import (
    GET,
    NOW,
    SEND,
    SERVICE,
    TOKEN,
    account,
    book,
    changed,
    open_desk,
    sent,
    steps,
)
from tests.contract.broker import MINUTE, SeveralAccountsContract

OPTION = "CZR   260821C00030000"
YESTERDAY = date(2026, 3, 17)


class TestIbkr(SeveralAccountsContract):
    history_path = SERVICE
    answer_s = 12  # one report lists the accounts, the next goes back to the first window's begin

    @pytest.fixture
    async def desk(self) -> Desk:
        return open_desk()

    def book(
        self, desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> None:
        book(desk, count, last, every)

    def held(self, desk: Desk) -> dict[str, Decimal]:
        return desk.world.positions(account(desk))

    def changed(self, change: Callable[[list[Any]], list[Any]]) -> faults.Fault:
        return changed(change)

    def spoil(self, rows: list[Any]) -> list[Any]:
        return [rows[0].replace('quantity="1"', 'quantity="spoiled"'), *rows[1:]] if rows else []

    def another_shape(self) -> faults.Fault:
        return lambda _, __: xml('<FlexQueryResponse type="AF"></FlexQueryResponse>')

    def booked_until(self, began: datetime) -> datetime:
        return day_end(YESTERDAY)

    def another(self, desk: Desk) -> str:
        name = f"DU{len(desk.world.accounts) + 1:07d}"
        desk.world.add_account(desk.world._tokens[TOKEN], name)
        return name

    def book_in(self, desk: Desk, account_id: str, count: int) -> None:
        book(desk, count, account_id=account_id)

    def refuse(self, desk: Desk, account_id: str) -> None:
        account(desk, account_id).shortened = True

    def hide(self, desk: Desk, account_id: str) -> None:
        desk.world._tokens[TOKEN].accounts.remove(account(desk, account_id))


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    return await desk.connect()


async def stored(desk: Desk) -> list[Execution | AccountEvent]:
    page = await desk.documents.scan(Query("executions", (USER,), order_by="at_us", limit=1000))
    return [read_entry(document).row for document in page.documents]


async def synced(desk: Desk, connection: Connection) -> Any:
    report = await desk.sync(connection)
    await desk.store_all()
    return report


def held_of(rows: list[Execution | AccountEvent], symbol: str) -> Decimal:
    standing = [r for r in rows if r.symbol == symbol and r.status is RowStatus.BOOKED]
    return sum(
        (r.signed_quantity if isinstance(r, Execution) else r.quantity or Decimal(0))
        for r in standing
    ) or Decimal(0)


def fees_of(rows: list[Execution | AccountEvent]) -> Decimal:
    in_fills = [
        fee.amount
        for row in rows
        if isinstance(row, Execution) and row.status is RowStatus.BOOKED
        for fee in row.fees
    ]
    apart = [-row.amount for row in rows if isinstance(row, AccountEvent) and row.type == "fee"]
    return sum((*in_fills, *apart), Decimal(0))


async def health_reason(desk: Desk, connection: Connection) -> str:
    return (await desk.connections.get(USER, connection.connection_id)).health.reason


# ------------------------------------------------------------------ windows


async def test_fills_on_the_first_and_the_last_day_come_once_each(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 1, day_end(YESTERDAY) - timedelta(minutes=1))
    book(desk, 1, NOW - desk.spec.first_window)
    await synced(desk, connection)
    desk.clock.advance(timedelta(days=1))
    await synced(desk, connection)
    assert len(await desk.log()) == 2


async def test_windows_overlap_by_ten_days_and_double_nothing(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 30, every=timedelta(days=1))
    await synced(desk, connection)
    desk.world.calls.clear()
    desk.clock.advance(timedelta(days=1))
    report = await synced(desk, connection)
    asked = [call.query["fd"] for call in desk.world.calls if call.path == SEND]
    assert asked == ["20260305", "20260319"]  # one report of the last days, today's confirmations
    assert (report.rows > 0, len(await desk.log())) == (True, 30)


async def test_one_request_for_activity_serves_accounts_history_and_positions() -> None:
    desk = open_desk(confirmed=False)
    connection = await desk.connect()
    book(desk, 2)
    await synced(desk, connection)
    desk.world.calls.clear()
    desk.clock.advance(timedelta(hours=1))
    await synced(desk, connection)
    assert steps(desk) == ["SendRequest", "GetStatement"]


async def test_a_report_in_progress_is_asked_for_again_and_never_sent_again(
    desk: Desk, connection: Connection
) -> None:
    await synced(desk, connection)
    desk.world.calls.clear()
    desk.clock.advance(timedelta(hours=1))
    desk.world.polls = 2
    at: list[datetime] = []
    desk.handle = lambda call: at.append(desk.clock.now()) or desk.world.handle(call)
    await synced(desk, connection)
    once = ["SendRequest", "GetStatement", "GetStatement", "GetStatement"]
    assert steps(desk) == once * 2  # activity and confirmations
    assert min(b - a for a, b in pairwise(at)) >= timedelta(seconds=1)


async def test_a_statement_that_is_not_out_yet_is_asked_for_a_weekday_earlier_once(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 1, NOW - timedelta(days=2))
    desk.world.late = 1
    report = await synced(desk, connection)
    assert (report.outcome, len(await desk.log())) == ("complete", 1)
    assert await desk.cursor_us() == to_micros(day_end(date(2026, 3, 16)))
    asked = [call.query["td"] for call in desk.world.calls if call.path == SEND]
    assert asked[:2] == ["20260317", "20260316"]


async def test_statements_that_are_later_still_are_left_for_an_hour(
    desk: Desk, connection: Connection
) -> None:
    desk.world.late = 3
    with pytest.raises(RateLimited):
        await desk.sync(connection)
    assert sent(desk) == 2
    desk.clock.advance(timedelta(minutes=59))
    assert (await desk.sync(connection)).outcome == "resting"
    desk.clock.advance(timedelta(minutes=1))
    desk.world.late = 0
    assert (await desk.sync(connection)).outcome == "complete"


async def test_a_report_that_covers_one_day_of_ten_moves_no_cursor_and_deletes_nothing(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 9, every=timedelta(days=1))
    await synced(desk, connection)
    before = await desk.cursor_us()
    desk.clock.advance(timedelta(days=1))
    book(desk, 1)
    desk.world.one_day = True
    report = await synced(desk, connection)
    assert (report.outcome, await desk.cursor_us()) == ("failed", before)
    assert "covers 2026-03-18 to 2026-03-18" in report.reason
    assert len(await desk.log()) == 10  # what it has is kept


async def test_an_account_younger_than_the_window_is_whole_from_its_opening(
    desk: Desk, connection: Connection
) -> None:
    account(desk).opened_on = YESTERDAY
    desk.world.one_day = True
    assert (await synced(desk, connection)).outcome == "complete"


# ------------------------------------------------------------- corrections


async def test_a_cancelled_fill_that_is_booked_anew_keeps_its_fees_and_not_its_quantity(
    desk: Desk, connection: Connection
) -> None:
    at = NOW - timedelta(days=1)
    terms: dict[str, Any] = {
        "price": Decimal("0.73"), "at": at, "category": "OPT", "multiplier": Decimal(100)
    }  # fmt: skip
    mine = account(desk)
    first = desk.world.fill(mine, OPTION, Decimal(2), commission=Decimal("-1.3666"), **terms)
    desk.world.cancel(mine, first, known_at=at)
    name = first.fields["ibExecID"].removesuffix("01") + "02"
    again = {"tradeID": first.fields["tradeID"], "ibExecID": name}
    desk.world.fill(mine, OPTION, Decimal(1), commission=Decimal("0.3333"), **again, **terms)
    desk.world.fill(mine, OPTION, Decimal(1), commission=Decimal("-0.3333"), **terms)
    await synced(desk, connection)
    rows = await stored(desk)
    assert (held_of(rows, OPTION), fees_of(rows)) == (2, Decimal("1.3666"))
    assert [r.execution_id for r in rows if r.status is RowStatus.BUSTED] == [
        first.fields["ibExecID"]
    ]


async def test_a_cancellation_that_comes_in_a_later_sync_takes_the_fill_back(
    desk: Desk, connection: Connection
) -> None:
    mine = account(desk)
    fill = desk.world.fill(mine, "CLF", Decimal(5), price=Decimal(12), at=NOW - timedelta(days=3))
    await synced(desk, connection)
    desk.clock.advance(timedelta(days=1))
    desk.world.cancel(mine, fill, known_at=desk.clock.now())
    await synced(desk, connection)
    rows = await stored(desk)
    assert (held_of(rows, "CLF"), fees_of(rows)) == (0, 1)


async def test_a_cancellation_of_a_fill_in_an_older_stretch_takes_it_back(
    desk: Desk, connection: Connection
) -> None:
    mine, at = account(desk), NOW - timedelta(days=40)
    fill = desk.world.fill(mine, "CLF", Decimal(5), price=Decimal(12), at=at)
    cancel = desk.world.cancel(mine, fill, known_at=NOW - timedelta(days=2))
    cancel.day = YESTERDAY
    await synced(desk, connection)
    assert held_of(await stored(desk), "CLF") == 0
    assert desk.unread() == []


async def test_a_cancellation_of_a_fill_that_was_never_read_stays_in_sight(
    desk: Desk, connection: Connection
) -> None:
    mine, at = account(desk), NOW - timedelta(days=400)
    fill = desk.world.fill(mine, "CLF", Decimal(5), price=Decimal(12), at=at)
    desk.world.cancel(mine, fill, known_at=NOW - timedelta(days=2)).day = YESTERDAY
    await synced(desk, connection)
    assert "which is not among the rows" in desk.unread()[0].reason


async def test_options_that_expire_and_are_exercised_are_flat_and_shares_are_there(
    desk: Desk, connection: Connection
) -> None:
    mine, at = account(desk), NOW - timedelta(days=5)
    call, put = "CLF   260316C00011500", "CLF   260316P00007500"
    for symbol in (call, put):
        desk.world.fill(
            mine, symbol, Decimal(4), price=Decimal("0.4"), at=at, category="OPT",
            multiplier=Decimal(100),
        )  # fmt: skip
    ended = NOW - timedelta(days=2)
    desk.world.end_option(mine, call, "Ex", at=ended, shares=Decimal(400))
    desk.world.end_option(mine, put, "Ep", at=ended)
    report = await synced(desk, connection)
    rows = await stored(desk)
    assert [held_of(rows, symbol) for symbol in (call, put, "CLF")] == [0, 0, 400]
    (shares,) = [row for row in rows if row.symbol == "CLF"]
    assert isinstance(shares, AccountEvent)
    assert (shares.type, shares.price) == ("delivery", Decimal("11.5"))
    assert report.accounts[0].ignored >= 3  # OptionEAE says the same again


# ------------------------------------------------------------ confirmations


async def test_a_fill_confirmed_today_is_the_statements_fill_tomorrow(
    desk: Desk, connection: Connection
) -> None:
    mine = account(desk)
    fill = desk.world.fill(mine, "CLF", Decimal(1), price=Decimal(12), at=NOW - MINUTE)
    await synced(desk, connection)
    (today,) = await stored(desk)
    fill.fields["ibCommission"] = "-0.35"  # the statement knows better
    desk.clock.advance(timedelta(days=1))
    await synced(desk, connection)
    (tomorrow,) = await stored(desk)
    assert isinstance(today, Execution)
    assert isinstance(tomorrow, Execution)
    assert (today.fees[0].amount, tomorrow.fees[0].amount) == (1, Decimal("0.35"))


async def test_what_is_only_confirmed_moves_no_cursor(desk: Desk, connection: Connection) -> None:
    book(desk, 1, NOW - MINUTE)
    report = await synced(desk, connection)
    assert (report.rows, await desk.cursor_us()) == (1, to_micros(day_end(YESTERDAY)))


async def test_without_a_query_of_confirmations_none_is_asked_for() -> None:
    desk = open_desk(confirmed=False)
    book(desk, 1)
    book(desk, 1, NOW - MINUTE)
    report = await synced(desk, await desk.connect())
    assert (report.outcome, report.rows) == ("complete", 1)
    assert {call.query["q"] for call in desk.world.calls if call.path == SEND} == {"900001"}


async def test_confirmations_that_are_not_there_hold_up_no_statement(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 2)
    desk.world.fails_with = ["", "", "1003"]
    report = await synced(desk, connection)
    assert (report.outcome, report.rows) == ("complete", 2)


async def test_a_statement_and_its_confirmations_of_one_fill_revise_nothing_again(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 1, NOW - MINUTE)
    await synced(desk, connection)
    before = await desk.log()
    desk.clock.advance(timedelta(hours=1))
    await synced(desk, connection)
    assert await desk.log() == before


async def test_an_evenings_future_is_confirmed_and_not_missed_in_positions(
    desk: Desk, connection: Connection
) -> None:
    evening = datetime(2026, 3, 17, 22, 30, tzinfo=UTC)  # half past six in New York
    desk.world.fill(
        account(desk), "MNQM6", Decimal(1), price=Decimal(24000), at=evening, category="FUT",
        multiplier=Decimal(2),
    )  # fmt: skip
    await synced(desk, connection)
    where = {"account_key": (await desk.one("accounts")).key.id}
    told = await desk.one("position_reports", order_by="at_us", **where)
    assert len(await desk.log()) == 1
    assert told.body["at_us"] < to_micros(evening)  # the statement's day had ended for futures


# ------------------------------------------------------------------ errors


async def test_a_token_that_expires_midway_keeps_what_was_read_and_needs_a_new_one(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 3)
    await synced(desk, connection)
    before = (await desk.log(), await desk.cursor_us())
    desk.clock.advance(timedelta(days=1))
    desk.world._tokens[TOKEN].expired = True
    report = await desk.sync(connection)
    assert (report.outcome, (await desk.log(), await desk.cursor_us())) == ("needs_reauth", before)
    assert "a new token is needed" in await health_reason(desk, connection)


async def test_a_lock_out_is_met_by_one_request_and_twelve_hours_of_silence(
    desk: Desk, connection: Connection
) -> None:
    desk.world._tokens[TOKEN].locked_until = NOW + timedelta(hours=2)
    with pytest.raises(RateLimited):
        await desk.sync(connection)
    assert (steps(desk), await desk.health(connection)) == (["SendRequest"], "throttled")
    assert "nothing is configured wrongly" in await health_reason(desk, connection)
    for _ in range(11):
        desk.clock.advance(timedelta(hours=1))
        assert (await desk.sync(connection)).outcome == "resting"
    assert len(desk.world.calls) == 1
    desk.clock.advance(timedelta(hours=1))
    assert (await desk.sync(connection)).outcome == "complete"


async def test_a_token_that_is_throttled_waits_and_stays_under_ten_a_minute(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 1)
    desk.world._tokens[TOKEN].asked = [NOW] * 10  # by another program with this token
    at: list[datetime] = []
    desk.handle = lambda call: at.append(desk.clock.now()) or desk.world.handle(call)
    assert (await synced(desk, connection)).rows == 1
    for begin in at:
        assert sum(begin <= one < begin + timedelta(minutes=1) for one in at) <= 10


async def test_a_report_that_cannot_be_made_now_is_not_requested_again_within_the_hour(
    desk: Desk, connection: Connection
) -> None:
    desk.world.fails_with = ["1001"]
    with pytest.raises(RateLimited):
        await desk.sync(connection)
    desk.clock.advance(timedelta(minutes=59))
    await desk.sync(connection)
    assert (steps(desk), desk.pages()) == (["SendRequest"], [])


@pytest.mark.parametrize(
    "fault",
    [
        lambda _, __: xml("<html><p>We are sorry, our services are unavailable.</p></html>", 500),
        lambda _, __: xml("<html><p>Maintenance</p></html>"),
        lambda _, answered: Answer(200, answered.body[: len(answered.body) // 2]),
    ],
    ids=["HTML with 500", "HTML with 200", "truncated XML"],
)
async def test_an_outage_is_asked_a_few_times_and_writes_nothing(
    desk: Desk, connection: Connection, fault: faults.Fault
) -> None:
    book(desk, 3)
    desk.world.faults.plan(fault, path=GET, times=99)
    with pytest.raises(UpstreamUnavailable):
        await desk.sync(connection)
    assert (desk.pages(), sent(desk) <= 6) == ([], True)


async def test_the_address_in_an_answer_is_never_followed(
    desk: Desk, connection: Connection
) -> None:
    desk.world.url = "https://evil.example/AccountManagement/FlexWebService/GetStatement"
    assert (await synced(desk, connection)).outcome == "complete"
    assert {call.host for call in desk.world.calls} == {"ndcdyn.interactivebrokers.com"}


async def test_a_document_type_is_refused_at_once(desk: Desk, connection: Connection) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><FlexQueryResponse type="AF">&a;</FlexQueryResponse>'
    desk.world.faults.plan(lambda _, __: xml(bomb), path=GET, times=99)
    report = await desk.sync(connection)
    assert (report.outcome, steps(desk)) == ("failed", ["SendRequest", "GetStatement"])


async def test_a_token_that_can_be_none_is_refused_before_anything_is_sent(desk: Desk) -> None:
    connection = await desk.connect(token="my token")
    assert ((await desk.sync(connection)).outcome, desk.world.calls) == ("needs_reauth", [])


async def test_blanks_around_a_token_are_no_part_of_it(desk: Desk) -> None:
    assert (await desk.sync(await desk.connect(token=f" {TOKEN}\n"))).outcome == "complete"


# ------------------------------------------------------------------- query


async def test_a_test_of_the_login_names_columns_that_the_query_lacks(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 1)
    desk.world.omitted = {"Trade.ibExecID", "OpenPosition.levelOfDetail"}
    with pytest.raises(InvalidInput) as caught:
        await desk.syncing().test(USER, connection.connection_id)
    assert set(caught.value.expected) == {"Trade.ibExecID", "OpenPosition.levelOfDetail"}
    assert "add OpenPosition.levelOfDetail, Trade.ibExecID" in str(caught.value)


async def test_a_query_without_the_accounts_currency_is_named(
    desk: Desk, connection: Connection
) -> None:
    desk.world.omitted = {"AccountInformation"}
    assert "add Account Information with its Currency" in (await desk.sync(connection)).reason


async def test_positions_that_the_query_does_not_give_are_unknown_and_not_none(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 1)
    desk.world.omitted = {"OpenPositions"}
    assert (await desk.sync(connection)).outcome == "complete"
    where = {"account_key": (await desk.one("accounts")).key.id}
    query = Query("position_reports", (USER,), where=where, order_by="at_us")
    assert not (await desk.documents.scan(query)).documents


async def test_mixed_up_queries_are_told(desk: Desk) -> None:
    connection = await desk.connect(query_id="900002", confirmations_query_id="900001")
    with pytest.raises(ContractBroken, match="mixed up"):
        await desk.syncing().test(USER, connection.connection_id)


async def test_two_accounts_with_equal_ids_of_trades_are_two_logs(
    desk: Desk, connection: Connection
) -> None:
    other = desk.world.add_account(desk.world._tokens[TOKEN], "DU2222222")
    for one in (account(desk), other):
        fill = desk.world.fill(one, "CLF", Decimal(1), price=Decimal(12), at=NOW - timedelta(2))
        fill.fields["ibExecID"] = "00025b44.6a6836df.01.01"
    await synced(desk, connection)
    assert len(await desk.log()) == 2
