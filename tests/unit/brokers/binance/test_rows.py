from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.binance.income import parse_row
from shared.brokers.binance.rows import booked_at, booked_on
from shared.brokers.spec import BrokerAccount, Ignored, ParsedRow
from shared.domain.errors import UnparseableRow
from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    Fee,
    Side,
    StatedPnl,
)
from shared.domain.ids import RowKey
from shared.domain.journal.book import build_book
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "binance"
ACCOUNT = BrokerAccount("354937868:spot", "354937868 spot", "USDT")


def sample(name: str) -> list[Any]:
    found: list[Any] = loads_exact((SAMPLES / name).read_bytes())
    return found


BOUGHT, TWIN, SOLD, IN_COIN = sample("spot_mytrades.json")
SHORTED, COVERED = sample("usdm_usertrades.json")
COMMISSION, REALIZED, FUNDING = sample("usdm_income.json")


def composed(trade: Any, base: str = "BTC", quote: str = "USDT") -> dict[str, Any]:
    return {"trade": trade, "baseAsset": base, "quoteAsset": quote}


def fill_of(raw: Any) -> Execution:
    found = parse_row(raw, ACCOUNT)
    assert isinstance(found, ParsedRow)
    assert isinstance(found.row, Execution)
    return found.row


def event_of(raw: Any) -> AccountEvent:
    found = parse_row(raw, ACCOUNT)
    assert isinstance(found, ParsedRow)
    assert isinstance(found.row, AccountEvent)
    return found.row


def test_a_spot_trade_of_the_samples_is_read_whole() -> None:
    assert fill_of(composed(BOUGHT)) == Execution(
        execution_id="spot:BTCUSDT:5012345678:B",
        order_id="41000000001",
        symbol="BTCUSDT",
        root="BTCUSDT",
        asset_class=AssetClass.CRYPTO,
        side=Side.BUY,
        quantity=Decimal("0.01"),
        price=Decimal("91234.56"),
        currency="USDT",
        executed_at=parse_instant("2025-11-23T12:13:19Z"),
        fees=(Fee(amount=Decimal("0.00075"), currency="BNB"),),
        base="BTC",
    )


def test_a_futures_trade_of_the_samples_is_read_whole() -> None:
    assert fill_of({"trade": SHORTED, "commissions": [COMMISSION]}) == Execution(
        execution_id="usdm:BTCUSDT:7012345678:S",
        order_id="51000000001",
        symbol="BTCUSDT",
        root="BTCUSDT",
        asset_class=AssetClass.CRYPTO,
        side=Side.SELL,
        quantity=Decimal("0.01"),
        price=Decimal("91234.5"),
        currency="USDT",
        executed_at=parse_instant("2025-11-23T12:13:19.100Z"),
        fees=(Fee(amount=Decimal("0.364938"), currency="USDT"),),
        stated_pnl=StatedPnl(amount=Decimal(0)),
    )


@pytest.mark.parametrize(
    ("symbol", "base", "quote"),
    [("BTCUSDT", "BTC", "USDT"), ("BNBTUSD", "BNB", "TUSD"), ("ETHBTC", "ETH", "BTC")],
)
def test_a_pair_is_split_as_the_exchange_says(symbol: str, base: str, quote: str) -> None:
    raw = composed({**BOUGHT, "symbol": symbol}, base, quote)
    assert (fill_of(raw).currency, fill_of(raw).symbol) == (quote, symbol)


def test_a_bare_trade_is_split_where_its_symbol_leaves_no_doubt() -> None:
    assert fill_of(SOLD).currency == "USDT"
    with pytest.raises(UnparseableRow, match="two assets"):
        fill_of({**SOLD, "symbol": "USDTARS"})


def test_a_fee_in_the_quote_currency_stays_with_its_trade() -> None:
    assert fill_of(composed(SOLD)).fees == (Fee(amount=Decimal("0.7344"), currency="USDT"),)


def test_a_fee_in_the_bought_coin_is_a_fee_in_units_of_the_trade() -> None:
    fill = fill_of(composed(IN_COIN))
    assert (fill.base, fill.quantity) == ("BTC", Decimal("0.01"))
    assert (fill.fees[0].currency, fill.units_taken) == ("BTC", Decimal("0.00001"))


