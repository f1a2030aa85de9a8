from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.brokers.engine.saved import read_saved
from shared.brokers.spec import BrokerAccount, Ignored, ParsedRow
from shared.brokers.tastytrade.fields import booked_at, booked_on
from shared.brokers.tastytrade.reversals import REVERSAL, UNDONE
from shared.brokers.tastytrade.rows import parse_transaction
from shared.brokers.tastytrade.spec import SPEC
from shared.domain.errors import UnparseableRow
from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    FeeOrigin,
    RowStatus,
    Side,
)
from shared.domain.money import loads_exact

SAMPLES = Path(__file__).parents[3] / "fixtures" / "tastytrade"
ACCOUNT = BrokerAccount("5WT00001", "5WT00001", "USD")


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / f"{name}.json").read_bytes())


def items(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sample(name)["data"]["items"]
    return found


BUY, REST, SALE, SHORT_PUT = items("transactions_page0")
LONG_PUT, FUTURE = items("transactions_page1")
ASSIGNED, SHARES, EXPIRED, REINVESTED, SETTLED, REVERSED = items("transactions_events")


def parsed(raw: Any) -> ParsedRow:
    found = parse_transaction(raw, ACCOUNT)
    assert isinstance(found, ParsedRow)
    return found


def fill(raw: Any, **changes: Any) -> Execution:
    found = parsed({**raw, **changes}).row
    assert isinstance(found, Execution)
    return found


def event(raw: Any, **changes: Any) -> AccountEvent:
    found = parsed({**raw, **changes}).row
    assert isinstance(found, AccountEvent)
    return found


def refusal(raw: Any, **changes: Any) -> str:
    with pytest.raises(UnparseableRow) as caught:
        parse_transaction({**raw, **changes}, ACCOUNT)
    return str(caught.value)


def cost(execution: Execution) -> Decimal:
    return sum((fee.amount for fee in execution.fees), Decimal(0))


class TestTrade:
    def test_a_fill_is_read_whole(self) -> None:
        assert parsed(SALE).identity == ("361000010",)
        found = fill(SALE)
        assert (found.execution_id, found.order_id) == ("361000010", "301811500")
        assert (found.symbol, found.root, found.asset_class) == ("AAPL", "AAPL", AssetClass.EQUITY)
        assert (found.side, found.quantity, found.price) == (Side.SELL, 50, Decimal("179.51"))
        assert found.executed_at == datetime(2026, 3, 13, 18, 2, 44, 310_000, tzinfo=UTC)

    def test_an_option_is_kept_by_what_lies_under_it(self) -> None:
        found = fill(SHORT_PUT)
        assert (found.symbol, found.root) == ("SPY   260320P00550000", "SPY")
        assert (found.asset_class, found.multiplier) == (AssetClass.OPTION, 100)

    def test_the_session_s_date_is_not_the_time_of_a_fill(self) -> None:
        moved = fill(BUY, **{"transaction-date": "2026-03-16"})
        assert moved.executed_at == fill(BUY).executed_at

    def test_numbers_may_be_texts_or_numbers(self) -> None:
        told = fill(BUY, id="361000001", quantity=60, price=Decimal("178.21"))
        assert told == fill(BUY)

    @pytest.mark.parametrize("action", ["Buy", "Buy to Open", "Buy to Close"])
    def test_all_ways_of_buying_buy(self, action: str) -> None:
        assert fill(BUY, action=action).side is Side.BUY

    @pytest.mark.parametrize("action", ["Sell", "Sell to Open", "Sell to Close"])
    def test_all_ways_of_selling_sell(self, action: str) -> None:
        assert fill(BUY, action=action).side is Side.SELL

    def test_a_pair_of_coins_keeps_its_name(self) -> None:
        told = {"symbol": "BTC/USD", "instrument-type": "Cryptocurrency", "quantity": "0.00125"}
        found = fill(BUY, **told)
        assert (found.root, found.asset_class, found.multiplier) == (
            "BTC/USD",
            AssetClass.CRYPTO,
            1,
        )

    @pytest.mark.parametrize(
        ("symbol", "root"),
        [("/ESM6", "ES"), ("/MESZ26", "MES"), ("/6EU6", "6E"), ("/M2KH7", "M2K"), ("/ZNZ6", "ZN")],
    )
    def test_a_future_is_kept_by_its_root(self, symbol: str, root: str) -> None:
        assert fill(FUTURE, symbol=symbol).root == root

    def test_a_future_has_the_exchange_s_multiplier(self) -> None:
        assert fill(FUTURE).multiplier == 50

    def test_a_future_s_price_may_be_below_zero(self) -> None:
        assert fill(FUTURE, symbol="/CLK0", price="-37.63").price == Decimal("-37.63")

    def test_an_option_on_a_future_has_the_future_s_multiplier(self) -> None:
        told = {
            "symbol": "./ESM6 ESM6  260618P3900",
            "instrument-type": "Future Option",
            "quantity": "1.0",
            "price": "12.5",
            "value": "625.0",
        }
        found = fill(SHORT_PUT, **told)
        assert (found.root, found.asset_class, found.multiplier) == ("ES", AssetClass.OPTION, 50)

    def test_an_adjusted_option_shows_its_multiplier_by_its_value(self) -> None:
        assert fill(SHORT_PUT, value="375.0").multiplier == 150

    def test_a_value_in_cents_does_not_change_the_multiplier(self) -> None:
        assert fill(SHORT_PUT, quantity="1", price="1.23456", value="123.46").multiplier == 100

    def test_a_value_out_of_all_proportion_is_refused(self) -> None:
        told = {"price": "1E-30", "quantity": "1E-30", "value": "1" + "0" * 39}
        assert "value: it does not go together" in refusal(SHORT_PUT, **told)

    def test_a_multiplier_of_any_length_is_whole_or_not(self) -> None:
        told = {"price": "1E-5", "quantity": "1", "value": "1" + "0" * 30}
        assert fill(SHORT_PUT, **told).multiplier == Decimal(10) ** 35

    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"quantity": "abc"}, "quantity"),
            ({"quantity": "0.0"}, "quantity"),
            ({"quantity": "-60.0"}, "quantity"),
            ({"quantity": 1.5}, "quantity"),
            ({"price": None}, "price"),
            ({"action": "Hold"}, "action"),
            ({"action": None}, "action"),
            ({"instrument-type": "Planet"}, "instrument-type"),
            ({"instrument-type": "Bond"}, "instrument-type"),
            ({"currency": "CAD"}, "currency"),
            ({"executed-at": "2026-02-30T14:00:00.000+00:00"}, "executed-at"),
            ({"executed-at": "2026-03-13T14:00:00"}, "executed-at"),
            ({"executed-at": None}, "executed-at"),
            ({"id": "x"}, "id"),
            ({"id": True}, "id"),
            ({"order-id": -1}, "order-id"),
            ({"symbol": ""}, "symbol"),
            ({"account-number": "5WT00002"}, "account-number"),
            ({"transaction-type": "Magic"}, "transaction-type"),
        ],
        ids=str,
    )
    def test_what_cannot_be_read_is_named(self, changes: dict[str, Any], named: str) -> None:
        assert named in refusal(BUY, **changes)

    def test_a_future_whose_size_is_unknown_is_not_guessed(self) -> None:
        assert "/VXM6" in refusal(FUTURE, symbol="/VXM6")

    def test_a_value_that_fits_no_contract_is_refused(self) -> None:
        assert "value" in refusal(SHORT_PUT, value="251.37")

    @pytest.mark.parametrize("raw", ["spoiled", None, 7, []])
    def test_what_is_no_row_is_refused(self, raw: Any) -> None:
        with pytest.raises(UnparseableRow):
            parse_transaction(raw, ACCOUNT)


