"""Every feature over all 21 instruments' own prices, where the development data are at hand."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.domain.market.bars import Timeframe
from shared.features.inputs import FeatureInputs
from shared.features.table import compute
from shared.market.providers.csv_files import CsvFiles
from shared.market.registry import load_instruments
from shared.market.sessions import next_session, previous_session, session_close, session_for

DATA = Path(__file__).parents[4] / "shared" / "market"
DAYS = [
    datetime(2018, 2, 6, 23, 0, tzinfo=UTC),
    datetime(2020, 4, 21, 23, 0, tzinfo=UTC),  # the day after oil closed at -37.63
    datetime(2023, 8, 30, 23, 0, tzinfo=UTC),
]


@pytest.mark.parametrize("as_of", DAYS, ids=lambda d: d.date().isoformat())
@pytest.mark.parametrize("symbol", list(load_instruments()))
def test_own_prices_of_any_of_the_21_give_finite_numbers_or_reasons(symbol, as_of):
    if not (DATA / "daily" / f"{symbol}.csv").is_file():
        pytest.skip(f"{DATA}/daily is not here")
    instrument = load_instruments()[symbol]
    since = as_of - timedelta(days=1000)
    daily = asyncio.run(CsvFiles(DATA).fetch(symbol, Timeframe.DAY, since, as_of))
    session = session_for(instrument, as_of)
    before, after = previous_session(instrument, session), next_session(instrument, session)
    edges = tuple(session_close(instrument, s) for s in (before, session, after))
    table = compute(FeatureInputs(instrument, as_of, session, edges, daily))
    numbers = [f.value for f in table.features if isinstance(f.value, float)]
    assert all(math.isfinite(n) for n in numbers)
    assert len(numbers) >= 25
