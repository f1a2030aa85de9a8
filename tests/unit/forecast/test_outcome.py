import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.bias import Label
from shared.forecast.outcome import classify


@pytest.mark.parametrize(
    ("move", "label"),
    [
        (0.0, Label.NEUTRAL),
        (0.4999, Label.NEUTRAL),
        (-0.4999, Label.NEUTRAL),
        (0.5, Label.BULLISH),
        (-0.5, Label.BEARISH),
    ],
)
def test_a_quarter_of_the_atr_divides_neutral_from_a_move(move, label):
    assert classify(move, 2.0) is label


@given(st.floats(-100, 100), st.floats(0.01, 50))
def test_the_mirror_of_a_move_is_the_mirror_of_its_class(move, atr):
    mirror = {
        Label.BULLISH: Label.BEARISH,
        Label.BEARISH: Label.BULLISH,
        Label.NEUTRAL: Label.NEUTRAL,
    }
    assert classify(-move, atr) is mirror[classify(move, atr)]


@pytest.mark.parametrize("atr", [0.0, -1.0, float("nan")])
def test_nothing_is_sorted_by_an_atr_that_is_not_positive(atr):
    with pytest.raises(ValueError, match="positive"):
        classify(1.0, atr)
