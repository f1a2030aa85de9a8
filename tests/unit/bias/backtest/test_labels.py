import asyncio
from datetime import date

import numpy as np
import pytest

from shared.bias.backtest.labels import climatology
from shared.bias.past.history import open_archive
from tests.markets import DATA


def test_the_climatology_of_a_day_counts_only_labels_that_had_closed(archive, test, chosen):
    early = asyncio.run(open_archive(DATA, chosen.values(), date(2020, 3, 2)))
    days = [d for d in test.days if d.after.session <= date(2020, 3, 2)]
    now = climatology(archive, list(chosen.values()), days)
    then = climatology(early, list(chosen.values()), days)
    np.testing.assert_array_equal(now, then)
    assert now.sum(axis=1) == pytest.approx(np.ones(len(days)))
