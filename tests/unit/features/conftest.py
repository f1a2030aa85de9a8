import numpy as np
import pytest

from tests.open_market import open_series


@pytest.fixture(scope="module")
def spy():
    bars = open_series("SPY").bars[:300]
    return {k: np.array([getattr(b, k) for b in bars]) for k in ("open", "high", "low", "close")}
