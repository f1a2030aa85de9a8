import json
from contextlib import suppress
from copy import deepcopy
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.brokers.schwab.fields import booked_on
from shared.brokers.schwab.items import shares_of_fee
from shared.brokers.schwab.rows import parse_transaction
from shared.brokers.spec import BrokerAccount, Ignored, ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AccountEvent, AssetClass, EventType, Execution, Fee, Side
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "schwab"
ACCOUNT = BrokerAccount("48217735", "48217735", "USD")


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / f"{name}.json").read_bytes())


TRADES = sample("transactions_trade")
OPEN_SHARES, OPEN_CALLS, EXPIRY, ASSIGNMENT = sample("transactions_expiry_and_assignment")
SALE, SPREAD = TRADES[2], TRADES[4]
DIVIDEND: dict[str, Any] = {
    "activityId": 110770099001,
    "time": "2026-03-13T13:00:00+0000",
    "type": "DIVIDEND_OR_INTEREST",
    "status": "VALID",
    "description": "KO Qualified Dividend",
    "netAmount": Decimal("97.00"),
    "transferItems": [
        {"instrument": {"assetType": "CURRENCY", "symbol": "CURRENCY_USD"}, "amount": 97}
    ],
}


def parsed_rows(raw: Any) -> tuple[ParsedRow, ...]:
    parsed = parse_transaction(raw, ACCOUNT)
    assert not isinstance(parsed, Ignored)
    return parsed if isinstance(parsed, tuple) else (parsed,)


def rows(raw: Any) -> list[Execution | AccountEvent]:
    return [parsed.row for parsed in parsed_rows(raw)]


def fills(raw: Any) -> list[Execution]:
    return [row for row in rows(raw) if isinstance(row, Execution)]


def identities(raw: Any) -> list[tuple[str, ...]]:
    return [parsed.identity for parsed in parsed_rows(raw)]


def traded(raw: Any) -> list[dict[str, Any]]:
    return [item for item in raw["transferItems"] if "feeType" not in item]


def changed(raw: Any, **fields: Any) -> Any:
    """The row with fields of its last item replaced, those of the row by a `row_` before them."""
    copy = deepcopy(raw)
    for name, value in fields.items():
        part = copy if name.startswith("row_") else copy["transferItems"][-1]
        part[name.removeprefix("row_")] = value
    return copy


def test_a_sale_of_the_samples_is_read_whole() -> None:
    assert rows(SALE) == [
        Execution(
            execution_id="110770051002:AAPL:1",
            order_id="1005112951177",
            symbol="AAPL",
            root="AAPL",
            asset_class=AssetClass.EQUITY,
            side=Side.SELL,
            quantity=Decimal(50),
            price=Decimal("179.51"),
            currency="USD",
            executed_at=parse_instant("2026-03-13T18:02:44Z"),
            fees=(Fee(amount=Decimal("0.19"), currency="USD"),),
        )
    ]


def test_parts_of_one_order_are_executions_of_their_own() -> None:
    first, second = fills(TRADES[0]) + fills(TRADES[1])
    spent = first.quantity * first.price + second.quantity * second.price
    assert first.order_id == second.order_id
    assert spent / (first.quantity + second.quantity) == Decimal("178.214")


def test_an_option_counts_a_hundred_and_belongs_to_its_underlying() -> None:
    (row,) = fills(TRADES[3])
    assert (row.symbol, row.root, row.multiplier) == ("AAPL  260417C00180000", "AAPL", 100)


def test_an_adjusted_option_belongs_to_what_schwab_says_not_to_its_columns() -> None:
    instrument = TRADES[3]["transferItems"][-1]["instrument"] | {"symbol": "AAPL1 260417C00180000"}
    assert fills(changed(TRADES[3], instrument=instrument))[0].root == "AAPL"


def test_an_option_whose_underlying_is_not_told_belongs_to_its_columns() -> None:
    instrument = {**TRADES[3]["transferItems"][-1]["instrument"]}
    del instrument["underlyingSymbol"]
    assert fills(changed(TRADES[3], instrument=instrument))[0].root == "AAPL"


