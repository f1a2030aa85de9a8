from datetime import UTC, datetime, timedelta
from decimal import Decimal

TODAY = datetime.now(UTC).date()
WEEK = ("--from", str(TODAY - timedelta(days=7)), "--to", str(TODAY + timedelta(days=1)))


def cells(output: str, first: str) -> list[str]:
    row = next(line for line in output.splitlines() if line.startswith(f"│ {first}"))
    return [cell.strip() for cell in row.strip("│").split("│")]


def test_a_dry_run_tells_what_is_new_and_stores_nothing(connected):
    told = connected("sync", "--dry-run")
    assert cells(told.output, "mine")[2:5] == ["1", "1", "0"]
    assert "AAPL" not in connected("journal").output


def test_a_dry_run_after_a_sync_finds_all_the_same(connected):
    connected("sync")
    told = connected("sync", "--dry-run")
    assert cells(told.output, "mine")[2:6] == ["1", "0", "0", "1"]


def test_a_dry_run_says_why_a_login_was_not_asked(connected):
    connected("connections", "pause", "mine")
    assert "paused" in connected("sync", "--dry-run").output


def test_days_read_again_show_what_came_late(connected, world):
    connected("sync")
    account = next(iter(world._accounts.values()))
    late = datetime.now(UTC) - timedelta(days=5)
    world.order(account, "MSFT", "buy", [(Decimal(3), Decimal("400.5"), late)])
    told = connected("resync", "--account", "PA1", *WEEK)
    assert (told.exit_code, cells(told.output, "all")) == (0, ["all", "1", "0", "1"])
    assert "MSFT" in connected("journal").output


def test_days_in_the_wrong_order_end_with_status_1(connected):
    connected("sync")
    refused = connected("resync", "--account", "PA1", "--from", "2026-03-02", "--to", "2026-03-01")
    assert (refused.exit_code, "before the first" in refused.output) == (1, True)


def test_an_unknown_account_names_those_there_are(connected):
    connected("sync")
    refused = connected("resync", "--account", "PA9", *WEEK)
    assert (refused.exit_code, "PA1" in refused.output) == (1, True)
