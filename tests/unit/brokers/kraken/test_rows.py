from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.brokers.kraken.fields import (
    booked_at,
    booked_on,
    entries_in,
    in_one_piece,
    rows_of,
    total_of,
    trades_in,
)
from shared.brokers.kraken.rows import parse_row
from shared.brokers.spec import BrokerAccount, Ignored, Parsed, ParsedRow
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    Fee,
    FeeOrigin,
    Side,
)
from shared.domain.money import loads_exact

SAMPLES = Path(__file__).parents[3] / "fixtures" / "kraken"
ACCOUNT = BrokerAccount("k1", "k1", "USD")


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / f"{name}.json").read_bytes())


SALE, SECOND, FIRST = trades_in(sample("trades_history"))
ENTRIES = entries_in(sample("ledgers"))
(PURCHASE,) = (row for row in in_one_piece(ENTRIES) if "instant" in row)


def joined(row: dict[str, Any], named: str | None = "XBT/USD", **changes: Any) -> dict[str, Any]:
    own = [one for one in ENTRIES if one["ledger"]["refid"] == row["txid"]]
    return {**row, "trade": {**row["trade"], **changes}, "pair": named, "entries": own}


def entry(**changes: Any) -> dict[str, Any]:
    told = {"refid": "R1", "type": "deposit", "subtype": "", "asset": "ZUSD", "amount": "100.0"}
    row = {**told, "fee": "0", "balance": "1", "time": Decimal("1763931111.5"), **changes}
    return {"id": "L1", "ledger": row}


def fill(raw: Any) -> Execution:
    found = parse_row(raw, ACCOUNT)
    assert isinstance(found, ParsedRow)
    assert isinstance(found.row, Execution)
    return found.row


def events(raw: Any) -> list[AccountEvent]:
    found = parse_row(raw, ACCOUNT)
    assert isinstance(found, tuple)
    return [one.row for one in found if isinstance(one.row, AccountEvent)]


def refusal(raw: Any) -> str:
    with pytest.raises(UnparseableRow) as caught:
        parse_row(raw, ACCOUNT)
    return str(caught.value)


