import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.alpaca.rows import (
    booked_at,
    booked_on,
    fill_progress,
    parse_activity,
    read_accounts,
    read_holdings,
)
from shared.brokers.alpaca.spec import SPEC
from shared.brokers.spec import BrokerAccount, Holdings, Request, Window
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    RowStatus,
    Side,
)
from shared.domain.ids import RowKey
from shared.domain.journal.book import build_book
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "alpaca"
ACCOUNT = BrokerAccount("a-1", "PA1", "USD")
FILL: dict[str, Any] = {
    "id": "20260313093001120::0b7c2f5e",
    "activity_type": "FILL",
    "transaction_time": "2026-03-13T13:30:01.120482Z",
    "type": "fill",
    "price": "178.21",
    "qty": "60",
    "side": "buy",
    "symbol": "AAPL",
    "leaves_qty": "0",
    "order_id": "o-1",
    "cum_qty": "60",
}
FEE: dict[str, Any] = {
    "id": "20260314000000000::aa11",
    "activity_type": "FEE",
    "activity_sub_type": "REG",
    "date": "2026-03-13",
    "created_at": "2026-03-14T06:05:11.120001Z",
    "net_amount": "-0.04",
    "status": "executed",
}


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / name).read_bytes())


def test_a_fill_of_the_samples_is_read_whole() -> None:
    parsed = parse_activity(sample("activities_fill_page1.json")[0], ACCOUNT)
    assert parsed.row == Execution(
        execution_id="20260313093001120::0b7c2f5e-1d52-4a77-8f0a-5a1f6d1c0001",
        order_id="7e1f00aa-0000-4000-8000-000000000401",
        symbol="AAPL",
        root="AAPL",
        asset_class="equity",
        side=Side.BUY,
        quantity=Decimal(60),
        price=Decimal("178.21"),
        currency="USD",
        executed_at=parse_instant("2026-03-13T13:30:01.120482Z"),
    )


def test_a_short_sale_of_older_rows_is_a_sale() -> None:
    row = parse_activity(sample("activities_fill_page1.json")[2], ACCOUNT).row
    assert isinstance(row, Execution)
    assert row.side is Side.SELL


def test_an_option_is_a_hundred_shares_of_its_underlying() -> None:
    row = parse_activity(sample("activities_fill_page2.json")[0], ACCOUNT).row
    assert isinstance(row, Execution)
    assert (row.asset_class, row.symbol, row.root, row.multiplier, row.price) == (
        "option",
        "AAPL260417C00180000",
        "AAPL",
        Decimal(100),
        Decimal("2.35"),
    )


def test_a_coin_is_priced_in_the_currency_of_its_pair() -> None:
    row = parse_activity(sample("activities_fill_page2.json")[1], ACCOUNT).row
    assert isinstance(row, Execution)
    assert (row.asset_class, row.symbol, row.root, row.currency) == (
        "crypto",
        "ETH/USD",
        "ETH/USD",
        "USD",
    )
    other = parse_activity({**FILL, "symbol": "ETH/BTC"}, ACCOUNT).row
    assert other.currency == "BTC"


def test_an_adjusted_option_is_not_taken_for_a_standard_one() -> None:
    with pytest.raises(UnparseableRow, match="contract size"):
        parse_activity({**FILL, "symbol": "AAPL1260417C00180000"}, ACCOUNT)


def test_every_non_trade_sample_is_read() -> None:
    rows = [parse_activity(raw, ACCOUNT).row for raw in sample("activities_non_trade.json")]
    events = [row for row in rows if isinstance(row, AccountEvent)]
    assert [(e.subtype, e.symbol, e.quantity, e.price) for e in events] == [
        ("REG", None, None, None),
        ("TAF", None, None, None),
        ("CFEE", "ETH/USD", Decimal("-0.000974051"), Decimal("2104.55")),
        ("OPASN", "AAPL260417C00180000", Decimal(2), Decimal(0)),
        ("OPTRD", "AAPL", Decimal(-200), Decimal(180)),
        ("OPEXP", "SPY260417P00400000", Decimal(-1), Decimal(0)),
    ]


def option_row(kind: str, **fields: str) -> dict[str, Any]:
    rows = {raw["activity_type"]: raw for raw in sample("activities_non_trade.json")}
    return {**rows[kind], **fields}


@pytest.mark.parametrize(("kind", "quantity"), [("OPASN", 2), ("OPEXC", -2)])
@pytest.mark.parametrize("sign", ["", "-"])
def test_what_an_option_row_closes_follows_from_its_kind_not_from_its_sign(
    kind: str, quantity: int, sign: str
) -> None:
    raw = option_row("OPASN", activity_type=kind, qty=f"{sign}2")
    row = parse_activity(raw, ACCOUNT).row
    assert isinstance(row, AccountEvent)
    assert row.quantity == quantity


