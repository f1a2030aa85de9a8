from datetime import timedelta

import pytest

from shared.domain.market.instrument import parse_offset


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09:30", timedelta(hours=9, minutes=30)),
        ("-06:00", timedelta(hours=-6)),
        ("24:00", timedelta(days=1)),
    ],
)
def test_an_offset_counts_from_local_midnight(text, expected):
    assert parse_offset(text) == expected


@pytest.mark.parametrize("text", ["", "9", "9:3", "-:00", "09-30", "+09:30", "09:30:00"])
def test_anything_else_is_refused_as_an_offset(text):
    with pytest.raises(ValueError, match="HH:MM"):
        parse_offset(text)
