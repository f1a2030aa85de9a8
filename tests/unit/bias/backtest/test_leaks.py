from dataclasses import replace

import numpy as np

from shared.bias.backtest.leaks import leaks
from shared.forecast.scorecard import Scored


def clairvoyant(count=800) -> Scored:
    random = np.random.default_rng(1)
    outcomes = random.integers(0, 3, count)
    return Scored(
        days=np.arange(count),
        chances=np.eye(3)[outcomes] * 0.4 + 0.2,
        base=np.full((count, 3), 1 / 3),
        labels=outcomes,
        outcomes=outcomes,
        groups={"instrument": ("SPY",) * count},
    )


def test_even_a_clairvoyant_loses_its_skill_on_shuffled_and_shifted_labels():
    assert {name: leak["lost"] for name, leak in leaks(clairvoyant()).items()} == {
        "shuffled": True,
        "shifted": True,
    }


def test_one_who_saw_the_day_after_is_caught_by_the_shift():
    seen = clairvoyant()
    late = replace(seen, outcomes=np.roll(seen.outcomes, 1))
    assert not leaks(late)["shifted"]["lost"]
