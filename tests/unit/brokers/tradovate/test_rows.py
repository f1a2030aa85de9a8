import contextlib
import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.brokers.engine.saved import read_saved, saved_json
from shared.brokers.spec import Ignored, ParsedRow
from shared.brokers.tradovate.rows import booked_on, parse_row, rows_of
from shared.brokers.tradovate.spec import SPEC
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    Fee,
    FeeOrigin,
    RowStatus,
    Side,
)
from tests.unit.brokers.tradovate.samples import FIRST, SECOND, bundle, load, row


def fill(raw: Any) -> Execution:
    parsed = parse_row(raw, FIRST)
    assert isinstance(parsed, ParsedRow)
    assert isinstance(parsed.row, Execution)
    return parsed.row


def event(**fields: Any) -> AccountEvent | Ignored:
    line = {**load("cash_balance_log_deps")[0], "fillId": None, **fields}
    parsed = parse_row({"account": FIRST.account_id, "ledger": line}, FIRST)
    if isinstance(parsed, Ignored):
        return parsed
    assert isinstance(parsed, ParsedRow)
    assert isinstance(parsed.row, AccountEvent)
    return parsed.row


def test_every_field_of_a_fill_is_read() -> None:
    found = fill(row())
    assert (found.execution_id, found.order_id) == ("540725260010", "540725260007")
    assert (found.symbol, found.root, found.asset_class) == ("ESM26", "ES", AssetClass.FUTURE)
    assert (found.side, found.quantity, found.price) == (Side.BUY, 1, Decimal("7494.25"))
    assert (found.multiplier, found.currency) == (50, "USD")
    assert found.executed_at.isoformat() == "2026-06-14T23:03:54.732000+00:00"
    assert found.fees == (Fee(amount=Decimal("2.88"), currency="USD"),)
    assert found.status is RowStatus.BOOKED


def test_saved_answers_are_joined_and_read_by_account() -> None:
    saved = read_saved(SPEC.history[0], bundle())
    assert [(of, one.symbol, one.signed_quantity) for of, one in saved.executions] == [
        ("54066902", "ESM26", 1),
        ("54066902", "ESM26", -1),
        ("54066903", "MNQM26", -2),
        ("54066903", "MNQM26", -3),
    ]


def test_a_fill_alone_is_shown_with_what_only_others_tell() -> None:
    shown = saved_json(read_saved(SPEC.history[0], load("fill_list")))["executions"][0]
    told = ("account_id", "symbol", "asset_class", "multiplier", "currency", "fees")
    assert (shown["unknown"], shown["symbol"], shown["multiplier"]) == ([*told], "3570919", None)


def test_a_fill_alone_is_never_a_row_of_the_log() -> None:
    with pytest.raises(UnparseableRow, match="expected a fill joined with its order"):
        parse_row(load("fill_list")[0], FIRST)


@pytest.mark.parametrize("kind", ["account_list", "order_list", "fillfee_list", "contract_chain"])
def test_entities_without_a_fill_say_that_one_is_missing(kind: str) -> None:
    saved = read_saved(SPEC.history[0], load(kind))
    assert {one.reason[:44] for one in saved.unparseable} == {
        "row: expected a fill joined with its order a"
    }


@pytest.mark.parametrize("spoiled", [{"fill": {"id": 1}}, {"cashBalanceLog": "gone"}])
def test_a_list_that_is_none_is_not_lost_among_others(spoiled: dict[str, Any]) -> None:
    saved = read_saved(SPEC.history[0], {"cashBalanceLog": [], "fill": [], **spoiled})
    assert len(saved.unparseable) == 1


def test_a_line_of_the_ledger_names_its_account_itself() -> None:
    (line, *_) = load("cash_balance_log_deps")
    line |= {"cashChangeType": "FundTransaction", "fillId": None}
    saved = read_saved(SPEC.history[0], line)
    assert [account for account, _ in saved.events] == ["54066902"]


def test_a_fill_without_a_fee_yet_is_pending() -> None:
    pending = fill({**row(), "fee": None})
    assert pending.fees == (Fee(amount=Decimal(0), currency="USD", origin=FeeOrigin.PENDING),)


def test_a_fill_that_is_old_enough_without_a_fee_has_none() -> None:
    assert fill({**row(), "fee": None, "settled": True}).fees == ()


def test_fees_in_two_currencies_are_two_fees() -> None:
    fee = {"id": 1, "clearingFee": 1, "clearingCurrencyId": 3, "commission": 2, "nfaFee": None}
    euros = {**row(), "fee": fee, "currencies": {"1": "USD", "3": "EUR"}}
    assert fill(euros).fees == (
        Fee(amount=Decimal(1), currency="EUR"),
        Fee(amount=Decimal(2), currency="USD"),
    )


@pytest.mark.parametrize("change", [{"void": True}, {"fill": {**row()["fill"], "active": False}}])
def test_a_fill_that_was_taken_back_does_not_count(change: dict[str, Any]) -> None:
    assert fill({**row(), **change}).status is RowStatus.BUSTED


def test_a_fill_that_does_not_say_whether_it_is_active_counts() -> None:
    raw = row()
    del raw["fill"]["active"]
    assert fill(raw).status is RowStatus.BOOKED