def test_the_rows_of_an_assignment_may_share_an_id_and_stay_two() -> None:
    option, shares = (option_row(kind, id="same") for kind in ("OPASN", "OPTRD"))
    first, second = (parse_activity(raw, ACCOUNT).identity for raw in (option, shares))
    assert first != second


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("OPASN", {"symbol": "AAPL"}),
        ("OPTRD", {"symbol": "AAPL260417C00180000"}),
        ("OPTRD", {"price": ""}),
        ("OPEXP", {"qty": "x"}),
        ("CFEE", {"qty": "1"}),
        ("CFEE", {"symbol": "ETHEUR"}),
    ],
)
def test_a_row_that_moves_something_else_than_its_kind_does_is_kept_raw(
    kind: str, fields: dict[str, str]
) -> None:
    with pytest.raises(UnparseableRow):
        parse_activity(option_row(kind, **fields), ACCOUNT)


@pytest.mark.parametrize("kind", ["SPIN", "MA", "OPCSH"])
def test_a_row_that_moves_positions_in_ways_that_are_not_read_is_named(kind: str) -> None:
    with pytest.raises(UnparseableRow, match="not read yet"):
        parse_activity({**FEE, "activity_type": kind}, ACCOUNT)


def test_an_option_ends_after_the_fills_of_its_last_day() -> None:
    row = parse_activity(option_row("OPEXP"), ACCOUNT).row
    assert row.occurred_at == parse_instant("2026-04-17T23:59:00Z")


def test_a_coin_is_held_under_the_name_that_its_fills_have() -> None:
    position = {"symbol": "ETHUSD", "asset_class": "crypto", "qty": "0.5"}
    (found,) = held([position]).positions
    assert (found.symbol, found.asset_class) == ("ETH/USD", "crypto")


def test_a_fee_belongs_to_its_trading_day_and_costs() -> None:
    row = parse_activity(FEE, ACCOUNT).row
    assert isinstance(row, AccountEvent)
    assert (row.type, row.effective_on, row.amount) == (
        EventType.FEE,
        date(2026, 3, 13),
        Decimal("-0.04"),
    )


def test_rows_of_two_types_may_share_an_id_and_stay_two() -> None:
    other = {**FEE, "activity_type": "DIV", "symbol": "SPY"}
    assert parse_activity(FEE, ACCOUNT).identity != parse_activity(other, ACCOUNT).identity


def test_a_cancelled_row_keeps_its_identity_and_is_busted() -> None:
    cancelled = parse_activity({**FEE, "status": "canceled"}, ACCOUNT)
    assert cancelled.identity == parse_activity(FEE, ACCOUNT).identity
    assert cancelled.row.status is RowStatus.BUSTED


