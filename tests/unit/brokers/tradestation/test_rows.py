import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.spec import BrokerAccount, Ignored, ParsedRow
from shared.brokers.tradestation.rows import booked_at, booked_on, held_position, parse_order
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass, Execution, Fee, RowStatus, Side
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "tradestation"
ACCOUNT = BrokerAccount("11223344", "11223344", "USD")


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / name).read_bytes())


ORDERS = {
    order["OrderID"]: order
    for name in ("historicalorders_page1", "historicalorders_page2", "orders_today")
    for order in sample(f"{name}.json")["Orders"]
}
SHORT, SPREAD, FUTURE, NOTHING, LIVE, WHOLE = (
    ORDERS[order_id]
    for order_id in (
        "971380010", "971381200", "971390001", "971390500", "971400003", "971379459",
    )
)  # fmt: skip


def with_leg(order: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {**order, "Legs": [{**order["Legs"][0], **fields}]}


def rows_of(order: Any, account: BrokerAccount = ACCOUNT) -> tuple[ParsedRow, ...]:
    parsed = parse_order(order, account)
    assert isinstance(parsed, tuple)
    return parsed


def only(order: Any, account: BrokerAccount = ACCOUNT) -> Execution:
    (parsed,) = rows_of(order, account)
    assert isinstance(parsed.row, Execution)
    return parsed.row


def test_an_order_of_the_samples_is_read_whole() -> None:
    assert parse_order(WHOLE, ACCOUNT) == (
        ParsedRow(
            ("971379459", "AAPL", "buy"),
            Execution(
                execution_id="971379459:AAPLBuy",
                order_id="971379459",
                symbol="AAPL",
                root="AAPL",
                asset_class=AssetClass.EQUITY,
                side=Side.BUY,
                quantity=Decimal(100),
                price=Decimal("178.214"),
                currency="USD",
                executed_at=parse_instant("2026-03-13T13:30:02Z"),
            ),
        ),
    )


def test_a_canceled_rest_leaves_what_was_filled() -> None:
    row = only(SHORT)
    assert (row.side, row.quantity, row.price) == (Side.SELL, Decimal(15), Decimal("402.1"))


def test_an_order_without_a_fill_gives_no_record() -> None:
    assert parse_order(NOTHING, ACCOUNT) == Ignored("order without a fill")


def test_an_order_that_was_only_received_can_hold_a_fill() -> None:
    assert only({**WHOLE, "Status": "ACK"}).quantity == 100


def test_a_spread_is_two_records_with_the_prices_of_their_legs_and_one_fee() -> None:
    rows = [parsed.row for parsed in rows_of(SPREAD)]
    assert [(r.side, r.price, r.multiplier) for r in rows if isinstance(r, Execution)] == [
        (Side.SELL, Decimal("1.25"), Decimal(100)),
        (Side.BUY, Decimal("1.23"), Decimal(100)),
    ]
    fees = [fee for r in rows if isinstance(r, Execution) for fee in r.fees]
    assert fees == [Fee(amount=Decimal("2.4"), currency="USD")]


def test_a_spread_without_the_price_of_a_leg_is_refused_whole() -> None:
    first, second = SPREAD["Legs"]
    bare = {name: value for name, value in second.items() if name != "ExecutionPrice"}
    with pytest.raises(UnparseableRow, match="no price"):
        parse_order({**SPREAD, "Legs": [first, bare]}, ACCOUNT)


def test_a_leg_that_stands_alone_takes_the_average_of_the_order() -> None:
    assert only(with_leg(WHOLE, ExecutionPrice="178.25")).price == Decimal("178.214")
    assert only({**WHOLE, "FilledPrice": "0"}).price == Decimal("178.214")


def test_a_repeated_leg_counts_once_with_its_larger_quantity() -> None:
    first, second = SPREAD["Legs"]
    rows = rows_of({**SPREAD, "Legs": [{**first, "ExecQuantity": "1"}, first, second]})
    assert [r.row.quantity for r in rows if isinstance(r.row, Execution)] == [2, 2]


def test_legs_that_change_places_keep_their_identities() -> None:
    turned = {**SPREAD, "Legs": SPREAD["Legs"][::-1]}
    identities = [[p.identity for p in rows_of(o)] for o in (SPREAD, turned)]
    assert identities[0] == identities[1][::-1]


def test_a_growing_order_stays_one_record() -> None:
    grown = with_leg(LIVE, ExecQuantity="300") | {
        "FilledPrice": "141.04",
        "ClosedDateTime": "2026-03-18T15:00:00Z",
        "Status": "FLL",
    }
    (before,), (after,) = rows_of(LIVE), rows_of(grown)
    assert before.identity == after.identity
    assert (only(LIVE).quantity, only(grown).quantity) == (Decimal(120), Decimal(300))


def test_a_live_fill_stands_at_the_opening_until_its_order_closes() -> None:
    assert only(LIVE).executed_at == parse_instant("2026-03-16T13:31:00Z")


def test_a_broken_order_is_busted_under_the_same_identity() -> None:
    broken = {**WHOLE, "Status": "BRO"}
    (before,), (after,) = rows_of(WHOLE), rows_of(broken)
    assert (before.identity, after.row.status) == (after.identity, RowStatus.BUSTED)


@pytest.mark.parametrize("status", ["BRO", "COR"])
def test_a_fill_taken_back_to_nothing_is_busted_not_forgotten(status: str) -> None:
    row = only(with_leg(WHOLE, ExecQuantity="0") | {"Status": status, "FilledPrice": "0"})
    assert (row.status, row.quantity) == (RowStatus.BUSTED, Decimal(100))


def test_a_corrected_fill_is_what_it_now_says() -> None:
    row = only(with_leg(WHOLE, ExecQuantity="60") | {"Status": "COR"})
    assert (row.status, row.quantity) == (RowStatus.BOOKED, Decimal(60))


def test_a_broken_order_without_any_price_is_still_told() -> None:
    row = only(with_leg({**WHOLE, "Status": "BRO", "FilledPrice": None}, ExecutionPrice=None))
    assert (row.status, row.price) == (RowStatus.BUSTED, Decimal(0))


@pytest.mark.parametrize("status", ["ASS", "EXE"])
def test_assignments_and_exercises_are_kept_in_sight(status: str) -> None:
    with pytest.raises(UnparseableRow, match=f"Status {status}"):
        parse_order({**SPREAD, "Status": status}, ACCOUNT)


def test_a_future_belongs_to_its_root_with_its_fee() -> None:
    account = BrokerAccount("210F5566", "210F5566", "USD")
    row = only(FUTURE, account)
    assert (row.root, row.multiplier, row.fees[0].amount) == (
        "ES",
        Decimal(50),
        Decimal("1.5"),
    )


def test_an_order_of_another_account_is_refused() -> None:
    with pytest.raises(UnparseableRow, match="AccountID"):
        parse_order(FUTURE, ACCOUNT)


@pytest.mark.parametrize(
    ("action", "side"),
    [("BUY", Side.BUY), ("BuyToCover", Side.BUY), ("SELLTOOPEN", Side.SELL)],
)
def test_actions_are_read_in_every_spelling(action: str, side: Side) -> None:
    assert only(with_leg(WHOLE, BuyOrSell=action)).side is side


@pytest.mark.parametrize("action", ["SELLSHORT", "Sell"])
def test_another_spelling_of_an_action_is_the_same_record(action: str) -> None:
    (one,), (other,) = rows_of(SHORT), rows_of(with_leg(SHORT, BuyOrSell=action))
    assert one.identity == other.identity


def test_an_order_without_a_currency_is_in_the_accounts() -> None:
    assert only({**WHOLE, "Currency": ""}).currency == "USD"
    assert only({**WHOLE, "Currency": "EUR"}).currency == "EUR"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("OrderID", None),
        ("OrderID", "\ud800"),
        ("Status", ""),
        ("Legs", None),
        ("Legs", []),
        ("Legs", [1]),
        ("CommissionFee", "abc"),
        ("FilledPrice", "NaN"),
        ("Currency", {}),
        ("Currency", "X"),
        ("ClosedDateTime", "yesterday"),
        ("ClosedDateTime", "2026-03-13T20:00:03"),
    ],
)
def test_an_order_with_a_wrong_field_is_unparseable(field: str, value: Any) -> None:
    with pytest.raises(UnparseableRow):
        parse_order({**WHOLE, field: value}, ACCOUNT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ExecQuantity", "abc"),
        ("ExecQuantity", "-1"),
        ("ExecQuantity", 1.5),
        ("ExecQuantity", None),
        ("BuyOrSell", "hold"),
        ("Symbol", ""),
        ("Symbol", "\ud800"),
        ("AssetType", None),
    ],
)
def test_an_order_with_a_wrong_leg_is_unparseable(field: str, value: Any) -> None:
    with pytest.raises(UnparseableRow):
        parse_order(with_leg(WHOLE, **{field: value}), ACCOUNT)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_no_json_value_at_all_breaks_the_reading_of_orders(raw: Any) -> None:
    with suppress(UnparseableRow):
        parse_order(raw, ACCOUNT)
    with suppress(UnparseableRow):
        held_position(raw)
    booked_at(raw), booked_on(raw)


