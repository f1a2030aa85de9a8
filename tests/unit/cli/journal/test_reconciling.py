from datetime import UTC, datetime, timedelta
from decimal import Decimal


def test_both_sides_are_shown_with_cash(connected):
    connected("sync")
    told = connected("reconcile", "--account", "PA1")
    assert (told.exit_code, "agreed" in told.output) == (0, True)
    assert "first report" in told.output


def test_an_old_holding_is_told_as_what_it_is(connected, world):
    account = next(iter(world._accounts.values()))
    old = datetime.now(UTC) - timedelta(days=200)
    world.order(account, "IBM", "buy", [(Decimal(7), Decimal(120), old)])
    connected("sync")
    told = connected("reconcile")
    assert "Held before the known history" in told.output
    assert "IBM" in told.output


def test_nothing_differs_where_both_sides_agree(connected):
    connected("sync")
    assert "Nothing differs" in connected("discrepancies").output


def test_what_agrees_cannot_be_acknowledged(connected):
    connected("sync")
    told = connected("discrepancies", "acknowledge", "AAPL", "--account", "PA1", "--note", "x")
    assert (told.exit_code, "does not differ" in told.output) == (1, True)
