from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.brokers.oanda.account import asset_class_of, root_of
from shared.brokers.oanda.rows import booked_at, booked_on, parse_transaction
from shared.brokers.spec import BrokerAccount, Ignored, ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AccountEvent, AssetClass, EventType, Execution, Fee, Side
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "oanda"
ACCOUNT = BrokerAccount("101-004-9990417-001", "101-004-9990417-001", "USD")


def sample(name: str) -> list[Any]:
    found: list[Any] = loads_exact((SAMPLES / name).read_bytes())["transactions"]
    return found


ROWS = [*sample("idrange_page1.json"), *sample("idrange_page2.json")]
OPENED, REVERSED, REDUCED, FRACTION, FINANCING = ROWS
DIVIDEND = {
    "id": "7000",
    "time": "2026-03-20T20:00:00.000000000Z",
    "type": "DIVIDEND_ADJUSTMENT",
    "instrument": "US30_USD",
    "dividendAdjustment": "3.1400",
}
TRANSFER = {
    "id": "2",
    "time": "2026-03-01T12:00:00.000000000Z",
    "type": "TRANSFER_FUNDS",
    "amount": "-100.5",
    "fundingReason": "CLIENT_FUNDING",
    "comment": "rent",
}


def parsed(raw: Any) -> tuple[ParsedRow, ...]:
    found = parse_transaction(raw, ACCOUNT)
    assert not isinstance(found, Ignored)
    return found


def executions(raw: Any) -> list[Execution]:
    return [one.row for one in parsed(raw) if isinstance(one.row, Execution)]


def events(raw: Any) -> list[AccountEvent]:
    return [one.row for one in parsed(raw) if isinstance(one.row, AccountEvent)]


def test_a_fill_of_the_samples_is_read_whole() -> None:
    (fill,) = executions(OPENED)
    assert fill == Execution(
        execution_id="6411",
        order_id="6410",
        symbol="EUR_USD",
        root="EURUSD",
        asset_class=AssetClass.FX,
        side=Side.BUY,
        quantity=Decimal(10000),
        price=Decimal("1.08541"),
        currency="USD",
        executed_at=parse_instant("2026-03-13T13:30:01.123456Z"),
    )


def test_a_fill_that_closes_and_opens_is_one_execution() -> None:
    (fill,) = executions(REVERSED)
    assert (fill.side, fill.quantity, fill.price) == (Side.SELL, Decimal(15000), Decimal("1.087"))


def test_what_a_fill_settled_is_kept_in_the_account_s_currency() -> None:
    settled = {event.subtype: (event.type, event.amount) for event in events(REVERSED)}
    assert settled == {
        "realized_pl": (EventType.CASH, Decimal("15.9000")),
        "financing": (EventType.FINANCING, Decimal("-0.1519")),
    }


def test_a_settlement_in_the_evening_belongs_to_the_next_trading_day() -> None:
    late = {**REVERSED, "time": "2026-03-12T21:30:00.000000000Z"}  # 17:30 in New York
    assert {event.effective_on for event in events(late)} == {date(2026, 3, 13)}


def test_commission_and_guarantee_are_costs_in_the_account_s_currency() -> None:
    (fill,) = executions({**REDUCED, "guaranteedExecutionFee": "0.5"})
    assert fill.fees == (
        Fee(amount=Decimal("1.2"), currency="USD"),
        Fee(amount=Decimal("0.5"), currency="USD"),
    )


def test_a_price_is_in_the_quote_currency_and_its_costs_are_not() -> None:
    (fill,) = executions({**REDUCED, "instrument": "USD_JPY"})
    assert (fill.currency, fill.fees[0].currency) == ("JPY", "USD")


def test_a_fraction_of_a_unit_keeps_its_digits_and_its_direction() -> None:
    (fill,) = executions(FRACTION)
    assert (fill.side, fill.quantity, fill.asset_class) == (
        Side.SELL,
        Decimal("0.5"),
        AssetClass.CFD,
    )