def test_a_net_amount_that_is_not_the_sum_of_all_costs_is_refused() -> None:
    with pytest.raises(UnparseableRow, match=r"8975\.32 is not the sum of all costs, 8975\.31"):
        rows(changed(SALE, row_netAmount=Decimal("8975.32")))


class TestTwoLegs:
    def test_each_leg_is_an_execution_with_its_part_of_the_fee(self) -> None:
        found = [(f.symbol[-8:], f.side, f.fees[0].amount) for f in fills(SPREAD)]
        share = Decimal("0.99")
        assert found == [("00545000", Side.BUY, share), ("00550000", Side.SELL, share)]

    def test_ids_do_not_depend_on_the_order_of_items(self) -> None:
        turned = {**SPREAD, "transferItems": SPREAD["transferItems"][::-1]}
        assert rows(turned) == rows(SPREAD)
        assert identities(turned) == identities(SPREAD)

    def test_two_items_of_one_symbol_stay_two(self) -> None:
        twin = traded(OPEN_SHARES)[0]
        raw = changed(OPEN_SHARES, row_netAmount=2 * OPEN_SHARES["netAmount"])
        raw["transferItems"].append(twin)
        assert [identity[1:] for identity in identities(raw)] == [("KO", "1"), ("KO", "2")]


@given(
    st.decimals(min_value="-1000", max_value="1000", places=2),
    st.lists(st.decimals(min_value="0.0001", max_value="1e6", places=4), min_size=1, max_size=6),
)
def test_a_split_fee_keeps_its_sum(fee: Decimal, weights: list[Decimal]) -> None:
    assert sum(shares_of_fee(fee, weights)) == fee


class TestAssignment:
    def test_a_covered_call_sells_the_shares_once_at_the_strike(self) -> None:
        (sale,) = fills(ASSIGNMENT)
        assert (sale.side, sale.quantity, sale.price) == (Side.SELL, 200, 70)

    def test_the_short_call_closes_whatever_the_sign_of_its_amount(self) -> None:
        for amount in (Decimal(2), Decimal(-2)):
            (event,) = [
                row
                for row in rows(changed(ASSIGNMENT, amount=amount))
                if isinstance(row, AccountEvent)
            ]
            assert (event.type, event.quantity, event.price) == (EventType.ASSIGNMENT, 2, 0)

    @pytest.mark.parametrize(
        ("put_call", "sign", "kind", "quantity"),
        [
            ("CALL", -1, EventType.ASSIGNMENT, 2),  # shares called away from a writer
            ("PUT", 1, EventType.ASSIGNMENT, 2),  # shares put to a writer
            ("CALL", 1, EventType.EXERCISE, -2),
            ("PUT", -1, EventType.EXERCISE, -2),
        ],
    )
    def test_the_shares_tell_who_acted(
        self, put_call: str, sign: int, kind: EventType, quantity: int
    ) -> None:
        raw = deepcopy(ASSIGNMENT)
        raw["transferItems"] = raw["transferItems"][2:]
        raw["transferItems"][0] |= {"amount": Decimal(200 * sign), "cost": Decimal(-14000 * sign)}
        raw["transferItems"][1]["instrument"]["putCall"] = put_call
        raw["netAmount"] = Decimal(-14000 * sign)
        event = rows(raw)[1]
        assert isinstance(event, AccountEvent)
        assert (event.type, event.quantity) == (kind, quantity)

    def test_without_shares_nobody_can_tell_the_direction(self) -> None:
        raw = changed(ASSIGNMENT, row_netAmount=Decimal(0))
        raw["transferItems"] = raw["transferItems"][1:]  # the shares cancel
        with pytest.raises(UnparseableRow, match="cannot be told"):
            rows(raw)

    def test_an_ordered_sale_at_zero_is_a_trade(self) -> None:
        raw = changed(OPEN_CALLS, price=Decimal(0), cost=Decimal(0), row_netAmount=Decimal("-1.34"))
        assert [fill.price for fill in fills(raw)] == [0]