class TestFees:
    def test_all_parts_are_summed_by_their_effects(self) -> None:
        assert cost(fill(SALE)) == Decimal("0.23")

    def test_commission_and_fees_are_apart(self) -> None:
        amounts = [fee.amount for fee in fill(SHORT_PUT).fees]
        assert amounts == [Decimal("0.2"), Decimal("2.0"), Decimal("0.07")]

    def test_a_missing_key_costs_nothing(self) -> None:
        without = {k: v for k, v in SHORT_PUT.items() if not k.startswith("commission")}
        assert cost(fill(without)) == Decimal("0.27")

    def test_a_rebate_is_negative(self) -> None:
        assert cost(fill(BUY, **{"clearing-fees-effect": "Credit"})) == Decimal("-0.048")

    def test_a_kind_of_fee_that_nobody_knows_counts_too(self) -> None:
        new = {"moon-fees": "1.5", "moon-fees-effect": "Debit"}
        assert cost(fill(SALE, **new)) == Decimal("1.73")

    @pytest.mark.parametrize("name", ["other-charge", "currency-conversion-fees"])
    def test_rare_costs_count(self, name: str) -> None:
        assert cost(fill(SALE, **{name: "1", f"{name}-effect": "Debit"})) == Decimal("1.23")

    def test_what_the_broker_calls_estimated_is_estimated(self) -> None:
        assert {fee.origin for fee in fill(SALE).fees} == {FeeOrigin.ESTIMATED}
        assert {f.origin for f in fill(SALE, **{"is-estimated-fee": False}).fees} == {
            FeeOrigin.REPORTED
        }

    @pytest.mark.parametrize("effect", ["None", None, "Sideways"])
    def test_a_fee_without_a_direction_is_refused(self, effect: Any) -> None:
        assert "clearing-fees" in refusal(SALE, **{"clearing-fees-effect": effect})

    def test_a_fee_that_has_a_sign_is_refused(self) -> None:
        assert "clearing-fees" in refusal(SALE, **{"clearing-fees": "-0.04"})