def test_the_samples_add_up_to_the_sample_of_the_account() -> None:
    rows = [fill_of(composed(raw)) for raw in (BOUGHT, TWIN, SOLD, IN_COIN)]
    book = build_book("BTCUSDT", [(RowKey(row.execution_id), row) for row in rows])
    assert [position.quantity for position in book.positions] == [Decimal("0.01699")]


def test_both_sides_of_a_trade_with_oneself_are_two_rows() -> None:
    sides = [parse_row(composed({**BOUGHT, "isBuyer": buys}), ACCOUNT) for buys in (True, False)]
    first, second = sides
    assert isinstance(first, ParsedRow)
    assert isinstance(second, ParsedRow)
    assert first.identity != second.identity


@pytest.mark.parametrize(
    ("maker", "commission", "amount"),
    [(False, "0.5", "0.5"), (True, "0.5", "0.5"), (True, "-0.5", "-0.5")],
    ids=["a cost", "a maker's cost", "a rebate"],
)
def test_a_commission_keeps_its_sign(maker: bool, commission: str, amount: str) -> None:
    fill = fill_of({**SHORTED, "maker": maker, "commission": commission})
    assert [fee.amount for fee in fill.fees] == [Decimal(amount)]


def test_a_negative_commission_of_a_taker_is_kept_raw() -> None:
    with pytest.raises(UnparseableRow, match="cost or its opposite"):
        fill_of({**SHORTED, "commission": "-0.5"})


def test_the_ledger_goes_before_the_trade_s_own_commission() -> None:
    raw = {"trade": {**SHORTED, "commission": "-0.36493800"}, "commissions": [COMMISSION]}
    assert fill_of(raw).fees[0].amount == Decimal("0.364938")


def test_two_commissions_under_one_trade_leave_each_side_its_own() -> None:
    raw = {"trade": SHORTED, "commissions": [COMMISSION, {**COMMISSION, "income": "-0.1"}]}
    assert fill_of(raw).fees[0].amount == Decimal("0.364938")


@pytest.mark.parametrize("fee", ["0", "0.00000000"])
def test_a_fee_of_nothing_is_no_fee(fee: str) -> None:
    assert fill_of(composed({**BOUGHT, "commission": fee})).fees == ()


@pytest.mark.parametrize(
    ("side", "symbol"), [("BOTH", "BTCUSDT"), ("LONG", "BTCUSDT:LONG"), ("SHORT", "BTCUSDT:SHORT")]
)
def test_both_sides_of_a_hedge_have_names_of_their_own(side: str, symbol: str) -> None:
    fill = fill_of({**SHORTED, "positionSide": side})
    assert (fill.symbol, fill.root) == (symbol, "BTCUSDT")


def test_times_in_microseconds_are_recognized() -> None:
    micros = {**BOUGHT, "time": BOUGHT["time"] * 1000 + 7}
    assert fill_of(composed(micros)).executed_at == parse_instant("2025-11-23T12:13:19.000007Z")


BAD = {
    "isBuyer": [None, "true", 1],
    "isMaker": [None],
    "qty": ["0", "-1", "x", None, 0.5, "1e99"],
    "price": ["0", "-1", "abc", None],
    "commission": [None, "x"],
    "commissionAsset": [None, ""],
    "time": [None, "1763899999000", 0, 1.5, True, 10**20, 1_000_000_000_000, 5 * 10**12],
    "id": [None, "7", -1, True],
    "orderId": [None],
    "symbol": [None, ""],
}


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in BAD.items() for v in values])
def test_a_spot_trade_with_a_bad_field_is_kept_raw(field: str, value: Any) -> None:
    with pytest.raises(UnparseableRow, match=r"."):
        fill_of(composed({**BOUGHT, field: value}))