class TestTrade:
    def test_a_trade_is_read_whole(self) -> None:
        found = parse_row(joined(FIRST), ACCOUNT)
        assert isinstance(found, ParsedRow)
        assert found == ParsedRow(
            ("THVRQM-33VKH-UCI7BS",),
            Execution(
                execution_id="THVRQM-33VKH-UCI7BS",
                order_id="OQCLML-BW3P3-BUCMWZ",
                symbol="BTC/USD",
                root="BTC/USD",
                asset_class=AssetClass.CRYPTO,
                side=Side.BUY,
                quantity=Decimal("0.01"),
                price=Decimal("91234.5"),
                currency="USD",
                executed_at=datetime(2025, 11, 23, 9, 26, 40, 123_400, UTC),
                fees=(Fee(amount=Decimal("2.3721"), currency="USD"),),
                base="BTC",
            ),
        )

    def test_a_fee_that_was_taken_in_the_base_asset_is_in_it(self) -> None:
        found = fill(joined(SECOND))
        assert found.fees == (Fee(amount=Decimal("0.000013"), currency="BTC"),)
        assert found.units_taken == Decimal("0.000013")

    def test_a_time_is_cut_to_microseconds(self) -> None:
        assert fill(joined(SALE, "ADA/USD")).executed_at.microsecond == 987_654

    def test_without_its_entries_the_fee_is_an_estimate_in_the_quote_currency(self) -> None:
        row = {**joined(SALE, "ADA/USD"), "entries": []}
        amount = Decimal("0.1072")
        told = Fee(amount=amount, currency="USD", origin=FeeOrigin.ESTIMATED)
        assert fill(row).fees == (told,)

    def test_one_of_two_entries_is_not_enough_to_know_the_fee(self) -> None:
        row = joined(FIRST)
        row["entries"] = row["entries"][:1]
        assert [fee.origin for fee in fill(row).fees] == [FeeOrigin.ESTIMATED]

    def test_a_trade_that_cost_nothing_has_no_fee(self) -> None:
        row = {**joined(FIRST, fee="0.00000"), "entries": []}
        assert fill(row).fees == ()

    def test_a_fee_that_was_paid_by_credits_is_in_credits(self) -> None:
        row = joined(FIRST)
        (paid,) = (one for one in row["entries"] if one["ledger"]["asset"] == "ZUSD")
        row["entries"] = [
            *(one for one in row["entries"] if one is not paid),
            {"id": "A", "ledger": {**paid["ledger"], "fee": "0"}},
            {"id": "B", "ledger": {**paid["ledger"], "asset": "KFEE", "amount": "0", "fee": "237"}},
        ]
        assert fill(row).fees == (Fee(amount=Decimal(237), currency="KFEE"),)

    def test_a_saved_row_that_nobody_looked_up_is_named_by_what_its_pair_can_mean(self) -> None:
        assert [fill(row).symbol for row in (SALE, SECOND)] == ["ADA/USD", "BTC/USD"]

    def test_a_pair_that_is_not_listed_keeps_its_name_with_the_assets_of_the_ledger(self) -> None:
        row = joined(FIRST, None, pair="XXBTFOO")
        moved = [one["ledger"] for one in row["entries"]]
        row["entries"] = [
            {"id": "1", "ledger": {**moved[0], "asset": "XXBT"}},
            {"id": "2", "ledger": {**moved[1], "asset": "FOO"}},
        ]
        found = fill(row)
        assert (found.symbol, found.base, found.currency) == ("XXBTFOO", "BTC", "FOO")

    def test_a_pair_of_which_nothing_is_known_is_refused(self) -> None:
        assert "nothing tells" in refusal({**joined(FIRST, None, pair="ABC"), "entries": []})

    def test_a_trade_on_margin_is_a_position_of_its_own(self) -> None:
        found = fill(joined(FIRST, leverage="5"))
        assert (found.symbol, found.root, found.base) == ("BTC/USD:MARGIN",) * 2 + (None,)

    @pytest.mark.parametrize(("seconds", "fees"), [(0, 0), (59, 0), (61, 1)])
    @pytest.mark.parametrize("named", ["postxid", "txid"])
    def test_a_fee_on_margin_is_in_the_entry_of_that_minute_and_else_an_estimate(
        self, named: str, seconds: int, fees: int
    ) -> None:
        row = joined(FIRST, leverage="5")
        at, trade = row["trade"]["time"] + seconds, row["trade"]
        refid = trade["postxid"] if named == "postxid" else row["txid"]
        row["entries"] = [entry(type="margin", refid=refid, time=at, amount="0", fee="2.4")]
        assert [fee.origin for fee in fill(row).fees] == [FeeOrigin.ESTIMATED] * fees

    def test_a_pair_of_two_currencies_is_foreign_exchange(self) -> None:
        found = fill({**joined(FIRST, "EUR/USD", pair="ZEURZUSD"), "entries": []})
        assert (found.symbol, found.asset_class) == ("EUR/USD", AssetClass.FX)

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"vol": None}, "vol"),
            ({"vol": "1e-8x"}, "vol"),
            ({"vol": "0"}, "quantity"),
            ({"vol": "-1"}, "quantity"),
            ({"price": "0.00000"}, "price"),
            ({"type": "hold"}, "type"),
            ({"time": None}, "time"),
            ({"time": 1}, "time"),
            ({"time": Decimal("Infinity")}, "time"),
            ({"pair": 7}, "pair"),
            ({"leverage": "x"}, "leverage"),
            ({"ordertxid": 7}, "order_id"),
        ],
        ids=str,
    )
    def test_a_spoiled_field_is_named(self, changes: dict[str, Any], told: str) -> None:
        assert refusal(joined(FIRST, **changes)).startswith(told)

    def test_a_rebate_where_there_is_none_is_refused(self) -> None:
        row = joined(FIRST)
        row["entries"] = [
            {**one, "ledger": {**one["ledger"], "fee": "-1"}} for one in row["entries"]
        ]
        assert refusal(row).startswith("fee")


