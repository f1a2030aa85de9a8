from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.bias import Label, Probabilities
from shared.features.table import compute
from shared.forecast.probabilities import describe, forecast, label_by_lift
from shared.market.registry import load_instruments
from tests.open_market import REPLAY, open_inputs, served

INSTRUMENTS = load_instruments()
BASE = Probabilities(bear=0.30, neutral=0.34, bull=0.36)


def forecast_of(symbol, as_of=REPLAY):
    return forecast(INSTRUMENTS[symbol], compute(open_inputs(symbol, as_of)).features, as_of)


def test_the_label_is_the_greatest_lift_and_not_the_greatest_chance():
    chances = Probabilities(bear=0.33, neutral=0.32, bull=0.35)
    assert label_by_lift(chances, BASE) is Label.BEARISH


def test_a_lift_below_half_a_point_is_not_worth_a_name():
    chances = Probabilities(bear=0.304, neutral=0.338, bull=0.358)
    assert label_by_lift(chances, BASE) is Label.NEUTRAL


def test_two_sides_with_the_same_lift_are_no_lean():
    chances = Probabilities(bear=0.32, neutral=0.30, bull=0.38)
    assert label_by_lift(chances, BASE) is Label.NEUTRAL


def test_a_quiet_day_can_be_the_lean():
    chances = Probabilities(bear=0.29, neutral=0.37, bull=0.34)
    assert label_by_lift(chances, BASE) is Label.NEUTRAL


@pytest.mark.parametrize("symbol", served())
def test_lift_is_the_labels_chance_over_its_base_rate(symbol):
    f = forecast_of(symbol)
    expected = 100 * (f.probabilities.of(f.label) - f.base_rates.of(f.label))
    assert f.lift == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("symbol", served())
def test_no_chance_is_claimed_that_history_never_showed(symbol):
    assert max(forecast_of(symbol).probabilities.model_dump().values()) < 0.5


def test_a_proxys_numbers_are_read_around_the_instruments_own_base_rates():
    future, fund = forecast_of("ES"), forecast_of("SPY")
    assert future.base_rates != fund.base_rates
    assert abs(future.lift - fund.lift) < 1


def test_a_missing_number_counts_as_an_ordinary_one():
    features = compute(open_inputs("SPY")).features
    without = [f for f in features if f.name != "regime_ratio"]
    f = forecast(INSTRUMENTS["SPY"], without, REPLAY)
    assert f.probabilities not in (f.base_rates, forecast_of("SPY").probabilities)


def test_no_number_at_all_gives_the_base_rates_and_says_so():
    f = forecast(INSTRUMENTS["SPY"], (), REPLAY)
    assert f.probabilities == f.base_rates
    assert (f.label, f.lift) == (Label.NEUTRAL, 0.0)
    assert "base rates of a normal day" in f.wording


def test_the_wording_never_contradicts_the_label():
    seen = set()
    start = datetime(2020, 2, 3, 22, 0, tzinfo=UTC)
    for symbol in ("SPY", "EURUSD", "XAUUSD"):
        for n in range(0, 110, 3):
            f = forecast_of(symbol, start + timedelta(days=n))
            seen.add(f.label)
            assert ("bullish" in f.wording) == (f.label is Label.BULLISH)
            assert ("bearish" in f.wording) == (f.label is Label.BEARISH)
    assert len(seen) == 3  # a forecaster with one label for all days would prove nothing


@pytest.mark.parametrize(
    ("lift", "words"), [(0.4, "no lean"), (2.99, "leans slightly bullish"), (3.0, "leans bullish")]
)
def test_a_lift_of_less_than_three_points_is_called_slight(lift, words):
    bull = round(BASE.bull + lift / 100, 4)
    chances = Probabilities(bear=BASE.bear, neutral=round(1 - BASE.bear - bull, 4), bull=bull)
    assert describe(chances, BASE).wording.startswith(words)


def test_the_edge_is_put_in_words_with_its_size():
    f = forecast_of("SPY")
    p, b = f.probabilities, f.base_rates
    edge = abs(100 * ((p.bull - p.bear) - (b.bull - b.bear)))
    assert f"{edge:.1f} points" in f.edge
    assert "close to unpredictable" in f.edge


def test_equal_snapshots_give_equal_bytes():
    assert forecast_of("SPY").model_dump_json() == forecast_of("SPY").model_dump_json()


def test_bars_of_after_the_as_of_change_no_forecast():
    inputs = open_inputs("SPY")
    cut = compute(replace(inputs, daily=inputs.daily.until(REPLAY))).features
    assert forecast(INSTRUMENTS["SPY"], cut, REPLAY) == forecast_of("SPY")