@pytest.mark.parametrize("assets", [("", "USDT"), ("BTC", ""), ("BTC", "$")])
def test_a_pair_whose_assets_are_unknown_is_kept_raw(assets: tuple[str, str]) -> None:
    with pytest.raises(UnparseableRow):
        fill_of(composed(BOUGHT, *assets))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("side", "HOLD"),
        ("positionSide", "UP"),
        ("positionSide", None),
        ("marginAsset", None),
        ("marginAsset", "X"),
        ("qty", "0.000"),
        ("price", "0"),
        ("maker", None),
        ("time", -1),
    ],
)
def test_a_futures_trade_with_a_bad_field_is_kept_raw(field: str, value: Any) -> None:
    with pytest.raises(UnparseableRow):
        fill_of({**SHORTED, field: value})


def test_a_fee_as_large_as_what_was_bought_is_kept_raw() -> None:
    with pytest.raises(UnparseableRow, match="must be smaller than the quantity"):
        fill_of(composed({**IN_COIN, "commission": IN_COIN["qty"]}))


@pytest.mark.parametrize("raw", [None, "x", [], {"trade": "spoiled"}, {"trade": None}])
def test_what_is_no_row_is_kept_raw(raw: Any) -> None:
    with pytest.raises(UnparseableRow):
        parse_row(raw, ACCOUNT)


def test_funding_is_financing_of_its_contract() -> None:
    assert event_of(FUNDING) == AccountEvent(
        event_id="FUNDING_FEE:9689322777",
        type=EventType.FINANCING,
        subtype="FUNDING_FEE",
        symbol="BTCUSDT",
        root="BTCUSDT",
        asset_class=AssetClass.CRYPTO,
        amount=Decimal("-0.0451"),
        currency="USDT",
        effective_on=date(2025, 11, 23),
        occurred_at=parse_instant("2025-11-23T16:00:00Z"),
    )


@pytest.mark.parametrize("raw", [COMMISSION, REALIZED])
def test_what_trades_tell_themselves_is_left_out_by_its_name(raw: Any) -> None:
    assert parse_row(raw, ACCOUNT) == Ignored(raw["incomeType"])


@pytest.mark.parametrize(
    ("kind", "of"),
    [
        ("TRANSFER", EventType.TRANSFER),
        ("INSURANCE_CLEAR", EventType.FEE),
        ("COMMISSION_REBATE", EventType.FEE),
        ("WELCOME_BONUS", EventType.CASH),
    ],
)
def test_other_incomes_are_events_of_no_contract(kind: str, of: EventType) -> None:
    event = event_of({**FUNDING, "incomeType": kind, "symbol": "", "tranId": "42"})
    assert (event.type, event.root, event.event_id) == (of, None, f"{kind}:42")


@pytest.mark.parametrize(
    "changed",
    [
        {"incomeType": "DELIVERED_SETTELMENT"},
        {"incomeType": "NEW_KIND"},
        {"incomeType": 7},
        {"income": "x"},
        {"asset": ""},
        {"asset": "X"},
        {"tranId": None},
        {"tranId": "x"},
        {"time": None},
        {"symbol": 7},
    ],
)
def test_an_income_that_cannot_be_read_is_kept_raw(changed: dict[str, Any]) -> None:
    with pytest.raises(UnparseableRow):
        parse_row({**FUNDING, **changed}, ACCOUNT)


def test_a_symbol_that_is_gone_is_counted_by_its_name() -> None:
    found = parse_row({"gone": "LUNAUSDT"}, ACCOUNT)
    assert isinstance(found, Ignored)
    assert found.reason.startswith("LUNAUSDT is not listed")


def test_a_row_belongs_to_its_day_in_utc() -> None:
    late = {**BOUGHT, "time": 1763942399999}
    assert booked_on(composed(late)) == booked_on(late) == date(2025, 11, 23)
    assert (booked_at("spoiled"), booked_on({"trade": None})) == (None, None)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.decimals(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(st.data())
def test_whatever_a_row_holds_it_is_read_or_unparseable_and_nothing_else(
    data: st.DataObject,
) -> None:
    raw = dict(data.draw(st.sampled_from([BOUGHT, IN_COIN, SHORTED, FUNDING])))
    for field in data.draw(st.sets(st.sampled_from(sorted(raw)), max_size=3)):
        raw[field] = data.draw(ANY)
    for one in (raw, {"trade": raw, "commissions": data.draw(ANY), "baseAsset": "BTC"}):
        with suppress(UnparseableRow):
            parse_row(one, ACCOUNT)
    booked_on(raw)
