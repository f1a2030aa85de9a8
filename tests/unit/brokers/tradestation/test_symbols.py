from decimal import Decimal

import pytest

from shared.brokers.tradestation.symbols import traded
from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass
from shared.market.registry import load_instruments

OWN_ROOTS = {"ZN": "TY", "ZB": "US", "6E": "EC", "6B": "BP"}


def test_a_share_is_its_own_root() -> None:
    what = traded("BRK.B", "STOCK")
    assert (what.root, what.asset_class, what.multiplier) == (
        "BRK.B",
        AssetClass.EQUITY,
        Decimal(1),
    )


@pytest.mark.parametrize(
    ("symbol", "asset_type"),
    [("SPY 260320P550", "STOCKOPTION"), ("VIXW 241211C14.5", "INDEXOPTION")],
)
def test_an_option_is_its_own_root_and_stands_for_a_hundred(symbol: str, asset_type: str) -> None:
    what = traded(symbol, asset_type)
    assert (what.root, what.asset_class, what.multiplier) == (
        symbol,
        AssetClass.OPTION,
        Decimal(100),
    )


@pytest.mark.parametrize("symbol", ["AAPL1 260320C100", "NANOS 241206C605", "SPY", "SPY 260320P"])
def test_options_with_another_multiplier_are_refused(symbol: str) -> None:
    with pytest.raises(UnparseableRow, match="no option of 100"):
        traded(symbol, "STOCKOPTION")


@pytest.mark.parametrize(
    ("symbol", "root", "point_value"),
    [
        ("ESM26", "ES", "50"),
        ("ESU26", "ES", "50"),
        ("MESZ26", "MES", "5"),
        ("USH26", "ZB", "1000"),
        ("CZ26", "ZC", "50"),
        ("NE1H27", "6N", "100000"),
        ("JYM26", "6J", "125000"),
    ],
)
def test_contract_months_belong_to_the_exchanges_root(
    symbol: str, root: str, point_value: str
) -> None:
    what = traded(symbol, "FUTURE")
    assert (what.root, what.asset_class) == (root, AssetClass.FUTURE)
    assert what.multiplier == Decimal(point_value)


@pytest.mark.parametrize("symbol", ["ZZZM26", "ES", "ESA26", "@ES", "ESM2"])
def test_an_unknown_future_is_refused_never_counted_with_one(symbol: str) -> None:
    with pytest.raises(UnparseableRow, match="point value"):
        traded(symbol, "FUTURE")


@pytest.mark.parametrize("asset_type", ["FOREX", "FUTUREOPTION", "INDEX", "UNKNOWN", "NEW"])
def test_what_cannot_be_counted_is_refused_by_its_type(asset_type: str) -> None:
    with pytest.raises(UnparseableRow, match=f"AssetType '{asset_type}'"):
        traded("EURUSD", asset_type)


def test_point_values_agree_with_our_own_instruments() -> None:
    futures = [i for i in load_instruments().values() if i.asset_class.endswith("_future")]
    for instrument in futures:
        if instrument.symbol == "6J":
            continue  # TradeStation's yen prices are x 100
        own = OWN_ROOTS.get(instrument.symbol, instrument.symbol)
        what = traded(f"{own}M26", "FUTURE")
        assert (what.root, what.multiplier) == (instrument.symbol, instrument.point_value)
    assert len(futures) == 14