def test_legs_of_different_prices_are_executions_of_their_own() -> None:
    guaranteed = {**REVERSED["tradesClosed"][0], "price": "1.08650"}
    fills = executions({**REVERSED, "tradesClosed": [guaranteed], "commission": "1"})
    assert [(f.execution_id, f.quantity, f.price, len(f.fees)) for f in fills] == [
        ("6420:6411", Decimal(10000), Decimal("1.0865"), 1),
        ("6420:6420", Decimal(5000), Decimal("1.087"), 0),
    ]


def test_the_price_of_a_leg_outweighs_the_deprecated_one() -> None:
    (fill,) = executions({**OPENED, "price": "9.99"})
    assert fill.price == Decimal("1.08541")


def test_an_old_fill_without_legs_has_its_own_price() -> None:
    (fill,) = executions({k: v for k, v in OPENED.items() if k != "tradeOpened"})
    assert fill.price == Decimal("1.08541")


def test_legs_that_do_not_add_up_are_not_guessed_at() -> None:
    with pytest.raises(UnparseableRow, match="the legs have -15000 of -14000"):
        parse_transaction({**REVERSED, "units": "-14000"}, ACCOUNT)


def test_two_fills_of_one_order_stay_two() -> None:
    again = {**OPENED, "id": "6412"}
    identities = {one.identity for raw in (OPENED, again) for one in parsed(raw)}
    assert identities == {("6411",), ("6412",)}


def test_the_rollover_is_financing_a_position_and_no_trade() -> None:
    rows = events(FINANCING)
    assert {(e.root, e.type): e.amount for e in rows} == {
        ("EURUSD", EventType.FINANCING): Decimal("-0.0727"),
        ("DE30EUR", EventType.FINANCING): Decimal("-0.24"),
    }
    assert executions(FINANCING) == []


def test_the_rollover_belongs_to_the_day_that_it_ends() -> None:
    assert {event.effective_on for event in events(FINANCING)} == {date(2026, 3, 13)}


def test_financing_that_is_not_shared_out_is_not_lost() -> None:
    rest = [e for e in events({**FINANCING, "financing": "-0.4"}) if e.symbol is None]
    assert [event.amount for event in rest] == [Decimal("-0.0873")]


def test_a_night_that_cost_nothing_is_a_row_of_zero() -> None:
    (event,) = events({**FINANCING, "financing": "0.0000", "positionFinancings": []})
    assert (event.amount, event.symbol) == (0, None)


def test_a_dividend_adjustment_is_a_dividend_of_its_instrument() -> None:
    (event,) = events(DIVIDEND)
    assert (event.type, event.root, event.amount) == (
        EventType.DIVIDEND,
        "US30USD",
        Decimal("3.14"),
    )


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("CLIENT_FUNDING", EventType.CASH),
        ("ADJUSTMENT", EventType.CASH),
        ("ACCOUNT_TRANSFER", EventType.TRANSFER),
    ],
)
def test_money_that_moves_is_cash_or_a_transfer(reason: str, kind: EventType) -> None:
    (event,) = events({**TRANSFER, "fundingReason": reason})
    assert (event.type, event.subtype, event.amount) == (kind, reason, Decimal("-100.5"))


def test_amounts_less_fees_are_the_change_of_the_balance() -> None:
    amounts = sum(event.amount for raw in ROWS[1:] for event in events(raw))
    fees = sum(fee.amount for raw in ROWS[1:] for fill in executions(raw) for fee in fill.fees)
    balances = [Decimal(raw["accountBalance"]) for raw in ROWS]
    assert amounts - fees == balances[-1] - balances[0]


@pytest.mark.parametrize(
    "kind",
    ["MARKET_ORDER", "STOP_LOSS_ORDER", "ORDER_CANCEL", "LIMIT_ORDER_REJECT", "MARGIN_CALL_ENTER"],
)
def test_a_row_that_changes_nothing_is_named_and_ignored(kind: str) -> None:
    assert parse_transaction({"type": kind}, ACCOUNT) == Ignored(kind)


