from dataclasses import replace
from time import perf_counter

import pytest

from shared.features.table import compute
from shared.forecast.probabilities import forecast
from tests.open_market import REPLAY, open_inputs, served

BUDGET_S, INSTRUMENTS = 0.3, 21


@pytest.mark.benchmark
def test_all_instruments_are_computed_within_three_tenths_of_a_second():
    """Twenty-one instruments' worth: those that the open data serve, and some of them again."""
    inputs = [open_inputs(symbol) for symbol in served()]
    inputs = (inputs * 2)[:INSTRUMENTS]
    for i in inputs:
        compute(i)
    fresh = [replace(i) for i in inputs]  # what an input has cut and computed is kept in it
    started = perf_counter()
    for i in fresh:
        forecast(i.instrument, compute(i).features, REPLAY)
    took = perf_counter() - started
    line = f"features and forecast of {INSTRUMENTS} instruments, warm: {took * 1000:.0f} ms"
    print(f"\n{line}")  # noqa: T201 - a benchmark shows what it measured
    assert took < BUDGET_S
