from time import perf_counter

import pytest

from shared.features.table import compute
from shared.forecast.probabilities import forecast
from tests.open_market import REPLAY, open_inputs, served


@pytest.mark.benchmark
def test_all_served_instruments_are_computed_within_three_tenths_of_a_second():
    inputs = [open_inputs(symbol) for symbol in served()]
    for i in inputs:
        compute(i)
    started = perf_counter()
    for i in inputs:
        forecast(i.instrument, compute(i).features, REPLAY)
    took = perf_counter() - started
    line = f"features and forecast of {len(inputs)} instruments, warm: {took * 1000:.0f} ms"
    print(f"\n{line}")  # noqa: T201 - a benchmark shows what it measured
    assert took < 0.3