class TestReceiveDeliver:
    @pytest.mark.parametrize(
        ("raw", "changes", "kind"),
        [
            (ASSIGNED, {}, EventType.ASSIGNMENT),
            (EXPIRED, {}, EventType.EXPIRY),
            (ASSIGNED, {"transaction-sub-type": "Exercise"}, EventType.EXERCISE),
        ],
    )
    def test_what_ends_without_a_side_leaves_it_to_what_is_held(
        self, raw: Any, changes: dict[str, Any], kind: EventType
    ) -> None:
        found = event(raw, **changes)
        assert (found.type, found.closes, found.quantity, found.price) == (kind, 2, None, None)
        assert (found.root, found.asset_class, found.amount) == ("SPY", AssetClass.OPTION, 0)

    def test_an_option_that_settles_in_cash_ends_for_that_cash(self) -> None:
        told = {
            "transaction-sub-type": "Cash Settled Assignment",
            "value": "1250.0",
            "value-effect": "Debit",
        }
        found = event(ASSIGNED, **told)
        assert (found.type, found.amount) == (EventType.ASSIGNMENT, -1250)

    def test_assigned_shares_are_delivered_at_the_strike(self) -> None:
        found = event(SHARES)
        assert (found.type, found.quantity, found.price) == (EventType.DELIVERY, 200, 550)
        assert (found.amount, [fee.amount for fee in found.fees]) == (-110000, [5])
        assert (found.event_id, found.effective_on) == ("361100002", date(2026, 3, 20))

    def test_called_shares_go(self) -> None:
        gone = {
            "action": "Sell to Close",
            "transaction-sub-type": "Sell to Close",
            "value-effect": "Credit",
        }
        found = event(SHARES, **gone)
        assert (found.type, found.quantity, found.amount) == (EventType.DELIVERY, -200, 110000)

    def test_a_reinvested_dividend_brings_shares_at_their_cost(self) -> None:
        found = event(REINVESTED)
        assert (found.type, found.quantity) == (EventType.TRANSFER, Decimal("0.14025"))
        assert (found.price, found.amount) == (Decimal("181.4"), 0)

    def test_shares_of_another_house_come_at_a_cost_that_is_not_known(self) -> None:
        found = event(SHARES, **{"transaction-sub-type": "ACAT"})
        assert (found.type, found.quantity, found.price) == (EventType.TRANSFER, 200, None)

    def split(self, action: str, quantity: str, **more: Any) -> AccountEvent:
        told = {"transaction-sub-type": "Forward Split", "action": action, "quantity": quantity}
        return event(SHARES, **{**told, **more})

    def test_the_two_rows_of_a_split_are_one_action(self) -> None:
        out, into = self.split("Sell to Close", "50"), self.split("Buy to Open", "200")
        assert (out.type, out.quantity, into.quantity) == (EventType.SPLIT, -50, 200)
        assert out.action_id == into.action_id is not None
        assert (out.amount, into.amount) == (0, 0)

    def test_a_split_option_goes_on_under_another_symbol(self) -> None:
        about = {"instrument-type": "Equity Option", "value": "250.0", "price": "1.25"}
        rows = [
            self.split("Sell to Close", "2", symbol="SPY   260320P00550000", **about),
            self.split(
                "Buy to Open", "8", symbol="SPY   260320P00137500", **about | {"price": "0"}
            ),
        ]
        assert {row.type for row in rows} == {EventType.RENAME}
        assert len({row.action_id for row in rows}) == 1

    def test_the_two_rows_of_a_new_symbol_are_one_action(self) -> None:
        told = {"transaction-sub-type": "Symbol Change", "quantity": "10"}
        out = event(SHARES, **told, symbol="FB", action="Sell to Close")
        into = event(SHARES, **told, symbol="META", action="Buy to Open")
        assert (out.type, out.amount) == (EventType.RENAME, 0)
        assert out.action_id == into.action_id == "Symbol Change:2026-03-20T21:00:00.000+00:00:10"
        assert (out.symbol, out.quantity, into.symbol, into.quantity) == ("FB", -10, "META", 10)

    @pytest.mark.parametrize(
        ("raw", "changes"),
        [
            (EXPIRED, {"transaction-sub-type": "Removal"}),
            (EXPIRED, {"transaction-sub-type": "Buy to Open"}),
            (SHARES, {"transaction-sub-type": "Stock Merger"}),
            (SHARES, {"transaction-sub-type": "Expiration"}),
        ],
    )
    def test_a_kind_that_nobody_knows_is_kept_in_sight(
        self, raw: Any, changes: dict[str, Any]
    ) -> None:
        assert changes["transaction-sub-type"] in refusal(raw, **changes)

    @pytest.mark.parametrize("quantity", ["0", "-2", None, "two"])
    def test_a_quantity_must_be_one_without_a_sign(self, quantity: Any) -> None:
        assert "quantity" in refusal(EXPIRED, quantity=quantity)

    def test_delivered_shares_need_a_price(self) -> None:
        assert "price" in refusal(SHARES, price=None)