@given(
    st.sampled_from([WHOLE, SPREAD, LIVE]),
    st.dictionaries(st.sampled_from(sorted({*WHOLE, *LIVE})), JSON),
    st.dictionaries(st.sampled_from(sorted(WHOLE["Legs"][0])), JSON),
)
def test_no_spoiled_order_breaks_the_reading_of_orders(
    order: Any, spoilt: dict[str, Any], spoilt_leg: dict[str, Any]
) -> None:
    raw = {**with_leg(order, **spoilt_leg), **spoilt}
    with suppress(UnparseableRow):
        parsed = parse_order(raw, ACCOUNT)
        for one in parsed if isinstance(parsed, tuple) else ():
            one.row.model_dump_json()
    booked_at(raw), booked_on(raw)


@given(
    st.decimals(min_value="0.000000001", max_value="1e12", places=9),
    st.decimals(min_value="0.0001", max_value="1e7", places=4),
)
def test_quantities_and_prices_keep_every_digit(quantity: Decimal, price: Decimal) -> None:
    raw = with_leg(WHOLE, ExecQuantity=format(quantity, "f")) | {"FilledPrice": format(price, "f")}
    row = only(json.loads(json.dumps(raw)))
    assert (row.quantity, row.price) == (quantity, price)


def test_an_order_after_new_york_midnight_belongs_to_the_new_day() -> None:
    late = {**WHOLE, "ClosedDateTime": "2026-03-14T03:30:00Z"}
    assert (booked_on(late), booked_on({**late, "ClosedDateTime": "2026-03-14T04:30:00Z"})) == (
        date(2026, 3, 13),
        date(2026, 3, 14),
    )


def test_held_shorts_are_negative_and_contract_months_keep_their_names() -> None:
    held = [held_position(raw) for raw in sample("positions.json")["Positions"]]
    assert {p.symbol: (p.root, p.quantity) for p in held} == {
        "AAPL": ("AAPL", Decimal(50)),
        "MSFT": ("MSFT", Decimal(-15)),
        "SPY 260320P550": ("SPY 260320P550", Decimal(-2)),
        "SPY 260320P545": ("SPY 260320P545", Decimal(2)),
        "AMD": ("AMD", Decimal(120)),
        "ESM26": ("ES", Decimal(1)),
    }


def test_a_short_position_without_its_sign_is_short() -> None:
    (raw,) = [p for p in sample("positions.json")["Positions"] if p["Symbol"] == "MSFT"]
    assert held_position({**raw, "Quantity": "15"}).quantity == -15


def test_a_held_future_that_cannot_be_counted_is_still_held() -> None:
    raw = {"Symbol": "ZZZM26", "AssetType": "FUTURE", "Quantity": "1"}
    held = held_position(raw)
    assert (held.root, held.asset_class, held.average_price) == ("ZZZM26", AssetClass.FUTURE, None)
