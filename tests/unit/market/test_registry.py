import csv
from decimal import Decimal
from pathlib import Path

import pytest

from shared.market.registry import LEADERS, VIX, load_instruments, load_series
from tests.open_market import open_series, served

HOUSE_ORDER = [
    "ES", "NQ", "YM", "RTY", "CL", "NG", "GC", "SI", "HG", "ZN", "ZB", "6E", "6B", "6J",
    "EURUSD", "GBPUSD", "USDJPY", "XAUUSD", "BTCUSD", "SPY", "QQQ",
]  # fmt: skip
UNSERVED = ["YM", "CL", "NG", "SI", "HG", "ZN", "ZB", "BTCUSD"]
REFERENCE = Path(__file__).parents[4] / "shared" / "market" / "instruments.csv"


def reference_rows():
    if not REFERENCE.is_file():
        return []
    rows = csv.DictReader(REFERENCE.read_text().splitlines())
    return [row for row in rows if row["asset_class"] != "leader"]


def test_the_21_stand_in_the_order_of_the_house():
    assert list(load_instruments()) == HOUSE_ORDER


def test_the_registry_agrees_with_the_reference_table():
    rows = reference_rows()
    if not rows:
        pytest.skip(f"{REFERENCE} is not here")
    for row in rows:
        i = load_instruments()[row["symbol"]]
        assert (i.name, i.asset_class, i.exchange) == (
            row["name"], row["asset_class"], row["exchange"],
        )  # fmt: skip
        assert i.tick == Decimal(row["tick_size"]), i.symbol
        assert i.point_value == (Decimal(row["point_value"]) if row["point_value"] else None)
        assert i.currency == row["quote_ccy"]
        assert i.calendar_currencies == tuple(row["calendar_ccys"].split("|"))
        assert i.providers.get("oanda", "") == row["oanda_symbol"]
        assert i.providers.get("databento", "") == row["databento_continuous"]
        assert i.providers.get("alpaca", "") == row["alpaca_proxy"].partition(" ")[0]


def test_the_close_basis_agrees_with_the_reference_table_where_that_knows_one():
    rows = [r for r in reference_rows() if r["daily_close_basis"] != "see notes"]
    if not rows:
        pytest.skip(f"{REFERENCE} is not here")
    for row in rows:
        basis = load_instruments()[row["symbol"]].hours.basis
        assert basis == row["daily_close_basis"].replace("broker day", "dealing day")


def test_open_prices_serve_thirteen_and_the_others_say_what_is_missing():
    unserved = [i for i in load_instruments().values() if i.symbol not in served()]
    assert served() == [s for s in HOUSE_ORDER if s not in UNSERVED]
    assert [i.symbol for i in unserved if i.missing] == UNSERVED


def test_every_source_is_a_known_series_and_a_proxy_names_both_sides():
    for instrument in load_instruments().values():
        own, *proxies = instrument.sources
        assert (own.series, own.label) == (instrument.symbol, None)
        for proxy in proxies:
            assert proxy.series in load_series()
            assert proxy.label is not None
            assert proxy.series in proxy.label
            assert proxy.label.endswith(f"for {instrument.symbol}")


def test_leaders_and_vix_have_open_daily_bars():
    for symbol in (*LEADERS, VIX):
        assert open_series(symbol) is not None
