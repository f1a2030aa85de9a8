import math

import numpy as np
import pytest

from shared.domain.bias import Step
from shared.features.table import DEFINITIONS
from shared.forecast.predictors import PREDICTORS, predictors
from tests.markets import feature

NAMES = [p.name for p in PREDICTORS]


def of(name, *features):
    return predictors(features, 252)[NAMES.index(name)]


def number(name, value):
    return feature(name, value, "pct", Step.SECURITY)


def test_every_predictor_reads_numbers_that_its_step_defines():
    for p in PREDICTORS:
        assert set(p.reads) <= {d.name for d in DEFINITIONS[p.step]}


def test_nothing_known_is_missing_everywhere():
    assert np.isnan(predictors((), 252)).all()


def test_a_number_without_a_value_is_missing():
    assert math.isnan(of("vix", number("vix", None)))


def test_a_move_is_read_in_ranges():
    found = of("last_move", number("day_change", -1.0), number("atr_pct", 2.0))
    assert found == -0.5


def test_a_gap_counts_by_its_size_alone():
    assert of("gap_size", number("gap_atr", -1.0)) == of("gap_size", number("gap_atr", 1.0))


@pytest.mark.parametrize("volatility", [0.0, -1.0])
def test_what_has_no_logarithm_is_missing(volatility):
    features = (number("atr_pct", 1.0), number("realized_vol20", volatility))
    assert math.isnan(of("atr_against_volatility", *features))


def test_a_move_weighs_alike_where_a_year_has_more_sessions():
    """Yearly volatility of equal days is greater where more of them make a year."""
    found = []
    for year in (252, 365):
        yearly = number("realized_vol20", math.sqrt(year))  # one per cent a session
        values = predictors((yearly, number("momentum20", 4.0), number("atr_pct", 2.0)), year)
        named = dict(zip(NAMES, values.tolist(), strict=True))
        found.append((named["momentum"], named["atr_against_volatility"]))
    assert found[0] == pytest.approx((4.0, math.log(2.0)))
    assert found[1] == pytest.approx(found[0])
