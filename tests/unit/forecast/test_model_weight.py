from datetime import date, timedelta

import numpy as np
import pytest

from shared.domain.bias import Label, Probabilities
from shared.forecast.model_weight import (
    SESSIONS_NEEDED,
    SHARE,
    LeanDay,
    ModelWeight,
    mixed,
    model_weight,
)
from shared.forecast.probabilities import with_chances
from shared.forecast.scoring import rps
from tests.markets import small_forecast

RULES = Probabilities(bear=0.32, neutral=0.33, bull=0.35)
CLASSES = list(Label)
START = date(2024, 1, 1)


def leans(sessions: int, *, right: float, seed: int = 3) -> list[LeanDay]:
    """Leans on three instruments a session that are right with this chance."""
    random = np.random.default_rng(seed)
    days = []
    for number in range(sessions):
        rules = with_lean = 0.0
        for _ in range(3):
            outcome = CLASSES[random.choice(3, p=[0.32, 0.33, 0.35])]
            lean = outcome if random.random() < right else CLASSES[random.integers(3)]
            rules += rps(RULES, outcome)
            with_lean += rps(mixed(RULES, lean, SHARE), outcome)
        day = START + timedelta(days=number)
        days.append(LeanDay("gemini", "gemini-3.5-flash", day, 3, rules, with_lean))
    return days


def switch(sessions: int, *, right: float) -> ModelWeight:
    return model_weight(leans(sessions, right=right))


def test_a_model_without_scored_sessions_has_no_weight_and_it_says_why():
    found = model_weight(())
    assert (found.weight, found.sessions) == (0, 0)
    assert found.why == "0 of 250 forward sessions are scored"


def test_one_session_short_of_the_number_has_no_weight_however_good():
    assert switch(SESSIONS_NEEDED - 1, right=0.9).weight == 0


def test_enough_sessions_with_skill_above_the_rules_have_weight():
    found = switch(SESSIONS_NEEDED, right=0.5)
    assert found.weight == SHARE
    assert found.low is not None
    assert found.low > 0
    assert "is above zero" in found.why


def test_enough_sessions_without_skill_have_none():
    found = switch(400, right=0.0)
    assert found.weight == 0
    assert "is not above zero" in found.why


def test_a_gain_whose_interval_reaches_zero_is_no_skill():
    found = switch(SESSIONS_NEEDED, right=0.08)
    assert found.gain is not None
    assert found.low is not None
    assert found.gain > 0 > found.low
    assert found.weight == 0


def test_many_instruments_on_few_sessions_are_few_sessions():
    days = leans(100, right=0.9)
    assert model_weight(days * 3).sessions == 100


def test_a_lean_moves_a_twentieth_of_the_chances_to_its_class():
    moved = mixed(RULES, Label.BULLISH, SHARE)
    assert moved.bull == pytest.approx(0.35 * 0.95 + 0.05)
    assert moved.bear == pytest.approx(0.32 * 0.95)


@pytest.mark.parametrize("lean", list(Label))
def test_the_label_stays_that_of_the_rules(lean):
    rules = small_forecast(Label.BEARISH)
    after = with_chances(rules, mixed(rules.probabilities, lean, SHARE))
    assert after.label is Label.BEARISH
    lift = after.probabilities.bear - rules.base_rates.bear
    assert after.lift == pytest.approx(lift * 100, abs=0.01)
    assert after.wording.startswith("leans")


def test_a_label_whose_lift_another_class_has_passed_is_said_to_be_the_rules_alone():
    rules = small_forecast(Label.BEARISH)
    after = with_chances(rules, mixed(rules.probabilities, Label.NEUTRAL, SHARE))
    assert after.wording == "leans bearish against a normal day by the rules alone"