def test_a_scalp_in_two_rows_is_never_cancelled() -> None:
    back = changed(
        OPEN_SHARES,
        amount=Decimal(-200),
        cost=Decimal(13800),
        row_netAmount=Decimal(13800),
        row_activityId=110770080009,
    )
    assert [fill.side for fill in fills(OPEN_SHARES) + fills(back)] == [Side.BUY, Side.SELL]


class TestReceiveAndDeliver:
    def test_an_expiry_closes_the_short_put_on_the_day_that_ended(self) -> None:
        (event,) = rows(EXPIRY)
        assert isinstance(event, AccountEvent)
        assert (event.type, event.quantity, event.price) == (EventType.EXPIRY, 2, 0)
        assert event.effective_on == date(2026, 3, 20)

    def test_a_split_is_no_trade(self) -> None:
        with pytest.raises(UnparseableRow, match=r"STOCK SPLIT.*not supported yet"):
            rows({**EXPIRY, "description": "STOCK SPLIT"})

    def test_an_expiry_that_pays_is_not_taken_for_a_worthless_one(self) -> None:
        with pytest.raises(UnparseableRow, match="price 0 and nothing else"):
            rows(changed(EXPIRY, cost=Decimal(100)))

    @pytest.mark.parametrize(
        "other",
        [
            {"instrument": {"assetType": "EQUITY", "symbol": "SPY"}},
            {"price": Decimal("0.01")},
        ],
        ids=["shares", "with a price"],
    )
    def test_an_expiry_of_something_else_stays_in_sight(self, other: dict[str, Any]) -> None:
        with pytest.raises(UnparseableRow, match="price 0 and nothing else"):
            rows(changed(EXPIRY, **other))


class TestMoney:
    def test_a_dividend_pays(self) -> None:
        (event,) = rows(DIVIDEND)
        assert isinstance(event, AccountEvent)
        assert (event.type, event.amount) == (EventType.DIVIDEND, Decimal("97.00"))

    def test_interest_is_told_by_its_description(self) -> None:
        (event,) = rows({**DIVIDEND, "description": "MARGIN INTEREST"})
        assert isinstance(event, AccountEvent)
        assert event.type is EventType.INTEREST

    def test_a_journal_of_shares_stays_in_sight(self) -> None:
        with pytest.raises(UnparseableRow, match="moves a position"):
            rows({**OPEN_SHARES, "type": "JOURNAL"})


def test_a_notice_that_moves_nothing_is_left_out_by_name() -> None:
    notice = {**DIVIDEND, "type": "MEMORANDUM", "netAmount": 0, "transferItems": []}
    assert parse_transaction(notice, ACCOUNT) == Ignored("MEMORANDUM")


@pytest.mark.parametrize("moved", [{"netAmount": 1}, {"transferItems": [{"amount": 1}]}], ids=repr)
def test_a_notice_that_moves_something_stays_in_sight(moved: dict[str, Any]) -> None:
    notice = {**DIVIDEND, "type": "MARGIN_CALL", "netAmount": 0, "transferItems": []}
    with pytest.raises(UnparseableRow, match="MARGIN_CALL"):
        rows({**notice, **moved})


@pytest.mark.parametrize("status", ["INVALID", "PENDING", "UNKNOWN", None])
def test_only_valid_rows_are_booked(status: str | None) -> None:
    with pytest.raises(UnparseableRow, match="only VALID"):
        rows({**SALE, "status": status})


def test_a_correction_needs_a_look() -> None:
    with pytest.raises(UnparseableRow, match="ACTIVITY_CORRECTION"):
        rows({**SALE, "activityType": "ACTIVITY_CORRECTION"})


def test_a_fund_without_a_symbol_goes_by_its_cusip() -> None:
    instrument = {"assetType": "COLLECTIVE_INVESTMENT", "cusip": "78462F103"}
    (row,) = fills(changed(OPEN_SHARES, instrument=instrument))
    assert (row.symbol, row.asset_class) == ("78462F103", AssetClass.EQUITY)


