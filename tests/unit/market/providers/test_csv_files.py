import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import ContractBroken, NotFound
from shared.domain.market.bars import Timeframe
from shared.market.providers.csv_files import CsvFiles
from shared.market.registry import load_instruments
from tests.open_market import DATA

SINCE = datetime(2014, 1, 1, tzinfo=UTC)
UNTIL = datetime(2020, 5, 30, tzinfo=UTC)
SHARED = Path(__file__).parents[5] / "shared" / "market"
HEAD = "date,open,high,low,close,volume\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "daily").mkdir()
    (tmp_path / "intraday").mkdir()
    return tmp_path


async def read(folder, rows, symbol="SPY"):
    (folder / "daily" / f"{symbol}.csv").write_text(HEAD + rows)
    return await CsvFiles(folder).fetch(symbol, Timeframe.DAY, SINCE, UNTIL)


async def test_a_daily_row_covers_its_session_from_open_to_close(folder):
    series = await read(folder, "2019-11-29,1,2,0.5,1.5,10\n")
    (bar,) = series.bars
    assert bar.opened_at == datetime(2019, 11, 29, 14, 30, tzinfo=UTC)
    assert bar.closed_at == datetime(2019, 11, 29, 18, 0, tzinfo=UTC)  # an early close
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (1, 2, 0.5, 1.5, 10)


async def test_a_bar_that_had_not_closed_is_not_served(folder):
    (folder / "daily" / "SPY.csv").write_text(HEAD + "2020-05-29,1,2,0.5,1.5,10\n")
    noon = datetime(2020, 5, 29, 16, 0, tzinfo=UTC)
    series = await CsvFiles(folder).fetch("SPY", Timeframe.DAY, SINCE, noon)
    assert series.bars == ()


async def test_rows_come_out_ascending_and_a_repeated_row_counts_once(folder):
    row = "2020-05-27,1,2,0.5,1.5,10\n"
    series = await read(folder, "2020-05-28,1,2,0.5,1.5,10\n" + row + row)
    assert [b.session for b in series.bars] == [date(2020, 5, 27), date(2020, 5, 28)]
    assert series.rejected == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2020-05-30,1,2,0.5,1.5,10", "not a session"),
        ("2020-05-28,1,2,0.5,2.5,10", "outside of low..high"),
        ("2020-05-28,1,2,1.2,1.5,10", "outside of low..high"),
        ("2020-05-28,1,2,,1.5,10", "not a number"),
        ("2020-05-28,1,inf,0.5,1.5,10", "not a number"),
        ("2020-05-28,one,2,0.5,1.5,10", "could not convert"),
        ("2020-13-28,1,2,0.5,1.5,10", "month"),
        (",1,2,0.5,1.5,10", "isoformat"),
        ("2020-05-28,1,2,0.5,1.5,nan", "volume"),
        ("2020-05-28,1,2,0.5,1.5,-1", "volume"),
        ("2035-01-02,1,2,0.5,1.5,10", "session table"),
        ("2020-05-28,1", "not a number"),
    ],
)
async def test_an_unusable_row_is_named_and_the_others_are_kept(folder, row, reason):
    series = await read(folder, f"{row}\n2020-05-27,1,2,0.5,1.5,10\n")
    assert len(series.bars) == 1
    assert len(series.rejected) == 1
    assert series.rejected[0].startswith("SPY.csv:2: ")
    assert reason in series.rejected[0]


async def test_of_two_different_rows_of_one_day_the_first_holds_and_the_other_is_named(folder):
    series = await read(folder, "2020-05-28,1,2,0.5,1.5,10\n2020-05-28,1,2,0.5,1.6,10\n")
    assert [b.close for b in series.bars] == [1.5]
    assert "a second, different bar" in series.rejected[0]


async def test_negative_prices_are_prices(folder):
    series = await read(folder, "2020-04-20,17,18,-40.32,-37.63,10\n", symbol="CL")
    assert series.bars[0].close == -37.63


async def test_a_blank_volume_is_no_volume(folder):
    series = await read(folder, "2020-05-28,1,2,0.5,1.5,\n")
    assert series.bars[0].volume is None


async def test_a_file_without_its_columns_breaks_the_contract(folder):
    (folder / "daily" / "SPY.csv").write_text("date,close\n2020-05-28,1\n")
    with pytest.raises(ContractBroken, match="open"):
        await CsvFiles(folder).fetch("SPY", Timeframe.DAY, SINCE, UNTIL)


@pytest.mark.parametrize("symbol", ["SPY", "UNKNOWN"])
async def test_a_series_that_is_not_there_is_not_found(folder, symbol):
    with pytest.raises(NotFound):
        await CsvFiles(folder).fetch(symbol, Timeframe.DAY, SINCE, UNTIL)


RAW = '[[origins]]\nsource = "s"\nlicence = "l"\nprices = "raw"\nfiles = ["AAPL.csv"]\n'


async def test_apples_split_of_2014_is_no_jump_in_raw_prices(folder):
    (folder / "sources.toml").write_text(RAW)
    rows = "2014-06-06,650,650,640,645.57,100\n2014-06-09,92,94,91,93.7,700\n"
    series = await read(folder, rows, symbol="AAPL")
    assert series.bars[0].close == pytest.approx(645.57 / 7)
    assert series.bars[0].volume == 700
    assert series.bars[1].close == 93.7


async def test_prices_that_do_not_say_raw_are_left_as_they_are(folder):
    series = await read(folder, "2014-06-06,92,93,91,92.2,100\n", symbol="AAPL")
    assert series.bars[0].close == 92.2