class TestEntry:
    def test_money_that_comes_is_cash(self) -> None:
        (event,) = events(entry())
        assert (event.type, event.amount) == (EventType.CASH, Decimal(100))
        assert (event.event_id, event.description, event.currency) == ("L1", "R1", "USD")
        assert event.effective_on == date(2025, 11, 23)

    def test_coins_that_go_leave_the_pair_with_the_account_s_currency_and_cost_more(self) -> None:
        told = {"type": "withdrawal", "asset": "XXBT", "amount": "-0.5", "fee": "0.0001"}
        sent, fee = events(entry(**told))
        assert (sent.type, sent.symbol, sent.quantity) == (
            EventType.TRANSFER,
            "BTC/USD",
            Decimal("-0.5"),
        )
        assert (fee.type, fee.event_id, fee.quantity) == (
            EventType.FEE,
            "L1:fee",
            Decimal("-0.0001"),
        )

    @pytest.mark.parametrize(
        ("changes", "kind"),
        [
            ({"type": "staking", "asset": "DOT28.S", "amount": "0.1"}, EventType.INTEREST),
            ({"type": "earn", "subtype": "reward", "asset": "XBT.M"}, EventType.INTEREST),
            ({"type": "dividend"}, EventType.DIVIDEND),
            ({"type": "transfer"}, EventType.CASH),
            ({"type": "transfer", "subtype": "spotfromfutures", "asset": "XXBT"}, "transfer"),
            ({"type": "adjustment", "asset": "XXMR", "amount": "-1"}, EventType.TRANSFER),
            ({"type": "credit"}, EventType.CASH),
            ({"type": "margin"}, EventType.CASH),
            ({"type": "rollover", "amount": "0", "fee": "0.02"}, EventType.FINANCING),
            ({"type": "rollover", "asset": "XXBT", "amount": "0", "fee": "0.1"}, "financing"),
        ],
        ids=str,
    )
    def test_each_kind_is_an_event(self, changes: dict[str, Any], kind: EventType) -> None:
        (event,) = events(entry(**changes))
        assert event.type == kind

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"type": "trade"}, "trade: told by the trade itself"),
            ({"type": "transfer", "subtype": "spottostaking"}, "transfer: spottostaking"),
            ({"type": "earn", "subtype": "allocation"}, "earn: allocation"),
            ({"type": "deposit", "asset": "KFEE"}, "deposit of fee credits"),
            ({"amount": "0.0"}, "deposit of nothing"),
        ],
        ids=str,
    )
    def test_what_changes_nothing_is_named_and_left_out(
        self, changes: dict[str, Any], reason: str
    ) -> None:
        assert parse_row(entry(**changes), ACCOUNT) == Ignored(reason)

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"type": "settled"}, "settled"),
            ({"type": "spend"}, "spend"),
            ({"type": "planet"}, "type"),
            ({"type": None}, "type"),
            ({"asset": ""}, "asset"),
            ({"amount": None}, "amount"),
            ({"fee": "-1"}, "fee"),
            ({"time": "soon"}, "time"),
        ],
        ids=str,
    )
    def test_what_may_change_positions_unread_is_refused(
        self, changes: dict[str, Any], told: str
    ) -> None:
        assert refusal(entry(**changes)).startswith(told)

    def test_a_row_that_was_kept_raw_is_read_as_it_was(self) -> None:
        assert events(entry(time="1763931111.5")) == events(entry())


def purchase(spent: dict[str, Any], got: dict[str, Any]) -> dict[str, Any]:
    halves = ({"type": "spend", **spent}, {"type": "receive", **got})
    parts = [entry(**one) for one in halves]
    return {"refid": "TS1", "instant": parts}


