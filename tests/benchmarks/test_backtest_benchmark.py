import asyncio
from datetime import date
from time import perf_counter

import pytest

from shared.bias.backtest.walked import run
from shared.bias.past.history import open_archive
from shared.market.registry import load_instruments
from tests.markets import DATA

ASKED = 50  # instrument-days a second
SINCE, UNTIL = date(2020, 1, 2), date(2020, 5, 29)


@pytest.mark.benchmark
def test_a_backtest_walks_fifty_instrument_days_a_second():
    chosen = {s: load_instruments()[s] for s in ("SPY", "EURUSD", "XAUUSD")}
    archive = asyncio.run(open_archive(DATA, chosen.values(), UNTIL))
    started = perf_counter()
    test = run(archive, chosen, SINCE, UNTIL)
    rate = len(test.days) / (perf_counter() - started)
    print(f"\nbacktest: {rate:.0f} instrument-days a second")  # noqa: T201 - what it measured
    assert rate > ASKED
