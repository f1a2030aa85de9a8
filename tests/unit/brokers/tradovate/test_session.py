from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.spec import Window
from shared.brokers.tradovate.session import (
    Memory,
    is_cut,
    merged,
    session_of,
    session_start,
    unseen,
)

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)  # a Monday, in summer time
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "begins", "named"),
    [
        ("2026-03-16 14:00", "2026-03-13 21:00", "2026-03-16"),
        ("2026-03-15 23:03", "2026-03-13 21:00", "2026-03-16"),
        ("2026-03-13 21:00", "2026-03-13 21:00", "2026-03-16"),
        ("2026-03-13 20:59", "2026-03-12 21:00", "2026-03-13"),
        ("2026-03-14 12:00", "2026-03-13 21:00", "2026-03-16"),
        ("2026-03-16 21:30", "2026-03-16 21:00", "2026-03-17"),
        ("2026-01-12 21:30", "2026-01-09 22:00", "2026-01-12"),  # in winter time
    ],
)
def test_a_session_ends_in_new_york_at_five(instant: str, begins: str, named: str) -> None:
    assert (session_start(at(instant)), session_of(at(instant))) == (at(begins), named)


@given(st.integers(0, 10 * 366 * 86_400).map(lambda s: START + timedelta(seconds=s)))
def test_an_instant_lies_in_the_session_that_it_is_named_for(instant: datetime) -> None:
    begins = session_start(instant)
    assert begins <= instant < begins + timedelta(days=3, hours=1)
    assert session_of(begins) == session_of(instant)


@pytest.mark.parametrize(
    ("count", "cut"),
    [(1, False), (64, False), (128, True), (1000, False), (1024, True), (4096, True)],
)
def test_a_power_of_two_is_suspicious(count: int, cut: bool) -> None:
    assert is_cut(count) is cut


def test_a_memory_comes_back_as_it_was_written() -> None:
    memory = Memory("2026-03-16", 7, frozenset({3, 1}), ((START - HOUR, START),))
    assert Memory.read(memory.mark(START - 2 * HOUR)) == memory


def test_what_was_seen_long_ago_is_forgotten() -> None:
    memory = Memory(seen=((START - 9 * HOUR, START - 8 * HOUR), (START - HOUR, START)))
    assert Memory.read(memory.mark(START - 2 * HOUR)).seen == ((START - HOUR, START),)


def test_without_a_mark_nothing_is_remembered() -> None:
    assert Memory.read(None) == Memory()


SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=8)


@given(SPANS)
def test_seen_and_unseen_together_are_the_window(spans: list[tuple[int, int]]) -> None:
    seen = [(START + HOUR * a, START + HOUR * (a + b)) for a, b in spans]
    window = Window(START + 5 * HOUR, START + 40 * HOUR)
    clipped = [(max(a, window.since), min(b, window.until)) for a, b in seen]
    known = [(a, b) for a, b in clipped if a < b]
    rest = unseen(window, seen)
    assert merged([*known, *rest]) == ((window.since, window.until),)
    assert not any(a < d and c < b for a, b in rest for c, d in known)