REFUSED = [
    (("fill", "qty"), 0, "qty"),
    (("fill", "qty"), -1, "qty"),
    (("fill", "qty"), True, "qty"),
    (("fill", "qty"), None, "qty"),
    (("fill", "action"), "Short", "action"),
    (("fill", "action"), None, "action"),
    (("fill", "price"), "much", "price"),
    (("fill", "timestamp"), "2026-06-31T00:00:00Z", "timestamp"),
    (("fill", "timestamp"), "2026-06-14T23:03:54", "timestamp"),
    (("fill", "active"), "yes", "active"),
    (("fill", "id"), None, "id"),
    (("fill", "orderId"), "x", "orderId"),
    (("contract",), None, "contract"),
    (("maturity",), None, "maturity"),
    (("product",), None, "product"),
    (("product", "valuePerPoint"), None, "valuePerPoint"),
    (("product", "valuePerPoint"), 0, "multiplier"),
    (("product", "productType"), "Spread", "productType"),
    (("product", "currencyId"), 99, "currency"),
    (("currencies",), {"1": "Dollars"}, "currency"),
    (("fee", "nfaCurrencyId"), 99, "currency"),
    (("fee", "nfaFee"), "much", "nfaFee"),
    (("account",), "1", "account"),
    (("account",), None, "account"),
]


@pytest.mark.parametrize(("place", "value", "named"), REFUSED)
def test_a_spoiled_row_is_refused_by_the_name_of_its_field(
    place: tuple[str, ...], value: Any, named: str
) -> None:
    raw = copy.deepcopy(row())
    inner = raw
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    with pytest.raises(UnparseableRow, match=f"^{named}"):
        parse_row(raw, FIRST)


def test_a_row_of_another_account_is_refused() -> None:
    with pytest.raises(UnparseableRow, match="account: expected 54066903"):
        parse_row(row(), SECOND)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
PLACES = [
    (part, name)
    for part in ("fill", "fee", "contract", "maturity", "product", "currencies")
    for name in row()[part]
] + [(name,) for name in row()]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), JSON)
def test_whatever_stands_in_a_field_gives_a_row_or_a_refusal(
    place: tuple[str, ...], value: Any
) -> None:
    raw = copy.deepcopy(row())
    inner = raw
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    booked_on(raw)
    with contextlib.suppress(UnparseableRow):
        assert isinstance(parse_row(raw, FIRST), ParsedRow | Ignored)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(load("cash_balance_log_deps")[0])), JSON)
def test_whatever_stands_in_a_line_gives_a_row_or_a_refusal(name: str, value: Any) -> None:
    raw = {"account": FIRST.account_id, "ledger": {**load("cash_balance_log_deps")[0], name: value}}
    booked_on(raw)
    with contextlib.suppress(UnparseableRow):
        assert isinstance(parse_row(raw, FIRST), ParsedRow | Ignored)


def test_lines_that_fills_tell_are_left_out_by_name() -> None:
    saved = read_saved(SPEC.history[0], load("cash_balance_log_deps"), account_id=FIRST.account_id)
    assert [one.reason for one in saved.ignored] == [
        "ledger: Commission",
        "ledger: ExchangeFee",
        "ledger: TradePaired",
    ]


def test_a_fee_that_belongs_to_no_fill_is_an_event() -> None:
    found = event()
    assert isinstance(found, AccountEvent)
    assert (found.type, found.subtype, found.amount) == (
        EventType.FEE,
        "Commission",
        Decimal("-1.29"),
    )
    assert found.effective_on.isoformat() == "2026-06-15"


def test_money_that_comes_is_cash() -> None:
    found = event(cashChangeType="FundTransaction", delta=1500, comment="ACH")
    assert isinstance(found, AccountEvent)
    assert (found.type, found.amount, found.description) == (EventType.CASH, 1500, "ACH")


def test_a_new_session_that_changes_nothing_is_left_out() -> None:
    assert event(cashChangeType="NewSession", delta=0) == Ignored("ledger: NewSession")


@pytest.mark.parametrize(
    "change",
    [
        {"cashChangeType": "NewSession"},
        {"cashChangeType": "CashSettlement"},
        {"cashChangeType": None},
        {"delta": None},
        {"tradeDate": {"year": 2026, "month": 13, "day": 1}},
        {"id": 0},
        {"accountId": 1},
        {"timestamp": None},
    ],
)
def test_a_line_that_is_not_understood_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UnparseableRow):
        event(**change)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"missing": 7}, "fill 7: the ledger names it"),
        ({"report": {"execType": "TradeCancel"}}, "a TradeCancel of which no fill"),
        ("spoiled", "expected an object"),
    ],
)
def test_what_is_named_and_not_given_is_refused(raw: Any, words: str) -> None:
    with pytest.raises(UnparseableRow, match=words):
        parse_row(raw, FIRST)


def test_a_row_belongs_to_the_session_that_it_names() -> None:
    day = booked_on(row())
    assert day is not None
    assert day.isoformat() == "2026-06-15"  # filled on Sunday evening
    without = row()
    del without["fill"]["tradeDate"]
    assert booked_on(without) == day


@pytest.mark.parametrize("raw", ["spoiled", {}, {"fill": 7}, {"fill": {"tradeDate": {"year": 1}}}])
def test_a_spoiled_row_names_no_day(raw: Any) -> None:
    assert booked_on(raw) is None


@pytest.mark.parametrize("body", [load("errors"), {}, None, "text"])
def test_what_holds_no_list_is_an_error(body: Any) -> None:
    with pytest.raises(ContractBroken):
        rows_of(body)
