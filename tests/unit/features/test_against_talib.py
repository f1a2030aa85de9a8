"""Our indicators against TA-Lib's, bar by bar, to measured tolerances."""

import numpy as np
import pytest

from shared.features import indicators
from shared.features.estimates import pressure
from tests.open_market import open_series

talib = pytest.importorskip("talib", reason="TA-Lib, the oracle, is not installed (make setup)")

COLUMNS = ("open", "high", "low", "close", "volume")


@pytest.fixture(scope="module", params=["SPY", "QQQ", "EURUSD"])
def rows(request):
    bars = open_series(request.param).bars
    return {k: np.array([getattr(b, k) or 0.0 for b in bars], dtype=float) for k in COLUMNS}


def difference(ours, theirs, first):
    """The largest difference in units of the typical value, from the first valid index on."""
    assert np.isnan(ours[:first]).all()
    assert np.isnan(theirs[:first]).all()
    return float(np.abs(ours[first:] - theirs[first:]).max())


def test_atr_agrees_from_bar_14(rows):
    h, lo, c = rows["high"], rows["low"], rows["close"]
    assert difference(indicators.atr(h, lo, c), talib.ATR(h, lo, c, 14), 14) < 1e-12


def test_rsi_agrees_from_bar_14(rows):
    c = rows["close"]
    assert difference(indicators.rsi(c), talib.RSI(c, 14), 14) < 1e-11


def test_adx_agrees_from_bar_27_and_its_parts_from_bar_14(rows):
    h, lo, c = rows["high"], rows["low"], rows["close"]
    adx, plus, minus = indicators.directional(h, lo, c)
    assert difference(adx, talib.ADX(h, lo, c, 14), 27) < 1e-11
    assert difference(plus, talib.PLUS_DI(h, lo, c, 14), 14) < 1e-11
    assert difference(minus, talib.MINUS_DI(h, lo, c, 14), 14) < 1e-11


def test_bollinger_agrees_from_bar_19(rows):
    c = rows["close"]
    upper, _, lower = talib.BBANDS(c, 20, 2.0, 2.0)
    ours_lower, ours_upper = indicators.bollinger(c)
    # TA-Lib takes the variance as a difference of squares, which loses digits where prices are
    # high and still; 5e-10 was measured on an index future
    assert difference(ours_lower, lower, 19) < 1e-6
    assert difference(ours_upper, upper, 19) < 1e-6


def test_macd_agrees_from_bar_33(rows):
    c = rows["close"]
    line, signal, histogram = talib.MACD(c, 12, 26, 9)
    ours_line, ours_signal = indicators.macd(c)
    assert difference((ours_line - ours_signal), histogram, 33) < 1e-12
    assert float(np.abs(ours_line[33:] - line[33:]).max()) < 1e-11
    assert float(np.abs(ours_signal[33:] - signal[33:]).max()) < 1e-11


def test_sma_agrees_from_its_period_on(rows):
    c = rows["close"]
    assert difference(indicators.sma(c, 50), talib.SMA(c, 50), 49) < 1e-9


def test_on_balance_volume_agrees_in_every_step(rows):
    """Where it starts is a convention; what is used is its slope."""
    c, v = rows["close"], rows["volume"]
    ours, theirs = np.diff(pressure.obv(c, v)), np.diff(talib.OBV(c, v))
    assert ours.tolist() == pytest.approx(theirs.tolist(), abs=1e-3)


def test_the_money_flow_index_agrees_on_every_day(rows):
    if not rows["volume"].sum() > 0:
        pytest.skip("this series has no volume")
    h, lo, c, v = (rows[k] for k in ("high", "low", "close", "volume"))
    typical, theirs = (h + lo + c) / 3, talib.MFI(h, lo, c, v, 14)
    ours = [pressure.money_flow(typical[i - 14 : i + 1], v[i - 14 : i + 1]) for i in (14, 99, 400)]
    assert ours == pytest.approx([theirs[i] for i in (14, 99, 400)], abs=1e-6)