class TestMoneyMovement:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("Dividend", EventType.DIVIDEND),
            ("Credit Interest", EventType.INTEREST),
            ("Debit Interest", EventType.INTEREST),
            ("Fee", EventType.FEE),
            ("Balance Adjustment", EventType.FEE),
            ("Deposit", EventType.CASH),
            ("Mark to Market", EventType.CASH),
            ("Futures Settlement", EventType.CASH),
            ("Something New", EventType.CASH),
        ],
    )
    def test_money_is_named_for_what_it_is(self, name: str, kind: EventType) -> None:
        found = event(SETTLED, **{"transaction-sub-type": name})
        assert (found.type, found.subtype, found.quantity) == (kind, name, None)

    def test_what_is_paid_is_negative(self) -> None:
        assert event(SETTLED, **{"net-value-effect": "Debit"}).amount == Decimal("-162.5")

    def test_money_without_a_symbol_is_of_the_account(self) -> None:
        bare = {
            k: v
            for k, v in SETTLED.items()
            if k not in {"symbol", "instrument-type", "underlying-symbol"}
        }
        assert (event(bare).symbol, event(bare).root) == (None, None)

    def test_money_of_something_that_is_never_held_here_counts_too(self) -> None:
        coupon = event(SETTLED, symbol="912828XX", **{"instrument-type": "Bond"})
        assert (coupon.root, coupon.asset_class) == ("912828XX", None)

    def test_nothing_is_counted_and_left_out(self) -> None:
        nothing = {**SETTLED, "net-value": "0.0", "net-value-effect": "None"}
        assert parse_transaction(nothing, ACCOUNT) == Ignored("Mark to Market of nothing")


