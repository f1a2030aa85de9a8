from datetime import timedelta
from decimal import Decimal

import pytest

from shared.domain.journal.book import build_book
from shared.domain.journal.trips.excursion import excursion
from shared.domain.journal.trips.round_trip import RoundTrip
from shared.domain.market.bars import Bar, Series, Timeframe
from tests.rows import START, fill, log


def bar(minute: float, low: float, high: float) -> Bar:
    opened_at = START + timedelta(minutes=minute)
    closed_at = opened_at + timedelta(hours=1)
    return Bar(opened_at, closed_at, START.date(), low, high, low, high, None)


def series(*bars: Bar) -> Series:
    return Series("SPY", Timeframe.HOUR, "csv", "CC0", bars)


AROUND = (bar(-60, 1, 999), bar(0, 95, 104), bar(60, 97.5, 108.25), bar(120, 1, 999))


def trip(size: str = "10", *, until: float = 120, multiplier: str = "1") -> RoundTrip:
    out = str(-Decimal(size))
    rows = (
        fill("a", size, "100", multiplier=multiplier),
        fill("b", out, "105", minute=until, multiplier=multiplier),
    )
    return build_book("SPY", log(*rows)).trips[0]


def test_a_long_suffers_the_low_and_enjoys_the_high_of_its_bars() -> None:
    found = excursion(trip(multiplier="2"), series(*AROUND))
    assert found is not None
    assert (found.worst_price, found.best_price) == (Decimal(95), Decimal("108.25"))
    assert (found.adverse, found.favorable) == (Decimal(100), Decimal(165))


def test_a_short_suffers_the_high() -> None:
    found = excursion(trip("-10"), series(*AROUND))
    assert found is not None
    assert (found.worst_price, found.adverse, found.favorable) == (Decimal("108.25"), 82.5, 50)


def test_a_price_at_which_it_was_traded_was_seen() -> None:
    found = excursion(trip(), series(AROUND[0], bar(0, 101, 102), AROUND[3]))
    assert found is not None
    assert (found.worst_price, found.best_price, found.adverse) == (100, 105, 0)


@pytest.mark.parametrize(
    ("told", "bars"),
    [
        (trip(), ()),
        (trip(), AROUND[2:]),
        (trip(), AROUND[:2]),
        (trip(until=30), AROUND),
    ],
    ids=["no bars", "begin too late", "end too early", "shorter than a bar"],
)
def test_bars_that_do_not_tell_leave_it_unknown(told: RoundTrip, bars: tuple[Bar, ...]) -> None:
    assert excursion(told, series(*bars)) is None


def test_an_open_trip_has_none_yet() -> None:
    (held,) = build_book("SPY", log(fill("a", "1", "100"))).trips
    assert excursion(held, series(*AROUND)) is None
