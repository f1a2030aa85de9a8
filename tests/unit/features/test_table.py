from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from infra.full_market import full_inputs
from shared.domain.bias import FEATURE_STEPS
from shared.features import volume
from shared.features.inputs import WINDOW
from shared.features.table import DEFINITIONS, FeatureTable, compute
from tests.open_market import REPLAY, daily_series, inputs_of, open_inputs, served

NAMES = [d.name for step in FEATURE_STEPS for d in DEFINITIONS[step]]
DATES = [
    datetime(2020, 3, 16, 22, 0, tzinfo=UTC),
    datetime(2020, 4, 9, 12, 15, tzinfo=UTC),
    REPLAY,
]


@pytest.mark.parametrize("symbol", served())
@pytest.mark.parametrize("as_of", DATES, ids=str)
def test_rows_of_after_the_as_of_change_no_feature_and_no_level(symbol, as_of):
    assert compute(open_inputs(symbol, as_of)) == compute(open_inputs(symbol, as_of, cut=True))


def test_every_defined_number_comes_once_and_in_order():
    assert [f.name for f in compute(open_inputs("SPY")).features] == NAMES
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_later_rows_of_any_kind_do_not_change_it_and_it_was_there(name):
    """Every number, on inputs that lack nothing: bars, hours, minutes, leaders, VIX, events."""
    cut, whole = (
        {f.name: f for f in table.features} for table in (_of_all(later=False), _of_all(later=True))
    )
    assert cut[name].value is not None, cut[name].reason
    assert cut[name] == whole[name]


@cache
def _of_all(*, later: bool) -> FeatureTable:
    return compute(full_inputs(later=later))


def test_levels_do_not_change_either():
    assert _of_all(later=False).levels == _of_all(later=True).levels


@pytest.mark.parametrize("symbol", served())
def test_of_the_replays_morning_the_open_data_lack_only_what_they_do_not_hold(symbol):
    inputs = open_inputs(symbol)
    missing = {f.name for f in compute(inputs).features if f.value is None}
    lacking = {n for n in NAMES if n.startswith(("lead_lag", "surprise"))}  # minutes, consensus
    if inputs.hourly is None:
        lacking |= {n for n in NAMES if n.startswith("session_")} | {"week_vwap_distance"}
    if inputs.daily.volume_kind == "none":
        lacking |= {d.name for d in volume.DEFINITIONS}
    assert missing - {"resistance", "support"} <= lacking


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 25, 39, 41, 62, 205])
def test_any_length_of_history_gives_every_number_or_its_reason(count):
    series = daily_series([100.0 + (i * 7) % 11 for i in range(count)])
    features = compute(inputs_of(series)).features
    assert [f.name for f in features] == NAMES


def test_older_history_than_the_window_changes_nothing():
    inputs = open_inputs("EURUSD")
    known = inputs.daily.until(inputs.as_of)
    assert len(known.bars) > WINDOW + 20
    shorter = replace(inputs, daily=replace(known, bars=known.bars[-WINDOW:]))
    assert compute(shorter) == compute(inputs)


def test_bar_numbers_are_dated_by_the_last_close_and_events_by_the_as_of():
    by_name = {f.name: f.as_of for f in compute(open_inputs("SPY")).features}
    assert by_name["rsi14"] == datetime(2020, 5, 28, 20, 0, tzinfo=UTC)
    assert by_name["hours_to_high"] == REPLAY


def test_the_yen_future_shows_the_dollars_trend_upside_down():
    def value(symbol, name):
        return next(f.value for f in compute(open_inputs(symbol)).features if f.name == name)

    assert value("6J", "rsi14") == pytest.approx(100 - value("USDJPY", "rsi14"), abs=1)
    assert value("6J", "momentum20") == pytest.approx(-value("USDJPY", "momentum20"), abs=0.02)
    assert value("6J", "donchian20") == pytest.approx(1 - value("USDJPY", "donchian20"), abs=0.01)


def test_no_price_is_rounded_coarser_than_it_is_quoted():
    last = {s: compute(open_inputs(s)).features[0].value for s in ("SPY", "EURUSD", "6J")}
    assert last["SPY"] == 302.97
    assert last["EURUSD"] == 1.10757
    assert last["6J"] == round(1 / 107.614, 7)
