from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

TODAY = datetime.now(UTC).date()


@pytest.fixture
def traded(connected, world):
    account = next(iter(world._accounts.values()))
    at = datetime.now(UTC) - timedelta(minutes=30)
    world.order(account, "AAPL", "sell", [(Decimal(100), Decimal("179.21"), at)])
    connected("sync")
    return connected


def test_a_report_shows_statistics_and_groups(traded):
    told = traded("performance", "--by", "instrument", "--by", "weekday", "--into", "USD")
    assert told.exit_code == 0
    assert "By instrument" in told.output
    assert "AAPL" in told.output
    assert "Net: 100 USD" in told.output


def test_rules_tell_how_they_stand(traded):
    first_day = str(TODAY - timedelta(days=5))
    firm = ("--beginning", "50000", "--begins-on", first_day, "--daily-loss", "1000")
    traded("rules", "set", "--account", "PA1", *firm)
    assert "daily_loss" in traded("performance").output
    traded("rules", "clear", "--account", "PA1")
    assert "daily_loss" not in traded("performance").output


def test_an_unknown_account_ends_with_status_1(traded):
    assert traded("performance", "--account", "nobody").exit_code == 1


def test_what_is_no_rule_and_no_zone_is_told(connected):
    connected("sync")
    rules = (
        "rules",
        "set",
        "--account",
        "PA1",
        "--beginning",
        "50000",
        "--begins-on",
        "2026-01-01",
    )
    told = connected(*rules, "--daily-loss", "-5")
    assert (told.exit_code, "daily_loss" in told.output) == (1, True)
    told = connected(*rules, "--currency", "usd")
    assert (told.exit_code, "currency" in told.output) == (1, True)
    told = connected("performance", "--zone", "Mars")
    assert (told.exit_code, "not a time zone" in told.output) == (1, True)


def test_rules_that_do_not_know_the_open_profit_say_so(connected):
    connected("sync")
    rules = (
        "rules",
        "set",
        "--account",
        "PA1",
        "--beginning",
        "50000",
        "--begins-on",
        "2026-01-01",
    )
    connected(*rules, "--daily-loss", "1000")
    assert "without a price are in none of its rules" in connected("performance").output