def test_a_future_belongs_to_its_root_and_its_size_follows_from_the_cost() -> None:
    instrument = {"assetType": "FUTURE", "symbol": "/ESZ25"}
    raw = changed(OPEN_SHARES, instrument=instrument, price=Decimal("1.38"))
    (row,) = fills(raw)
    assert (row.root, row.multiplier) == ("ES", 50)


def test_an_option_without_a_told_size_takes_it_from_the_cost() -> None:
    raw = deepcopy(OPEN_CALLS)
    del raw["transferItems"][-1]["instrument"]["optionPremiumMultiplier"]
    assert fills(raw)[0].multiplier == 100


@pytest.mark.parametrize(
    "spoilt",
    [
        {"row_transferItems": None},
        {"row_transferItems": []},
        {"row_transferItems": [1]},
        {"row_type": "MARGIN_CALL"},
        {"row_type": {}},
        {"row_activityId": True},
        {"row_activityId": "x"},
        {"row_activityId": None},
        {"row_orderId": {}},
        {"row_time": "yesterday"},
        {"row_time": "2026-03-13T18:02:44"},
        {"row_time": "0001-01-01T00:00:00+14:00"},
        {"row_netAmount": None},
        {"price": "abc"},
        {"price": None},
        {"amount": Decimal(0)},
        {"amount": 1.5},
        {"cost": None},
        {"instrument": None},
        {"instrument": {"assetType": "FIXED_INCOME", "symbol": "912810"}},
        {"instrument": {"assetType": "CURRENCY", "symbol": "CURRENCY_USD"}},
        {"instrument": {"assetType": "EQUITY"}},
        {"instrument": {"assetType": "EQUITY", "symbol": "\ud800"}},
        {"instrument": {"assetType": "FUTURE", "symbol": "ES"}},
    ],
    ids=repr,
)
def test_a_row_with_a_wrong_field_is_unparseable(spoilt: dict[str, Any]) -> None:
    with pytest.raises(UnparseableRow):
        rows(changed(SALE, **spoilt))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ITEM_FIELDS = ("amount", "cost", "price", "feeType", "instrument")
INSTRUMENT_FIELDS = ("assetType", "symbol", "underlyingSymbol", "putCall", "cusip")


@given(JSON)
def test_no_json_value_at_all_breaks_the_reading_of_rows(raw: Any) -> None:
    with suppress(UnparseableRow):
        parse_transaction(raw, ACCOUNT)
    booked_on(raw)


@settings(deadline=None)
@given(
    st.sampled_from([*TRADES, OPEN_SHARES, OPEN_CALLS, EXPIRY, ASSIGNMENT, DIVIDEND]),
    st.dictionaries(st.sampled_from(sorted({*SALE, "description", "activityType"})), JSON),
    st.dictionaries(st.sampled_from(ITEM_FIELDS), JSON, max_size=2),
    st.dictionaries(
        st.sampled_from([*INSTRUMENT_FIELDS, "optionPremiumMultiplier"]), JSON, max_size=2
    ),
)
def test_no_spoiled_row_breaks_the_reading_of_rows(
    row: Any, spoilt: dict[str, Any], item: dict[str, Any], instrument: dict[str, Any]
) -> None:
    raw = deepcopy(row)
    raw["transferItems"][-1]["instrument"] |= instrument
    raw["transferItems"][-1] |= item
    raw |= spoilt
    with suppress(UnparseableRow):
        parsed = parse_transaction(raw, ACCOUNT)
        for one in parsed if isinstance(parsed, tuple) else ():
            one.row.model_dump_json()
    booked_on(raw)


@given(
    st.decimals(min_value="0.0001", max_value="1e7", places=4),
    st.decimals(min_value="0.0001", max_value="1e6", places=4),
)
def test_quantities_and_prices_keep_every_digit(quantity: Decimal, price: Decimal) -> None:
    cost = -round(quantity * price, 2)
    numbers = {"amount": quantity, "price": price, "cost": cost}
    raw = changed(OPEN_SHARES, row_netAmount=cost, **numbers)
    (row,) = fills(loads_exact(json.dumps(raw, default=float)))
    assert (row.quantity, row.price, row.multiplier) == (quantity, price, 1)