class TestPurchase:
    def test_the_saved_one_is_one_execution_with_a_key_of_its_own(self) -> None:
        found = parse_row(PURCHASE, ACCOUNT)
        assert isinstance(found, ParsedRow)
        assert found.identity == ("ledger:TSABCD-EFGHI-JKLMN1",)
        execution = fill(PURCHASE)
        assert (execution.side, execution.symbol) == (Side.BUY, "BTC/USD")
        assert execution.quantity == Decimal("0.00107")
        assert abs(execution.quantity * execution.price - 100) < Decimal("1e-20")
        assert execution.fees == (Fee(amount=Decimal("1.5"), currency="USD"),)

    def test_coins_that_become_money_are_sold(self) -> None:
        sold = fill(
            purchase(
                {"asset": "XXBT", "amount": "-0.5"}, {"asset": "ZEUR", "amount": "40", "fee": "1"}
            )
        )
        assert (sold.side, sold.symbol, sold.price) == (Side.SELL, "BTC/EUR", Decimal(80))
        assert sold.fees == (Fee(amount=Decimal(1), currency="EUR"),)

    def test_coins_that_become_coins_are_bought_with_them(self) -> None:
        found = fill(purchase({"asset": "XXBT", "amount": "-1"}, {"asset": "ADA", "amount": "4"}))
        assert (found.side, found.symbol, found.price) == (Side.BUY, "ADA/BTC", Decimal("0.25"))

    def test_a_fee_in_what_was_bought_makes_the_position_smaller(self) -> None:
        told = {"asset": "ADA", "amount": "4", "fee": "1"}
        assert fill(purchase({"asset": "ZUSD", "amount": "-1"}, told)).units_taken == 1

    def test_a_move_between_wallets_of_one_asset_is_no_purchase(self) -> None:
        row = purchase({"asset": "ADA", "amount": "-4"}, {"asset": "ADA.S", "amount": "4"})
        assert isinstance(parse_row(row, ACCOUNT), Ignored)

    @pytest.mark.parametrize(
        "row",
        [
            {"refid": "R", "instant": [entry(type="spend")]},
            {"refid": "R", "instant": [entry(type="spend")] * 2},
            {"refid": "R", "instant": []},
            {"refid": "R", "instant": "x"},
            purchase({"asset": "ZUSD", "amount": "1"}, {"asset": "ADA", "amount": "4"}),
            purchase({"asset": "ZUSD", "amount": "-1"}, {"asset": "ADA", "amount": "0"}),
            purchase({"amount": "-1"}, {"asset": "ADA", "amount": "4", "fee": "5"}),
        ],
        ids=["half", "two of one", "none", "no list", "nothing spent", "nothing got", "all fee"],
    )
    def test_what_is_no_purchase_is_refused(self, row: dict[str, Any]) -> None:
        assert refusal(row)


class TestAnswers:
    def test_both_kinds_of_answers_are_rows(self) -> None:
        assert len(rows_of(sample("trades_history"))) == 3
        assert len(rows_of(sample("ledgers"))) == 7  # two of the eight are one purchase

    @pytest.mark.parametrize(
        "body", [None, [], {}, {"result": []}, {"result": {"count": 1}}, {"result": {"trades": []}}]
    )
    def test_another_shape_breaks_the_contract(self, body: Any) -> None:
        with pytest.raises(ContractBroken):
            rows_of(body)

    @pytest.mark.parametrize("count", [None, "3", -1, True])
    def test_a_count_that_is_none_breaks_the_contract(self, count: Any) -> None:
        with pytest.raises(ContractBroken):
            total_of({"result": {"count": count}})

    def test_a_row_tells_its_day(self) -> None:
        found = [booked_on(row) for row in (FIRST, PURCHASE, entry())]
        assert found == [date(2025, 11, 23)] * 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [
        *(f"trade.{name}" for name in SALE["trade"]),
        *(f"ledger.{name}" for name in entry()["ledger"]),
        *("instant", "refid", "txid", "id", "pair", "entries", "trade", "ledger"),
    ]
)


@settings(max_examples=100)
@given(FIELDS, JSON, st.sampled_from([joined(FIRST), joined(SALE, None), PURCHASE, entry()]))
def test_whatever_stands_in_a_field_a_row_is_read_ignored_or_refused(
    field: str, value: Any, row: dict[str, Any]
) -> None:
    place, _, name = field.partition(".")
    inside = row.get(place)
    spoiled = {**inside, name: value} if name and isinstance(inside, dict) else value
    raw = {**row, place: spoiled}
    found: Parsed | None = None
    with suppress(UnparseableRow):
        found = parse_row(raw, ACCOUNT)
    assert found is None or isinstance(found, ParsedRow | tuple | Ignored)
    booked_at(raw)
    booked_on(raw)


@given(JSON)
def test_whatever_comes_instead_of_a_row_is_refused(raw: Any) -> None:
    with pytest.raises(UnparseableRow):
        parse_row(raw, ACCOUNT)
    assert booked_on(raw) is None
