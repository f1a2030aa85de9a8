import asyncio
from datetime import date

import pytest

from shared.bias.backtest.report import report
from shared.bias.backtest.walked import run
from shared.bias.past.history import open_archive
from shared.market.registry import load_instruments
from tests.markets import DATA

SINCE, UNTIL = date(2020, 1, 2), date(2020, 5, 29)


@pytest.fixture(scope="session")
def chosen():
    return {s: load_instruments()[s] for s in ("SPY", "EURUSD", "YM")}


@pytest.fixture(scope="session")
def archive(chosen):
    return asyncio.run(open_archive(DATA, chosen.values(), UNTIL))


@pytest.fixture(scope="session")
def test(archive, chosen):
    return run(archive, chosen, SINCE, UNTIL)


@pytest.fixture(scope="session")
def found(archive, chosen):
    return report(archive, chosen, SINCE, UNTIL)
