from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.brokers.tradovate.ledger import read_ledger, was_flat
from tests.unit.brokers.tradovate.samples import load

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
BEGINNING = START - timedelta(days=90)
HOUR = timedelta(hours=1)


def line(number: int, amount: str, delta: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "timestamp": (START + number * HOUR).isoformat(),
        "currencyId": 1,
        "amount": Decimal(amount),
        "delta": Decimal(delta),
        "fillId": number,
        **fields,
    }


CHAIN = [line(1, "100", "100"), line(2, "98", "-2"), line(3, "97.5", "-0.5")]


def test_a_ledger_that_starts_at_zero_reaches_the_beginning() -> None:
    assert read_ledger(CHAIN[::-1], BEGINNING).reach == BEGINNING


def test_a_ledger_that_starts_later_reaches_its_first_line() -> None:
    assert read_ledger(CHAIN[1:], BEGINNING).reach == START + 2 * HOUR


def test_a_line_that_is_missing_shows_in_the_balance_after_it() -> None:
    assert read_ledger([CHAIN[0], CHAIN[2]], BEGINNING).reach == START + 3 * HOUR


def test_the_saved_ledger_reaches_its_first_line() -> None:
    reach = read_ledger(load("cash_balance_log_deps"), BEGINNING).reach
    assert reach == datetime(2026, 6, 14, 23, 3, 54, 732_000, tzinfo=UTC)


def test_currencies_have_balances_of_their_own() -> None:
    euros = [line(4, "7", "7", currencyId=3)]
    assert read_ledger([*CHAIN, *euros], BEGINNING).reach == BEGINNING


def test_an_empty_ledger_says_nothing() -> None:
    assert read_ledger([], BEGINNING).reach is None


def test_a_spoiled_last_line_ends_the_trust() -> None:
    spoiled = {**line(4, "1", "1"), "amount": None}
    assert read_ledger([*CHAIN, spoiled], BEGINNING).reach is None


def test_a_ledger_that_may_be_cut_says_nothing() -> None:
    lines = [line(n + 1, str(n + 1), "1") for n in range(128)]
    assert read_ledger(lines, BEGINNING).reach is None


def test_spoiled_lines_are_news_always() -> None:
    ledger = read_ledger(["spoiled", *CHAIN], BEGINNING)
    assert ledger.since(START + 2 * HOUR, 2) == ["spoiled", CHAIN[2]]


def test_a_stretch_that_the_ledger_covers_is_not_lost() -> None:
    ledger = read_ledger(CHAIN, BEGINNING)
    assert ledger.lost((START, START + HOUR), was_flat=False) is None


def test_of_a_stretch_before_the_ledger_that_part_is_lost() -> None:
    lost = read_ledger(CHAIN[1:], BEGINNING).lost((START, START + 9 * HOUR), was_flat=True)
    assert lost is not None
    assert (lost.since, lost.until) == (START, START + 2 * HOUR)


def test_without_fees_a_stretch_is_lost_unless_nothing_was_held_after_it() -> None:
    free = read_ledger([line(1, "100", "100", fillId=None)], BEGINNING)
    assert free.lost((START, START + HOUR), was_flat=True) is None
    lost = free.lost((START, START + HOUR), was_flat=False)
    assert lost is not None
    assert "a position that stays open" in lost.reason


def test_what_was_held_before_a_session_is_told_by_its_day() -> None:
    today = {"year": 2026, "month": 3, "day": 16}
    opened_today = {"accountId": 1, "tradeDate": today, "netPos": 2, "prevPos": 0}
    held = {"accountId": 1, "tradeDate": {**today, "day": 12}, "netPos": 2, "prevPos": 0}
    assert was_flat([opened_today, {**held, "accountId": 2}, "spoiled"], 1, START)
    assert not was_flat([held], 1, START)
    assert not was_flat([{**opened_today, "prevPos": None}], 1, START)
