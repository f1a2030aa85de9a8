import numpy as np
import pytest

from shared.forecast.comparison import DATES_NEEDED, compared, diebold_mariano
from shared.forecast.scorecard import Scored


def test_independent_losses_give_nearly_the_plain_t():
    random = np.random.default_rng(1)
    gains = random.normal(0.1, 1.0, 4000)
    found = diebold_mariano(np.arange(4000), np.zeros(4000), gains)
    plain = gains.mean() / (gains.std() / np.sqrt(4000))
    assert found["t"] == pytest.approx(plain, rel=0.15)
    assert found["gain"] == pytest.approx(gains.mean())


def test_the_statistic_is_that_of_a_hand_made_case():
    # alternating 1, 0: autocovariances are +-1/4, all weights of Newey and West in closed form
    n = 44
    gains = np.tile([1.0, 0.0], n // 2)
    covariance = [0.25 * (-1) ** k * (n - k) / n for k in range(11)]
    variance = covariance[0] + 2 * sum((1 - k / 11) * covariance[k] for k in range(1, 11))
    found = diebold_mariano(np.arange(n), np.zeros(n), gains)
    assert found["t"] == pytest.approx(0.5 / np.sqrt(variance / n))


def test_losses_that_hang_together_count_for_less():
    random = np.random.default_rng(2)
    once = random.normal(0.1, 1.0, 400)
    apart = diebold_mariano(np.arange(400), np.zeros(400), once)
    together = diebold_mariano(np.arange(2000), np.zeros(2000), np.repeat(once, 5))
    assert abs(together["t"]) < 1.4 * abs(apart["t"])  # not sqrt(5) times as much


def test_the_instruments_of_a_date_are_one_observation():
    gains = np.random.default_rng(3).normal(0.1, 1.0, 100)
    days = np.arange(100)
    once = diebold_mariano(days, np.zeros(100), gains)
    often = diebold_mariano(np.repeat(days, 21), np.zeros(2100), np.repeat(gains, 21))
    assert often == pytest.approx(once)


def test_a_loss_that_is_less_gives_a_positive_t():
    ours = np.random.default_rng(4).uniform(0.0, 0.2, 60)
    found = diebold_mariano(np.arange(60), ours, ours + np.linspace(0.0, 0.1, 60))
    assert found["t"] > 2
    assert found["p"] < 0.05


@pytest.mark.parametrize("n", [0, 1, DATES_NEEDED - 1])
def test_a_few_dates_test_nothing(n):
    found = diebold_mariano(np.arange(n), np.zeros(n), np.ones(n))
    assert (found["dates"], found["t"], found["p"]) == (n, None, None)


def test_two_that_never_differ_are_not_told_apart():
    same = np.full(50, 0.3)
    assert diebold_mariano(np.arange(50), same, same)["t"] is None


def test_every_rival_is_held_against_ours():
    n = 40
    chances = np.tile([0.3, 0.3, 0.4], (n, 1))
    outcomes = np.tile([0, 1, 2, 2], n // 4)
    ours = Scored(np.arange(n), chances, chances, np.full(n, 2), outcomes, {})
    table = compared(ours, {"always_bullish": ours.naming(np.full(n, 2))})
    assert table["always_bullish"]["n"] == n
    assert table["always_bullish"]["dm"]["t"] > 2
