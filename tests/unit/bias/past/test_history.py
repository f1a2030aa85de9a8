import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from shared.bias.past.history import Archive, PastDay, open_archive, walk
from shared.domain.errors import NotFound
from shared.features.table import compute
from shared.forecast.predictors import predictors
from shared.market.registry import load_instruments
from tests.markets import DATA
from tests.open_market import open_inputs

SINCE, UNTIL = date(2020, 4, 1), date(2020, 5, 29)
INSTRUMENTS = load_instruments()
CHOSEN = [INSTRUMENTS[s] for s in ("SPY", "EURUSD", "6J", "USDJPY", "YM")]


@pytest.fixture(scope="module")
def archive() -> Archive:
    return asyncio.run(open_archive(DATA, CHOSEN, UNTIL))


def days(archive, symbol="SPY", since=SINCE, until=UNTIL):
    return [d for d in walk(archive, INSTRUMENTS[symbol], since, until) if isinstance(d, PastDay)]


def test_every_session_of_the_period_is_walked_once(archive):
    sessions = [d.after.session for d in days(archive)]
    assert (sessions[0], sessions[-1], len(sessions)) == (SINCE, UNTIL, 41)


def test_an_archive_reads_nothing_of_after_its_last_day(archive):
    assert max(s.bars[-1].session for s in archive.series.values() if s.bars) <= UNTIL
    assert max(e.at for e in archive.events) < datetime(2020, 5, 30, 2, tzinfo=UTC)


def test_a_past_day_knows_what_a_snapshot_of_its_close_knows(archive):
    day = next(d for d in days(archive) if d.after.session == UNTIL)
    live = predictors(compute(open_inputs("SPY", day.as_of)).features, 252)
    np.testing.assert_array_equal(day.values, live)


def test_later_bars_and_events_change_no_day(archive):
    early = asyncio.run(open_archive(DATA, CHOSEN, date(2020, 5, 1)))
    want = {d.after.session: d for d in days(archive, until=date(2020, 5, 1))}
    for day in days(early, until=date(2020, 5, 1)):
        np.testing.assert_array_equal(day.values, want[day.after.session].values)


def test_a_label_closes_after_the_day_was_known(archive):
    assert all(d.labelled_at > d.as_of for d in days(archive, "EURUSD"))


def test_a_day_without_a_calendar_has_no_event_numbers(archive):
    (day, *_) = days(archive, since=date(2019, 6, 3), until=date(2019, 6, 3))
    assert np.isnan(day.values[-4:]).all()


def test_an_instrument_without_bars_says_which_it_needs(archive):
    (reason,) = walk(archive, INSTRUMENTS["YM"], SINCE, UNTIL)
    assert "no daily bars of YM" in str(reason)


def test_a_proxy_is_read_upside_down_where_it_quotes_the_other_way(archive):
    future = days(archive, "6J")[0]
    spot = next(d for d in days(archive, "USDJPY") if d.as_of == future.as_of)
    assert future.known[-1].close == pytest.approx(1 / spot.known[-1].close)


def test_too_few_bars_give_a_reason(archive):
    short = {"SPY": replace(archive.series["SPY"], bars=archive.series["SPY"].bars[-5:])}
    found = set(walk(Archive(short, ()), INSTRUMENTS["SPY"], SINCE, UNTIL))
    assert found == {"21 bars are needed before a forecast"}


def test_a_folder_without_bars_is_refused(tmp_path: Path):
    with pytest.raises(NotFound, match="no daily"):
        asyncio.run(open_archive(tmp_path, CHOSEN, UNTIL))
