from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.time import from_micros, iso, parse_instant, to_micros

instants = st.datetimes(timezones=st.just(UTC))


@given(instants)
def test_micros_round_trip(instant: datetime) -> None:
    assert from_micros(to_micros(instant)) == instant


@given(instants)
def test_text_round_trip(instant: datetime) -> None:
    assert parse_instant(iso(instant)) == instant


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        to_micros(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


def test_a_text_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        parse_instant("2026-03-13T13:30:01")


def test_nine_decimals_are_cut_to_microseconds() -> None:
    assert parse_instant("2026-03-13T13:30:01.120482999Z").microsecond == 120482


def test_an_offset_becomes_utc() -> None:
    assert iso(parse_instant("2026-03-13T09:30:00-04:00")) == "2026-03-13T13:30:00Z"
