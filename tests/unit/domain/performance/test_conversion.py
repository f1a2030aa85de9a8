from datetime import date, timedelta
from decimal import Decimal

import pytest

from shared.domain.performance.conversion import Quotes, converted, currencies_of

DAY = date(2026, 3, 2)
QUOTES = Quotes(
    {
        "EURUSD": {DAY: Decimal("1.25"), DAY + timedelta(days=1): Decimal("1.20")},
        "USDJPY": {DAY: Decimal(160)},
    },
    "test closes",
)


@pytest.mark.parametrize(
    ("currency", "into", "value", "source"),
    [
        ("EUR", "USD", "1.25", "test closes: EURUSD"),
        ("JPY", "USD", "0.00625", "test closes: 1 / USDJPY"),
        ("USD", "EUR", "0.8", "test closes: 1 / EURUSD"),
        ("EUR", "JPY", "200", "test closes: EURUSD x USDJPY"),
        ("USD", "USD", "1", "the same currency"),
    ],
)
def test_a_rate_is_found_straight_turned_around_or_over_the_dollar(
    currency: str, into: str, value: str, source: str
) -> None:
    rate = QUOTES.rate(currency, into, DAY)
    assert rate is not None
    assert (rate.value, rate.source, rate.on) == (Decimal(value), source, DAY)


@pytest.mark.parametrize("currency", ["USDT", "USDC", "GBP"])
def test_nothing_is_worth_a_dollar_by_its_name(currency: str) -> None:
    assert QUOTES.rate(currency, "USD", DAY) is None


def test_a_day_without_a_close_takes_the_newest_before_it_and_says_so() -> None:
    rate = QUOTES.rate("EUR", "USD", DAY + timedelta(days=4))
    assert rate is not None
    assert (rate.value, rate.on) == (Decimal("1.20"), DAY + timedelta(days=1))


def test_a_close_that_is_too_old_or_of_later_is_none() -> None:
    assert QUOTES.rate("EUR", "USD", DAY + timedelta(days=30)) is None
    assert QUOTES.rate("EUR", "USD", DAY - timedelta(days=1)) is None


def test_each_day_is_converted_at_its_own_rate() -> None:
    amounts = {
        "EUR": {DAY: Decimal(100), DAY + timedelta(days=1): Decimal(-50)},
        "USD": {DAY: Decimal(7)},
    }
    found = converted(amounts, "USD", QUOTES)
    assert (found.amount, found.missing) == (Decimal(72), ())
    assert [(rate.currency, rate.on) for rate in found.rates] == [("EUR", DAY + timedelta(days=1))]


def test_a_currency_without_a_rate_is_named_and_left_out_whole() -> None:
    amounts = {"GBP": {DAY: Decimal(100)}, "USD": {DAY: Decimal(7)}}
    found = converted(amounts, "USD", QUOTES)
    assert (found.amount, found.missing) == (Decimal(7), ("GBP",))


def test_the_pairs_that_may_be_needed_are_named_both_ways() -> None:
    assert currencies_of(["EUR"], "USD") == ("EURUSD", "USDEUR")
    assert "USDJPY" in currencies_of(["EUR"], "JPY")
