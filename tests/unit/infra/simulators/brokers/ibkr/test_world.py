"""The simulator is held to IBKR's documents, so that it is not our own opinion of itself."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from infra.simulators.brokers.ibkr.account import Account
from infra.simulators.brokers.ibkr.world import IbkrWorld
from infra.simulators.brokers.wire import Answer, Call
from tests.twins.manual_clock import ManualClock

NOW = datetime(2026, 9, 28, 14, 37, tzinfo=UTC)  # a Monday
SERVICE = "/AccountManagement/FlexWebService/"
OPTION = "CLF   260918C00011500"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def world(clock: ManualClock) -> IbkrWorld:
    return IbkrWorld(clock.now)


@pytest.fixture
def account(world: IbkrWorld) -> Account:
    return world.add_account(world.add_token("123", "456", "789"), "DU1111111")


def ask(
    world: IbkrWorld,
    clock: ManualClock,
    step: str,
    q: str = "456",
    *,
    after_s: float = 7,  # within the limits, unless a test is about them
    **more: str,
) -> Answer:
    clock.advance(after_s)
    headers = {"user-agent": "Java"}
    return world.handle(
        Call(
            "GET", "127.0.0.1", f"{SERVICE}{step}", {"t": "123", "q": q, "v": "3", **more}, headers
        )
    )


def text(answered: Answer, name: str) -> str:
    found = re.search(f"<{name}>(.*?)</{name}>", answered.body.decode())
    return found[1] if found else ""


def code(answered: Answer) -> str:
    assert answered.status == 200
    return text(answered, "ErrorCode")


def fetch(world: IbkrWorld, clock: ManualClock, q: str = "456", **days: str) -> str:
    reference = text(ask(world, clock, "SendRequest", q, **days), "ReferenceCode")
    return ask(world, clock, "GetStatement", reference).body.decode()


def buy(world: IbkrWorld, account: Account, symbol: str = "CLF", **more: object) -> None:
    terms = {"price": Decimal(12), "at": NOW - timedelta(days=4), **more}
    world.fill(account, symbol, Decimal(4), **terms)  # type: ignore[arg-type]  # fields of fill


def rows(document: str, name: str) -> list[str]:
    return re.findall(f"<{name} [^>]*/>", document)


def test_an_answer_has_what_ibflex_reads_and_nothing_else(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    body = ask(world, clock, "SendRequest").body.decode()
    assert re.findall("<([A-Z]\\w*)", body) == [
        "FlexStatementResponse", "Status", "ReferenceCode", "Url"
    ]  # fmt: skip
    assert "timestamp='28 September, 2026 10:37 AM EDT'" in body


def test_a_report_is_in_progress_as_often_as_it_is_told(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    world.polls = 2
    reference = text(ask(world, clock, "SendRequest"), "ReferenceCode")
    codes = [code(ask(world, clock, "GetStatement", reference)) for _ in range(3)]
    assert codes == ["1019", "1019", ""]


def test_both_ends_of_the_days_are_included(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    buy(world, account)  # on the 24th
    for days in (("20260924", "20260925"), ("20260920", "20260924")):
        assert len(rows(fetch(world, clock, fd=days[0], td=days[1]), "Trade")) == 1
    assert rows(fetch(world, clock, fd="20260925", td="20260925"), "Trade") == []


def test_without_days_a_report_has_one_day_whatever_the_query_says(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    assert 'fromDate="20260925" toDate="20260925"' in fetch(world, clock)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ({"fd": "20250925", "td": "20260925"}, ""),
        ({"fd": "20250924", "td": "20260925"}, "1020"),
        ({"fd": "20260901"}, "1020"),
        ({"fd": "20260902", "td": "20260901"}, "1020"),
        ({"fd": "01.09.2026", "td": "20260925"}, "1020"),
        ({"fd": "20260901", "td": "20260928"}, "1003"),
    ],
)
def test_days_are_checked(
    world: IbkrWorld, clock: ManualClock, account: Account, days: dict[str, str], expected: str
) -> None:
    assert code(ask(world, clock, "SendRequest", **days)) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [({"t": "9"}, "1015"), ({"q": "9"}, "1014"), ({"v": "2"}, "1020")],
)
def test_a_wrong_login_is_told_by_its_code(
    world: IbkrWorld, clock: ManualClock, account: Account, asked: dict[str, str], expected: str
) -> None:
    assert code(ask(world, clock, "SendRequest", **asked)) == expected


def test_a_reference_that_was_never_given_is_refused(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    assert code(ask(world, clock, "GetStatement", "1")) == "1017"


def test_who_does_not_say_what_it_is_finds_no_service(world: IbkrWorld) -> None:
    call = Call("GET", "127.0.0.1", f"{SERVICE}SendRequest", {"t": "123", "v": "3"}, {})
    assert world.handle(call).status == 403


def test_a_token_is_asked_once_a_second_and_ten_times_a_minute(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    def codes(*pauses: float) -> list[str]:
        return [code(ask(world, clock, "SendRequest", after_s=s)) for s in pauses]

    assert codes(1, 0.5) == ["", "1018"]
    assert codes(60, *[1] * 9) == [""] * 10
    assert codes(1, 60) == ["1018", ""]


def test_failures_in_a_row_lock_out_and_asking_prolongs_it(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    world.fails_with = ["1001"] * 5
    for _ in range(5):
        assert code(ask(world, clock, "SendRequest")) == "1001"
    assert code(ask(world, clock, "SendRequest")) == "1025"
    clock.advance(timedelta(hours=11, minutes=59))
    assert code(ask(world, clock, "SendRequest")) == "1025"
    clock.advance(timedelta(hours=11))
    assert code(ask(world, clock, "SendRequest")) == "1025"
    clock.advance(timedelta(hours=12))
    assert code(ask(world, clock, "SendRequest")) == ""


def test_confirmations_have_today_alone(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    buy(world, account)
    buy(world, account, at=NOW - timedelta(hours=1))
    found = rows(fetch(world, clock, "789", fd="20260901", td="20260928"), "TradeConfirm")
    assert len(found) == 1
    assert 'dateTime="20260928;093700"' in found[0]


def test_confirmations_come_some_minutes_after_the_fill(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    world.confirmed_after = timedelta(minutes=10)
    buy(world, account, at=NOW)
    assert rows(fetch(world, clock, "789"), "TradeConfirm") == []
    clock.advance(timedelta(minutes=10))
    assert len(rows(fetch(world, clock, "789"), "TradeConfirm")) == 1


def test_an_evenings_future_belongs_to_the_next_weekdays_statement(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    friday = datetime(2026, 9, 25, 22, 30, tzinfo=UTC)
    for category, multiplier in (("FUT", Decimal(2)), ("STK", Decimal(1))):
        buy(world, account, category, at=friday, category=category, multiplier=multiplier)
    (found,) = rows(fetch(world, clock, fd="20260925", td="20260925"), "Trade")
    assert 'assetCategory="STK"' in found


def test_a_cancellation_has_the_shape_of_the_sample(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    at = NOW - timedelta(days=4)
    fill = world.fill(account, "CLF", Decimal(2), price=Decimal(12), at=at)
    world.cancel(account, fill, known_at=at)
    _, found = rows(fetch(world, clock, fd="20260924", td="20260924"), "Trade")
    for told in (
        'tradeID=""', 'ibExecID=""', 'quantity="-2"', 'notes="Ca"', 'buySell="BUY (Ca.)"',
        f'origTradeID="{fill.fields["tradeID"]}"', 'ibCommission="0"',
    ):  # fmt: skip
        assert told in found


def test_an_exercise_is_told_twice_and_moves_options_and_shares_once(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    at = NOW - timedelta(days=10)
    buy(world, account, OPTION, at=at, category="OPT", multiplier=Decimal(100))
    world.end_option(account, OPTION, "Ex", at=at, shares=Decimal(400))
    document = fetch(world, clock, fd="20260914", td="20260925")
    assert (len(rows(document, "Trade")), len(rows(document, "OptionEAE"))) == (3, 2)
    assert world.positions(account) == {"CLF": 400}


def test_positions_come_as_sums_and_as_lots(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    buy(world, account)
    found = rows(fetch(world, clock), "OpenPosition")
    assert [re.findall('position="(\\d+)".*Detail="(\\w+)"', row) for row in found] == [
        [("4", "SUMMARY")],
        [("4", "LOT")],
    ]


def test_cash_is_told_for_the_base_and_for_each_currency(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    buy(world, account)
    day = (NOW - timedelta(days=4)).date()
    world.row(account, "CashTransactions", "CashTransaction", day, type="Dividends", amount="10")
    found = rows(fetch(world, clock), "CashReportCurrency")
    assert [re.findall('currency="(\\w+)" endingCash="([\\d.]+)"', row)[0] for row in found] == [
        ("BASE_SUMMARY", "99961"),
        ("USD", "99961"),
    ]


def test_columns_and_sections_can_be_left_out(
    world: IbkrWorld, clock: ManualClock, account: Account
) -> None:
    buy(world, account)
    world.omitted = {"Trade.ibExecID", "CashReport"}
    document = fetch(world, clock, fd="20260924", td="20260924")
    assert ("ibExecID" in document, "<CashReport>" in document) == (False, False)
