import pytest

from shared.features import security
from shared.features.definitions import Missing
from shared.market.registry import load_instruments
from tests.open_market import daily_series, inputs_of, open_inputs


def test_a_gap_is_measured_in_the_atr_known_before_it():
    series = daily_series([100.0] * 30 + [106.0], spread=1.0)
    values = security.compute(inputs_of(series))
    assert values["gap_atr"] == pytest.approx(3.0)  # ATR before was 2
    assert values["true_range"] == pytest.approx(7.0)
    assert values["range_atr"] == pytest.approx(3.5)


def test_too_few_bars_say_how_many_are_needed_and_at_hand():
    values = security.compute(inputs_of(daily_series([1.0] * 5)))
    assert values["atr14"] == Missing("16 daily bars are needed, 5 are at hand")


def test_a_short_history_gives_what_it_can():
    values = security.compute(inputs_of(daily_series([100.0, 101.0] * 15)))
    assert isinstance(values["realized_vol20"], float)
    assert values["vol_percentile252"] == Missing("272 daily bars are needed, 30 are at hand")


def test_prices_that_never_moved_have_no_ratio_and_no_crash():
    values = security.compute(inputs_of(daily_series([100.0] * 80, spread=0.0)))
    assert isinstance(values["gap_atr"], Missing)
    assert isinstance(values["regime_ratio"], Missing)


def test_a_negative_close_has_no_share_of_itself():
    values = security.compute(inputs_of(daily_series([10.0] * 30 + [-37.63])))
    assert values["atr_pct"] == Missing("the close is not positive")


def test_without_the_vix_it_says_so():
    values = security.compute(inputs_of(daily_series([1.0] * 30)))
    assert values["vix"] == Missing("no VIX close was known")


def test_the_vix_of_the_replays_morning_is_thursdays_close():
    values = security.compute(open_inputs("SPY"))
    assert values["vix"] == 28.59
    assert values["vix_change"] == pytest.approx(28.59 - 27.62)


def test_the_tail_of_five_hundred_returns_holds_twenty_five_days():
    closes = [100.0 + (i * 7) % 11 for i in range(501)]
    values = security.compute(inputs_of(daily_series(closes)))
    assert values["tail_days"] == 25
    assert values["es95"] >= values["var95"] > 0


def test_yang_zhang_falls_back_to_simple_returns_where_a_price_is_not_positive():
    values = security.compute(inputs_of(daily_series([10.0 + i % 3 for i in range(30)] + [-37.63])))
    assert values["yang_zhang_vol20"] == values["realized_vol20"]
    assert isinstance(values["garman_klass_vol20"], Missing)


def test_a_market_without_weekends_has_a_longer_year():
    closes = [100.0, 101.0] * 15
    weekdays = inputs_of(daily_series(closes))
    daily = inputs_of(daily_series(closes), instrument=load_instruments()["BTCUSD"])
    ratio = security.compute(daily)["realized_vol20"] / security.compute(weekdays)["realized_vol20"]
    assert ratio == pytest.approx((365 / 252) ** 0.5)


def test_stocks_fall_when_the_vix_rises():
    assert security.compute(open_inputs("SPY"))["vix_correlation60"] < -0.5


def test_the_gap_of_a_year_is_ranked_against_all_others():
    series = daily_series([100.0 + (i % 5) for i in range(300)])
    assert security.compute(inputs_of(series))["gap_p95"] > 0
