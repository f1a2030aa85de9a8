import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.bias import Label, Probabilities
from shared.forecast import scoring
from shared.forecast.vintages import CLASSES
from tests.open_market import daily_series

FLAT = Probabilities(bear=1 / 3, neutral=1 / 3, bull=1 / 3)
LEANING = Probabilities(bear=0.2, neutral=0.3, bull=0.5)
shares = st.tuples(*[st.floats(0.001, 1)] * 3)


def from_shares(raw):
    bear, neutral, bull = (x / sum(raw) for x in raw)
    return Probabilities(bear=bear, neutral=neutral, bull=bull)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Label.BEARISH, (0.8**2 + 0.5**2) / 2),
        (Label.NEUTRAL, (0.2**2 + 0.5**2) / 2),
        (Label.BULLISH, (0.2**2 + 0.5**2) / 2),
    ],
)
def test_rps_of_a_hand_computed_case(outcome, expected):
    assert scoring.rps(LEANING, outcome) == pytest.approx(expected)


def test_a_flat_forecast_scores_what_theory_says_over_the_measured_class_shares():
    measured = Probabilities(bear=0.328, neutral=0.314, bull=0.358)

    def expected(score):
        return sum(measured.of(k) * score(FLAT, k) for k in CLASSES)

    assert expected(scoring.rps) == pytest.approx(0.2254, abs=1e-4)
    assert expected(scoring.brier) == pytest.approx(2 / 3)
    assert expected(scoring.log_loss) == pytest.approx(math.log(3))


def test_a_miss_by_two_classes_costs_more_than_a_miss_by_one():
    bull = scoring.certain(Label.BULLISH)
    found = [scoring.rps(bull, k) for k in CLASSES]
    assert found == [1.0, 0.5, 0.0]


def test_brier_of_a_hand_computed_case():
    assert scoring.brier(LEANING, Label.BULLISH) == pytest.approx(0.04 + 0.09 + 0.25)


def test_log_loss_of_an_impossible_outcome_is_finite():
    bull = scoring.certain(Label.BULLISH)
    assert scoring.log_loss(bull, Label.BEARISH) == pytest.approx(-math.log(1e-6))


@given(shares, shares)
def test_no_other_forecast_beats_the_true_chances_on_average(truth, other):
    true, false = from_shares(truth), from_shares(other)
    for score in (scoring.rps, scoring.brier, scoring.log_loss):
        honest = sum(true.of(k) * score(true, k) for k in CLASSES)
        dishonest = sum(true.of(k) * score(false, k) for k in CLASSES)
        assert honest <= dishonest + 1e-9


@pytest.mark.parametrize(
    ("label", "outcome", "expected"),
    [
        (Label.BULLISH, Label.BULLISH, True),
        (Label.BULLISH, Label.BEARISH, False),
        (Label.NEUTRAL, Label.BULLISH, None),
        (Label.BULLISH, Label.NEUTRAL, None),
    ],
)
def test_direction_counts_only_where_both_take_a_side(label, outcome, expected):
    assert scoring.direction_hit(label, outcome) is expected


def test_a_neutral_label_on_a_neutral_day_is_a_hit():
    assert scoring.hit(Label.NEUTRAL, Label.NEUTRAL)
    assert not scoring.hit(Label.NEUTRAL, Label.BULLISH)


def test_the_gap_counts_close_to_close_and_not_open_to_close():
    before, after = daily_series([100.0, 103.0]).bars
    after = replace(after, open=103.2)
    assert scoring.close_to_close(before, after, 2.0) is Label.BULLISH
    assert scoring.open_to_close(after, 2.0) is Label.NEUTRAL


def test_climatology_gives_the_base_rates_and_names_their_greatest():
    rival = scoring.climatology(LEANING)
    assert (rival.label, rival.probabilities) == (Label.BULLISH, LEANING)


def test_yesterdays_class_uses_the_atr_known_before_yesterday():
    # ATR before the last day is 2: a move of 0.6 counts. With the wide last bar it would be 2.2.
    bars = daily_series([100.0] * 30 + [100.54]).bars
    wide = replace(bars[-1], high=106.0)
    assert scoring.yesterdays_class((*bars[:-1], wide)).label is Label.BULLISH


@pytest.mark.parametrize(
    ("last", "label"), [(101.0, Label.BULLISH), (99.0, Label.BEARISH), (100.0, Label.NEUTRAL)]
)
def test_the_twenty_day_rival_says_the_side_of_the_move(last, label):
    closes = [95.0, 100.0, *[103.0] * 19, last]
    assert scoring.sign_of_20_days(daily_series(closes).bars).label is label


def test_the_rivals_are_four_and_all_but_climatology_are_certain():
    rivals = scoring.naive_rivals(daily_series([100.0 + i for i in range(30)]).bars, FLAT)
    assert [r.name for r in rivals] == [
        "climatology", "always_bullish", "yesterdays_class", "sign_of_20_days",
    ]  # fmt: skip
    assert all(r.probabilities == scoring.certain(r.label) for r in rivals[1:])


@pytest.mark.parametrize(
    ("rival", "count"), [(scoring.yesterdays_class, 15), (scoring.sign_of_20_days, 20)]
)
def test_a_rival_without_enough_history_refuses(rival, count):
    with pytest.raises(ValueError, match="bars are needed"):
        rival(daily_series([100.0] * count).bars)