def test_a_type_that_nobody_knows_is_not_dropped() -> None:
    with pytest.raises(UnparseableRow, match="'NEW_THING' is not known"):
        parse_transaction({**OPENED, "type": "NEW_THING"}, ACCOUNT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("units", None),
        ("units", "0"),
        ("units", "abc"),
        ("units", 1.5),
        ("id", "64x"),
        ("id", 6411),
        ("instrument", "EURUSD"),
        ("time", "1773408601.123456789"),  # UNIX format: asked for RFC 3339
        ("time", "2026-03-13T13:30:01"),
        ("tradesClosed", {}),
        ("tradeOpened", {**OPENED["tradeOpened"], "price": ""}),
        ("commission", None),
        ("pl", "NaN"),
        ("orderID", {}),
    ],
)
def test_a_fill_with_a_wrong_field_is_unparseable(field: str, value: Any) -> None:
    with pytest.raises(UnparseableRow):
        parse_transaction({**OPENED, field: value}, ACCOUNT)


@pytest.mark.parametrize(
    ("instrument", "asset_class", "root"),
    [
        ("USD_JPY", AssetClass.FX, "USDJPY"),
        ("XAU_USD", AssetClass.CFD, "XAUUSD"),
        ("BTC_USD", AssetClass.CFD, "BTCUSD"),
        ("SPX500_USD", AssetClass.CFD, "SPX500USD"),
    ],
)
def test_instruments_are_classed_by_their_halves(
    instrument: str, asset_class: AssetClass, root: str
) -> None:
    assert (asset_class_of(instrument), root_of(instrument)) == (asset_class, root)


def test_nanoseconds_are_cut_not_rounded() -> None:
    assert booked_at({"time": "2026-03-13T13:30:01.999999999Z"}) == parse_instant(
        "2026-03-13T13:30:01.999999Z"
    )


def test_a_row_after_new_york_midnight_is_of_the_new_day() -> None:
    assert booked_on({"time": "2026-03-14T03:59:59Z"}) == date(2026, 3, 13)
    assert booked_on({"time": "2026-03-14T04:00:00Z"}) == date(2026, 3, 14)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_no_json_value_at_all_breaks_the_reading_of_rows(raw: Any) -> None:
    with suppress(UnparseableRow):
        parse_transaction(raw, ACCOUNT)
    booked_at(raw), booked_on(raw)


@given(
    st.sampled_from([*ROWS, DIVIDEND, TRANSFER]),
    st.dictionaries(st.sampled_from(sorted({*REVERSED, *REDUCED, *FINANCING, *TRANSFER})), JSON),
)
def test_no_spoiled_row_breaks_the_reading_of_rows(row: Any, spoilt: dict[str, Any]) -> None:
    raw = {**row, **spoilt}
    with suppress(UnparseableRow):
        found = parse_transaction(raw, ACCOUNT)
        if not isinstance(found, Ignored):
            [one.row.model_dump_json() for one in found]
    booked_at(raw), booked_on(raw)


UNITS = st.decimals(min_value="-1e9", max_value="1e9", places=3)


@given(UNITS, UNITS, st.decimals(min_value="0.0001", max_value="1e6", places=5))
def test_legs_of_any_size_add_up_to_one_execution(
    closing: Decimal, opening: Decimal, price: Decimal
) -> None:
    assume(closing + opening)
    closed, opened = (
        {"tradeID": "1", "units": format(units, "f"), "price": format(price, "f")}
        for units in (closing, opening)
    )
    units = format(closing + opening, "f")
    (fill,) = executions(
        {**OPENED, "units": units, "tradesClosed": [closed], "tradeOpened": opened}
    )
    assert (fill.signed_quantity, fill.price) == (closing + opening, price)
