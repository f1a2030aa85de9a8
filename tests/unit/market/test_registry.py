import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared.domain.market.instrument import InstrumentClass, RollRule
from shared.market.registry import LEADERS, VIX, load_instruments, load_series
from shared.market.sessions import next_session
from tests.open_market import open_series, served

HOUSE_ORDER = [
    "ES", "NQ", "YM", "RTY", "CL", "NG", "GC", "SI", "HG", "ZN", "ZB", "6E", "6B", "6J",
    "EURUSD", "GBPUSD", "USDJPY", "XAUUSD", "BTCUSD", "SPY", "QQQ",
]  # fmt: skip
UNSERVED = ["YM", "CL", "NG", "SI", "HG", "ZN", "ZB", "BTCUSD"]
REFERENCE = Path(__file__).parents[4] / "shared" / "market" / "instruments.csv"


def read_reference():
    if not REFERENCE.is_file():
        return []
    return list(csv.DictReader(REFERENCE.read_text().splitlines()))


def reference_rows():
    return [row for row in read_reference() if row["asset_class"] != "leader"]


def named(instrument, provider):
    """How a provider calls the best of an instrument's sources that it serves."""
    for source in instrument.sources:
        symbol = load_series()[source.series].providers.get(provider)
        if symbol is not None:
            return f"{symbol} (invert)" if source.inverted else symbol
    return ""


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
        assert named(i, "oanda") == row["oanda_symbol"]
        assert named(i, "databento") == row["databento_continuous"]
        assert named(i, "alpaca") == row["alpaca_proxy"].partition(" ")[0]


def test_every_instrument_has_a_session_calendar_with_sessions_in_it():
    for instrument in load_instruments().values():
        assert next_session(instrument, date(2026, 3, 6)) in {date(2026, 3, 7), date(2026, 3, 9)}


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


def test_leaders_agree_with_the_reference_table():
    rows = [row["symbol"] for row in read_reference() if row["asset_class"] == "leader"]
    if not rows:
        pytest.skip(f"{REFERENCE} is not here")
    assert list(LEADERS) == rows


def test_three_leaders_and_vix_have_open_daily_bars_and_alpaca_has_all_seven():
    assert [s for s in LEADERS if open_series(s) is not None] == ["AAPL", "GOOGL", "META"]
    assert open_series(VIX) is not None
    assert all(load_series()[s].providers == {"alpaca": s} for s in LEADERS)


def test_futures_roll_by_volume_and_nothing_else_rolls():
    for instrument in load_instruments().values():
        is_future = instrument.asset_class.endswith("_future")
        assert instrument.roll == (RollRule.VOLUME if is_future else None)
        assert load_series()[instrument.symbol].roll == instrument.roll


def test_the_order_is_the_instrument_itself_then_a_cfd_or_spot_then_an_etf():
    for instrument in load_instruments().values():
        if instrument.asset_class is InstrumentClass.ETF:
            continue
        asked = [p for s in instrument.sources for p in load_series()[s.series].providers]
        order = ["databento", "oanda", "alpaca"] if len(asked) == 3 else asked
        assert asked == order, instrument.symbol
    assert [s.series for s in load_instruments()["GC"].sources] == ["GC", "XAUUSD", "GLD"]


def test_every_instrument_has_a_provider_on_the_network():
    for instrument in load_instruments().values():
        assert any(load_series()[s.series].providers for s in instrument.sources)
