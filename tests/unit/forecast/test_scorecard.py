import math

import numpy as np
import pytest

from shared.domain.bias import Probabilities
from shared.forecast import scorecard, scoring
from shared.forecast.scorecard import Scored, ece, reliability, summarize
from shared.forecast.vintages import CLASSES

BASE = (0.33, 0.31, 0.36)


def scored(chances, outcomes, labels=None, days=None, base=BASE):
    count = len(outcomes)
    chances = np.array(chances, dtype=float)
    return Scored(
        days=np.arange(count) if days is None else np.array(days),
        chances=chances,
        base=np.tile(base, (count, 1)),
        labels=chances.argmax(axis=1) if labels is None else np.array(labels),
        outcomes=np.array(outcomes),
        groups={"instrument": tuple("SPY" if i % 2 else "GC" for i in range(count))},
    )


def coins(count=600, seed=3):
    random = np.random.default_rng(seed)
    outcomes = random.choice(3, size=count, p=BASE)
    return random, outcomes


@pytest.mark.parametrize("name", ["rps", "brier", "log_loss"])
def test_the_scores_of_rows_are_those_of_single_forecasts(name):
    chances = [(0.2, 0.3, 0.5), (1.0, 0.0, 0.0), (0.1, 0.8, 0.1)]
    outcomes = np.array([2, 1, 1])
    single = [
        getattr(scoring, name)(Probabilities(bear=a, neutral=b, bull=c), CLASSES[o])
        for (a, b, c), o in zip(chances, outcomes, strict=True)
    ]
    rows = getattr(scorecard, name)(np.array(chances), outcomes)
    assert rows.tolist() == pytest.approx(single)


def test_climatology_has_no_skill_over_itself():
    _, outcomes = coins()
    figures = summarize(scored([BASE] * 600, outcomes))
    assert (figures["rps_skill"], figures["rps_skill_lo"], figures["rps_skill_hi"]) == (0, 0, 0)


def test_knowing_the_outcome_is_suspect():
    _, outcomes = coins()
    figures = summarize(scored(np.eye(3)[outcomes], outcomes))
    assert figures["rps_skill"] == 1
    assert figures["suspect"]


def test_noise_has_an_interval_that_reaches_below_zero():
    random, outcomes = coins()
    noise = random.dirichlet((40, 40, 40), size=600)
    figures = summarize(scored(noise, outcomes))
    assert figures["rps_skill_lo"] < 0
    assert not figures["suspect"]


def test_rows_of_one_date_are_resampled_together():
    random, outcomes = coins(200)
    chances = random.dirichlet((20, 20, 20), size=200)
    alone = summarize(scored(chances, outcomes))
    # every row five times over on the same date: no more is known than before
    copies = summarize(
        scored(np.repeat(chances, 5, axis=0), np.repeat(outcomes, 5), days=np.repeat(range(200), 5))
    )
    assert copies["n"] == 5 * alone["n"]
    assert copies["rps_skill_lo"] == pytest.approx(alone["rps_skill_lo"], abs=1e-6)


def test_equal_forecasts_give_equal_figures():
    _, outcomes = coins()
    assert summarize(scored([BASE] * 600, outcomes)) == summarize(scored([BASE] * 600, outcomes))


def test_an_honest_forecaster_is_calibrated_and_a_boaster_is_not():
    random = np.random.default_rng(5)
    said = random.uniform(0.3, 0.6, size=20_000)
    came = random.uniform(size=20_000) < said
    assert ece(reliability(said, came)) < 0.02
    assert ece(reliability(said + 0.2, came)) == pytest.approx(0.2, abs=0.02)


def test_bins_hold_equally_many_days():
    bins = reliability(np.linspace(0, 1, 100), np.ones(100, dtype=bool))
    assert [b["n"] for b in bins] == [10] * 10


def test_a_direction_counts_only_where_label_and_outcome_both_have_a_side():
    figures = summarize(
        scored(
            [BASE] * 4,
            outcomes=[2, 0, 1, 2],
            labels=[2, 2, 2, 1],
        )
    )
    assert (figures["direction_n"], figures["direction_hit"]) == (2, 0.5)
    assert figures["hit3"] == 0.25
    assert figures["hit3_always_bullish"] == 0.5


def test_no_day_with_a_side_has_no_direction_hit():
    figures = summarize(scored([BASE] * 3, outcomes=[1, 1, 1], labels=[2, 2, 2]))
    assert figures["direction_hit"] is None
    assert figures["direction_n"] == 0


def test_confidence_is_the_chance_of_the_class_that_is_shown():
    chances = [(0.2, 0.3, 0.5)] * 10
    figures = summarize(scored(chances, outcomes=[2] * 10, labels=[0] * 10))
    assert figures["confidence_max"] == 0.2
    assert figures["top_chance_max"] == 0.5


def test_nothing_scored_says_so():
    nothing = scored(np.zeros((0, 3)), np.zeros(0, dtype=int), labels=np.zeros(0, dtype=int))
    assert summarize(nothing) == {"n": 0}


def test_a_split_keeps_every_row_once():
    _, outcomes = coins(100)
    parts = scored([BASE] * 100, outcomes).split("instrument")
    assert list(parts) == ["GC", "SPY"]
    assert sum(map(len, parts.values())) == 100


def test_a_forecaster_of_labels_alone_is_held_to_certainty():
    named = scored([BASE] * 2, outcomes=[0, 2]).naming(np.array([2, 2]))
    assert scorecard.rps(named.chances, named.outcomes).tolist() == [1.0, 0.0]
    assert math.isclose(summarize(named)["confidence_max"], 1.0)


def test_the_calibration_error_and_the_scores_have_intervals():
    _, outcomes = coins()
    figures = summarize(scored([BASE] * 600, outcomes))
    for name in ("rps", "brier", "log_loss", "hit3"):
        assert figures[f"{name}_lo"] < figures[name] < figures[f"{name}_hi"]
    assert 0 < figures["ece_lo"] < figures["ece_hi"] < 0.2
