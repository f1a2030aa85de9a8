from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from shared.domain.bias import Label, Probabilities
from shared.forecast import analogs
from shared.forecast.analogs import PastDays, forecast, row, similar, standardized
from shared.forecast.predictors import PREDICTORS
from shared.forecast.vintages import Slope

WIDTH = len(PREDICTORS)
SLOPES = {p.name: Slope(mean=0.0, sd=1.0, bear=0, bull=0) for p in PREDICTORS}
FIRST = datetime(2019, 1, 1, 21, tzinfo=UTC)


def day(number, value, followed=(1, 0.0)):
    at = FIRST + timedelta(days=number)
    return row(at.date().toordinal(), at, followed, np.full(WIDTH, value))


@pytest.fixture(autouse=True)
def _three_days_are_enough(monkeypatch):
    monkeypatch.setattr(analogs, "NEEDED", 3)


def test_the_nearest_days_come_first_with_their_distance():
    past = PastDays.of([day(0, 2.0), day(1, 1.0), day(2, -0.5)])
    found = similar(past, np.zeros(WIDTH), SLOPES, 2)
    assert (found.days.sessions - FIRST.date().toordinal()).tolist() == [2, 1]
    assert found.distances.tolist() == [0.5, 1.0]


def test_what_followed_a_day_stays_with_it():
    past = PastDays.of([day(0, 2.0, (0, -1.5)), day(1, 0.0, (2, 0.75)), day(2, 3.0)])
    nearest = similar(past, np.zeros(WIDTH), SLOPES, 1).days
    assert (nearest.outcomes.tolist(), nearest.moves.tolist()) == ([2], [0.75])


def test_among_few_days_none_is_called_similar():
    assert similar(PastDays.of([day(0, 0.0), day(1, 0.0)]), np.zeros(WIDTH), SLOPES) is None


def test_a_day_counts_from_the_instant_at_which_its_close_was_known():
    past = PastDays.of([day(2, 0.0), day(0, 0.0), day(1, 0.0)])
    at = FIRST + timedelta(days=1)
    assert len(past.until(at)) == 2
    assert len(past.until(at - timedelta(seconds=1))) == 1


def test_a_missing_number_and_one_without_a_scale_count_as_ordinary():
    values = np.full((1, WIDTH), 9.0)
    values[0, 1] = np.nan
    slopes = {p.name: Slope(mean=8.0, sd=2.0, bear=0, bull=0) for p in PREDICTORS[:2]}
    assert standardized(values, slopes)[0, :3].tolist() == [0.5, 0.0, 0.0]


BASE = Probabilities(bear=0.2, neutral=0.3, bull=0.5)


def test_what_followed_is_shrunk_to_the_base_rates_and_named_by_lift():
    chances, label = forecast([100, 0, 0], BASE)
    assert (chances.bear, chances.neutral, chances.bull) == (0.6, 0.15, 0.25)
    assert label is Label.BEARISH


def test_too_few_days_give_the_base_rates_and_name_no_side():
    assert forecast(None, BASE) == (BASE, Label.NEUTRAL)
