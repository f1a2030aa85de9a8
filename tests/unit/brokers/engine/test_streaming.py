from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.alpaca.stream import STREAM as ALPACA
from shared.brokers.engine.streaming import Lines
from shared.brokers.oanda.stream import STREAM as OANDA
from shared.brokers.tradestation.stream import STREAM as TRADESTATION
from shared.domain.errors import DaybiasError

LINES = st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line and line.strip()))


@given(LINES, st.lists(st.integers(1, 9)))
def test_lines_are_the_same_wherever_their_chunks_end(lines: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    reader, found, place = Lines(10_000), [], 0
    for cut in [*cuts, len(whole)]:
        found += reader.feed(whole[place : place + cut])
        place += cut
    assert found == lines


def test_a_line_without_an_end_is_refused() -> None:
    reader = Lines(10)
    reader.feed(b"0123456789")
    with pytest.raises(ValueError, match="10 bytes"):
        reader.feed(b"0")


@pytest.mark.parametrize(
    ("own", "address"),
    [
        (None, "wss://paper-api.alpaca.markets/stream"),
        ("http://127.0.0.1:8091", "ws://127.0.0.1:8091/stream"),
        ("https://proxy.example", "wss://proxy.example/stream"),
    ],
)
def test_a_host_of_the_users_own_stands_for_the_websockets_too(
    own: str | None, address: str
) -> None:
    assert ALPACA.address("paper", "/stream", own) == address


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
SEEN = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("type", "Legs", "Status", "StreamStatus", "Error", "stream", "data", "event"), JSON
    ),
)


@given(JSON | SEEN, st.sampled_from([ALPACA, OANDA, TRADESTATION]))
def test_no_line_whatever_it_holds_stops_the_reading(line: Any, stream: Any) -> None:
    try:
        stream.read(line)
    except DaybiasError:  # pragma: no cover - would be a fault
        pytest.fail("a stream's reader raised")