async def test_a_split_that_was_still_to_come_changes_nothing():
    series = await CsvFiles(DATA).fetch("AAPL", Timeframe.DAY, SINCE, UNTIL)
    last = series.bars[-1]
    assert (last.session, last.close) == (
        date(2020, 5, 29),
        317.94,
    )  # raw, before the 4:1 of August


async def test_a_file_of_before_a_renaming_still_serves_the_share(folder):
    (folder / "daily" / "FB.csv").write_text(HEAD + "2020-05-28,1,2,0.5,1.5,10\n")
    series = await CsvFiles(folder).fetch("META", Timeframe.DAY, SINCE, UNTIL)
    assert (series.symbol, len(series.bars)) == ("META", 1)


async def test_the_first_hour_of_stocks_begins_at_the_bell(folder):
    text = "ts,open,high,low,close,volume\n2020-05-28T13:00:00Z,1,2,0.5,1.5,10\n"
    (folder / "intraday" / "SPY_1h.csv.gz").write_bytes(gzip.compress(text.encode()))
    series = await CsvFiles(folder).fetch("SPY", Timeframe.HOUR, SINCE, UNTIL)
    (bar,) = series.bars
    assert bar.opened_at == datetime(2020, 5, 28, 13, 30, tzinfo=UTC)
    assert bar.closed_at == datetime(2020, 5, 28, 14, 0, tzinfo=UTC)


async def test_an_evening_hour_of_spot_belongs_to_the_next_day():
    series = await CsvFiles(DATA).fetch("GBPUSD", Timeframe.HOUR, SINCE, UNTIL)
    evening = datetime(2020, 5, 28, 21, 0, tzinfo=UTC)
    assert next(b for b in series.bars if b.opened_at == evening).session == date(2020, 5, 29)


async def test_hours_of_a_session_agree_with_its_day_in_two_independent_files():
    files = CsvFiles(DATA)
    daily = await files.fetch("SPY", Timeframe.DAY, datetime(2020, 1, 2, tzinfo=UTC), UNTIL)
    hourly = await files.fetch("SPY", Timeframe.HOUR, datetime(2020, 1, 2, tzinfo=UTC), UNTIL)
    by_day = {}
    for bar in hourly.bars:
        by_day.setdefault(bar.session, []).append(bar)
    closes = [(by_day[b.session][-1].close, b.close) for b in daily.bars]
    assert len(closes) == 103
    assert all(abs(hour - day) < 0.005 * day for hour, day in closes)


async def test_every_committed_file_names_its_origin_and_licence():
    files = CsvFiles(DATA)
    for path in sorted((DATA / "daily").iterdir()):
        symbol = "META" if path.stem == "FB" else path.stem
        series = await files.fetch(symbol, Timeframe.DAY, SINCE, UNTIL)
        assert series.licence in {"Apache-2.0", "PDDL-1.0"}, path


@given(st.lists(st.text("0123456789.,-:abeinf\n", max_size=30), max_size=6))
def test_no_text_crashes_the_reader(tmp_path_factory, lines):
    import asyncio

    folder = tmp_path_factory.mktemp("any")
    (folder / "daily").mkdir()
    rows = "".join(f"2020-05-28,{line}\n" for line in lines)
    series = asyncio.run(read(folder, rows))
    assert len(series.bars) <= 1


async def test_all_21_of_the_shared_history_are_read_and_only_holidays_are_left_out():
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here")
    files, until = CsvFiles(SHARED), datetime(2023, 9, 1, 12, 0, tzinfo=UTC)
    for symbol in load_instruments():
        series = await files.fetch(symbol, Timeframe.DAY, datetime(2022, 1, 1, tzinfo=UTC), until)
        assert len(series.bars) > 410, symbol
        assert all("is not a session of" in text for text in series.rejected), symbol
    oil = await files.fetch("CL", Timeframe.DAY, datetime(2020, 4, 1, tzinfo=UTC), UNTIL)
    assert min(bar.close for bar in oil.bars) == pytest.approx(-37.63)


ROW = "ts,open,high,low,close,volume\n{at},1,2,0.5,1.5,10\n"


@pytest.mark.parametrize("name", ["SPY_5m.csv", "SPY_5min.csv", "SPY_5min_2020_2021.csv"])
async def test_bars_of_five_minutes_are_found_by_either_word(folder, name):
    (folder / "intraday" / name).write_text(ROW.format(at="2020-05-28T13:30:00Z"))
    series = await CsvFiles(folder).fetch("SPY", Timeframe.FIVE_MINUTES, SINCE, UNTIL)
    (bar,) = series.bars
    assert bar.closed_at - bar.opened_at == timedelta(minutes=5)


async def test_a_span_in_several_files_is_read_as_one(folder):
    for name, at in (("2019", "2019-05-28T14:00:00Z"), ("2020", "2020-05-28T14:00:00Z")):
        (folder / "intraday" / f"SPY_1h_{name}.csv").write_text(ROW.format(at=at))
    series = await CsvFiles(folder).fetch("SPY", Timeframe.HOUR, SINCE, UNTIL)
    assert [b.session.year for b in series.bars] == [2019, 2020]
    assert series.source == "file SPY_1h_2019.csv; file SPY_1h_2020.csv"


async def test_a_quarter_of_an_hour_is_no_five_minutes(folder):
    (folder / "intraday" / "SPY_15min_2020.csv").write_text(ROW.format(at="2020-05-28T13:30:00Z"))
    with pytest.raises(NotFound):
        await CsvFiles(folder).fetch("SPY", Timeframe.FIVE_MINUTES, SINCE, UNTIL)
