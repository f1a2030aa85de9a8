from datetime import UTC, datetime, timedelta
from decimal import Decimal

BEFORE = "2020-01-02T00:00:00"


def test_an_accounts_cost_method_is_shown_and_chosen(connected):
    connected("sync")
    assert "fifo" in connected("accounts").output
    told = connected("accounts", "cost-method", "PA1", "average")
    assert (told.exit_code, "1 instruments" in told.output) == (0, True)
    assert "average" in connected("accounts").output


def test_a_lot_is_stated_and_dropped(connected, world):
    account = next(iter(world._accounts.values()))
    sold = datetime.now(UTC) - timedelta(minutes=30)
    world.order(account, "AAPL", "sell", [(Decimal(130), Decimal(180), sold)])
    connected("sync")
    state = ("accounts", "state-lot", "PA1", "AAPL", "--quantity", "30")
    told = connected(*state, "--price", "100", "--at", BEFORE)
    assert (told.exit_code, "30 at 100" in told.output) == (0, True)
    assert "AAPL" not in connected("journal").output
    assert connected("accounts", "drop-lot", "PA1", "AAPL").exit_code == 0
    assert "AAPL" in connected("journal").output


def test_a_negative_price_is_refused(connected):
    connected("sync")
    state = ("accounts", "state-lot", "PA1", "AAPL", "--quantity", "30", "--at", BEFORE)
    told = connected(*state, "--price", "-1")
    assert (told.exit_code, "price: " in told.output) == (1, True)


def test_an_account_that_is_not_there_is_told(connected):
    told = connected("accounts", "cost-method", "PA9", "fifo")
    assert (told.exit_code, "0 accounts" in told.output) == (1, True)