class TestReversal:
    def pair(self, undone: Any = REST, **changes: Any) -> dict[str, Any]:
        return {REVERSAL: {**REVERSED, **changes}, UNDONE: undone}

    def test_alone_it_does_not_count(self) -> None:
        assert fill(REVERSED).status is RowStatus.BUSTED

    def test_with_what_it_takes_back_neither_counts(self) -> None:
        both = parse_transaction(self.pair(), ACCOUNT)
        assert isinstance(both, tuple)
        assert [one.identity for one in both] == [("361000002",), ("361100006",)]
        assert {one.row.status for one in both} == {RowStatus.BUSTED}

    @pytest.mark.parametrize("action", ["Sell to Open", "Buy to Open"])
    def test_its_own_side_does_not_matter(self, action: str) -> None:
        assert isinstance(parse_transaction(self.pair(action=action), ACCOUNT), tuple)

    def test_one_of_nothing_known_is_kept_in_sight(self) -> None:
        assert "is not in the history" in refusal(self.pair(undone=None))

    def test_a_part_taken_back_is_kept_in_sight(self) -> None:
        assert "not taken back as a whole" in refusal(self.pair(quantity="10.0"))

    def test_money_that_was_nothing_is_left_out_with_its_reversal(self) -> None:
        nothing = {**SETTLED, "net-value": "0.0", "net-value-effect": "None"}
        pair = {REVERSAL: {**nothing, "id": 2, "reverses-id": 1}, UNDONE: {**nothing, "id": 1}}
        assert parse_transaction(pair, ACCOUNT) == Ignored("reversal of nothing")

    def test_in_a_saved_answer_it_stands_beside_what_it_takes_back(self) -> None:
        found = read_saved(SPEC.history[0], {"data": {"items": [REST, REVERSED]}})
        assert {(account, one.status) for account, one in found.executions} == {
            ("5WT00001", RowStatus.BUSTED)
        }
        assert len(found.executions) == 2

    def test_a_reversal_of_a_reversal_needs_a_person(self) -> None:
        again = {**REST, "reverses-id": 361000001}
        assert "a reversal itself" in refusal(self.pair(undone=again))


def test_the_time_of_a_row_is_found_without_reading_all_of_it() -> None:
    at = datetime(2026, 3, 13, 13, 30, 1, 120_000, tzinfo=UTC)
    assert booked_at({"executed-at": BUY["executed-at"]}) == at
    assert booked_at({}) is None


def test_a_row_belongs_to_its_day_in_new_york() -> None:
    assert booked_on({"executed-at": "2026-03-14T02:00:00.000+00:00"}) == date(2026, 3, 13)
    assert booked_on({"executed-at": "0001-01-01T00:00:00+00:00"}) is None


def test_a_reversal_that_is_kept_raw_belongs_to_its_own_day() -> None:
    assert booked_on({REVERSAL: REVERSED, UNDONE: None}) == date(2026, 3, 16)
    assert booked_on("spoiled") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
ROWS = [BUY, SHORT_PUT, FUTURE, ASSIGNED, SHARES, SETTLED, REVERSED]


@settings(max_examples=300)
@given(st.sampled_from(ROWS), st.data())
def test_a_spoiled_field_is_read_or_refused_and_nothing_else(
    raw: dict[str, Any], data: st.DataObject
) -> None:
    field = data.draw(st.sampled_from(sorted(raw)))
    spoiled = {**raw, field: data.draw(JSON)}
    with suppress(UnparseableRow):
        parse_transaction(spoiled, ACCOUNT)
