from datetime import timedelta

from tests.open_market import daily_series


def test_a_bar_is_known_from_its_close_on_and_not_before():
    series = daily_series([10.0, 11.0])
    close = series.bars[-1].closed_at
    assert len(series.until(close).bars) == 2
    assert len(series.until(close - timedelta(microseconds=1)).bars) == 1


def test_inverting_turns_the_highest_price_into_the_lowest():
    bar = daily_series([4.0], spread=1.0).invert().bars[0]
    assert (bar.open, bar.high, bar.low, bar.close) == (1 / 4, 1 / 3, 1 / 5, 1 / 4)


def test_inverting_twice_gives_the_series_back():
    series = daily_series([4.0, 8.0], spread=2.0)
    assert series.invert().invert() == series


def test_an_inverted_series_says_so():
    assert daily_series([4.0]).invert().inverted
