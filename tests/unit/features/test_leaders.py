import math
import statistics
from dataclasses import replace
from itertools import pairwise

import pytest

from shared.features import leaders
from shared.features.definitions import Missing
from tests.open_market import daily_series, inputs_of, open_inputs

WAVE = [100 + 5 * math.sin(i / 3) + i % 4 for i in range(80)]


def with_leaders(closes, **others):
    series = daily_series(closes)
    return inputs_of(series, leaders={name: daily_series(c) for name, c in others.items()})


def test_a_copy_of_its_leader_is_perfectly_linked():
    values = leaders.compute(with_leaders(WAVE, AAPL=WAVE))
    assert values["leader_correlation60"] == pytest.approx(1.0)
    assert values["leader_beta60"] == pytest.approx(1.0)
    assert values["leader_link"] == "linked"


def test_beta_is_the_slope_on_the_leaders_return():
    doubled = [100.0]
    for before, now in pairwise(WAVE):
        doubled.append(doubled[-1] * (1 + 2 * (now / before - 1)))
    assert leaders.compute(with_leaders(doubled, AAPL=WAVE))["leader_beta60"] == pytest.approx(2.0)


def test_an_interval_that_contains_zero_is_no_link():
    unrelated = [100 + math.sin(i * i) for i in range(80)]
    values = leaders.compute(with_leaders(WAVE, AAPL=unrelated))
    assert values["leader_correlation_low"] <= 0 <= values["leader_correlation_high"]
    assert values["leader_link"] == "no link"


def test_the_leaders_at_hand_are_named_and_counted():
    values = leaders.compute(open_inputs("SPY"))
    assert values["leaders_at_hand"] == "AAPL GOOGL META (3 of 7)"


def test_without_leaders_every_number_says_why():
    values = leaders.compute(inputs_of(daily_series(WAVE)))
    daily = {v for name, v in values.items() if not name.startswith("lead_lag")}
    assert daily == {Missing("no leader has 61 daily bars")}


def test_the_residual_is_what_the_leaders_do_not_explain():
    doubled = [100.0]
    for before, now in pairwise(WAVE):
        doubled.append(doubled[-1] * (1 + 2 * (now / before - 1)))
    doubled[-1] *= 1.01
    values = leaders.compute(with_leaders(doubled, AAPL=WAVE))
    own = (doubled[-1] / doubled[-2] - 1) * 100
    assert values["leader_residual"] == pytest.approx(
        own - values["leader_beta60"] * values["leader_return"]
    )


def test_the_top_leader_is_the_one_that_moved_most_either_way():
    falling = [*WAVE[:-1], WAVE[-2] * 0.9]
    values = leaders.compute(with_leaders(WAVE, AAPL=WAVE, FB=falling))
    assert values["top_leader"] == "FB"
    assert values["top_leader_return"] == pytest.approx(-10.0)


def test_breadth_counts_the_leaders_that_rose_and_that_stand_above_their_means():
    rising, falling = list(range(100, 180)), list(range(180, 100, -1))
    values = leaders.compute(with_leaders(WAVE, AAPL=rising, FB=falling))
    assert (values["breadth_up"], values["breadth20"], values["breadth50"]) == (0.5, 0.5, 0.5)
    day = [rising[-1] / rising[-2] - 1, falling[-1] / falling[-2] - 1]
    assert values["leader_dispersion"] == pytest.approx(100 * statistics.stdev(day))
    assert values["leader_return"] == pytest.approx(100 * statistics.fmean(day))


def test_returns_are_paired_by_date_when_holidays_differ():
    inputs = with_leaders(WAVE, AAPL=WAVE)
    shorter = replace(
        inputs.leaders["AAPL"],
        bars=tuple(b for i, b in enumerate(inputs.leaders["AAPL"].bars) if i != 70),
    )
    with_gap = leaders.compute(replace(inputs, leaders={"AAPL": shorter}))
    assert with_gap["leader_correlation60"] > 0.9