def test_a_type_that_nobody_knows_is_not_dropped() -> None:
    with pytest.raises(UnparseableRow, match="'NEWTYPE' is not known"):
        parse_activity({**FEE, "activity_type": "NEWTYPE"}, ACCOUNT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("qty", "abc"),
        ("qty", "-1"),
        ("qty", "0"),
        ("qty", 1.5),
        ("qty", "1e999999999"),
        ("price", None),
        ("price", "Infinity"),
        ("side", "hold"),
        ("symbol", ""),
        ("symbol", "\ud800"),
        ("id", "\ud800"),
        ("order_id", {}),
        ("id", None),
        ("transaction_time", "yesterday"),
        ("transaction_time", "2026-03-13T13:30:01"),
        ("transaction_time", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_a_fill_with_a_wrong_field_is_unparseable(field: str, value: Any) -> None:
    with pytest.raises(UnparseableRow):
        parse_activity({**FILL, field: value}, ACCOUNT)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_no_json_value_at_all_breaks_the_reading_of_rows(raw: Any) -> None:
    with suppress(UnparseableRow):
        parse_activity(raw, ACCOUNT)
    booked_at(raw), booked_on(raw), fill_progress(raw)


@given(
    st.sampled_from([FILL, FEE]),
    st.dictionaries(st.sampled_from(sorted({*FILL, *FEE, "symbol", "currency"})), JSON),
)
def test_no_spoiled_row_breaks_the_reading_of_rows(row: Any, spoilt: dict[str, Any]) -> None:
    raw = {**row, **spoilt}
    with suppress(UnparseableRow):
        parse_activity(raw, ACCOUNT).row.model_dump_json()
    booked_at(raw), booked_on(raw), fill_progress(raw)


@given(
    st.decimals(min_value="0.000000001", max_value="1e12", places=9),
    st.decimals(min_value="0.0001", max_value="1e7", places=4),
)
def test_quantities_and_prices_keep_every_digit(quantity: Decimal, price: Decimal) -> None:
    raw = {**FILL, "qty": format(quantity, "f"), "price": format(price, "f")}
    row = parse_activity(json.loads(json.dumps(raw)), ACCOUNT).row
    assert isinstance(row, Execution)
    assert (row.quantity, row.price) == (quantity, price)


def test_a_row_is_booked_when_it_was_created_never_by_its_id() -> None:
    assert booked_at(FEE) == parse_instant("2026-03-14T06:05:11.120001Z")
    assert booked_at({"id": "20260417000000000::aa11", "date": "2026-04-17"}) is None


def test_a_fill_after_new_york_midnight_belongs_to_the_new_day() -> None:
    assert booked_on({**FILL, "transaction_time": "2026-03-14T04:30:00Z"}) == date(2026, 3, 14)
    assert booked_on({**FILL, "transaction_time": "2026-03-14T03:30:00Z"}) == date(2026, 3, 13)


def test_the_sample_account_is_read() -> None:
    (account,) = read_accounts(sample("account.json"))
    assert (account.number, account.currency) == ("PA3DAYBIAS01", "USD")


def held(positions: Any) -> Holdings:
    return read_holdings((sample("account.json"), positions), ACCOUNT)


def test_cash_is_the_accounts() -> None:
    assert held([]) == Holdings(Decimal("81250.44"), ())


def test_short_positions_are_negative() -> None:
    found = {p.symbol: p.quantity for p in held(sample("positions.json")).positions}
    assert found == {"AAPL": Decimal(100), "NVDA": Decimal(-10)}


@pytest.mark.parametrize("body", [{}, None, [1], [{"symbol": "SPY"}], "x"])
def test_positions_of_another_shape_break_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        held(body)


@pytest.mark.parametrize("body", [{}, None, [], {"id": "a", "account_number": "b"}])
def test_an_account_of_another_shape_breaks_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read_accounts(body)


async def test_a_window_is_asked_for_with_a_margin_on_both_sides() -> None:
    asked: list[Request] = []

    async def ask(request: Request) -> list[Any]:
        asked.append(request)
        return []

    since, until = (parse_instant(f"2026-03-1{d}T14:00:00.5Z") for d in (3, 6))
    async for _ in SPEC.history[0].walk(ask, ACCOUNT, Window(since, until)):
        pass
    params = asked[0].params
    assert (params["after"], params["until"]) == ("2026-03-13T13:59:59Z", "2026-03-16T14:00:02Z")


def units_row(kind: str, name: str, quantity: str, symbol: str = "SF", **more: str) -> AccountEvent:
    row = {
        "id": name,
        "activity_type": kind,
        "date": "2026-02-27",
        "net_amount": "0",
        "symbol": symbol,
        "qty": quantity,
        "price": "62.32",
        "status": "executed",
    }
    parsed = parse_activity({**row, **more}, ACCOUNT).row
    assert isinstance(parsed, AccountEvent)
    return parsed


def bought(quantity: str) -> Execution:
    return Execution(
        execution_id="b",
        symbol="SF",
        root="SF",
        asset_class=AssetClass.EQUITY,
        side=Side.BUY,
        quantity=Decimal(quantity),
        price=Decimal(60),
        currency="USD",
        executed_at=parse_instant("2026-02-26T15:00:00Z"),
    )


@pytest.mark.parametrize(
    "changes",
    [(("1", "-10"), ("2", "15")), (("2", "-10"), ("1", "15")), (("1", "5"),)],
    ids=["out and in", "in and out", "the change alone"],
)
def test_a_split_keeps_the_cost_of_what_is_held(changes: tuple[tuple[str, str], ...]) -> None:
    rows = [units_row("SPLIT", name, quantity) for name, quantity in changes]
    log = [(RowKey(row.event_id), row) for row in rows]
    book = build_book("SF", [(RowKey("b"), bought("10")), *log])
    (held,) = book.positions
    assert (held.quantity, held.cost, book.unapplied) == (15, 600, 0)


def test_a_split_applies_before_the_trades_of_its_day() -> None:
    created = {"created_at": "2026-02-27T17:00:00Z"}
    assert units_row("SPLIT", "1", "5", **created).occurred_at == parse_instant(
        "2026-02-27T05:00:00Z"
    )


@pytest.mark.parametrize("kind", ["JNLS", "ACATS"])
def test_shares_that_are_transferred_in_have_no_known_cost(kind: str) -> None:
    row = units_row(kind, "1", "5")
    assert (row.type, row.quantity, row.price) == (EventType.TRANSFER, 5, None)


def test_the_halves_of_a_new_name_are_of_one_action_if_they_say_so() -> None:
    halves = [
        units_row("NC", "1", "-5", symbol="OLD", group_id="g"),
        units_row("NC", "2", "5", symbol="NEW", group_id="g"),
    ]
    assert {(row.type, row.action_id) for row in halves} == {(EventType.RENAME, "g")}


def test_units_that_neither_come_nor_go_are_kept_raw() -> None:
    with pytest.raises(UnparseableRow, match="come or go"):
        units_row("SPLIT", "1", "0")
