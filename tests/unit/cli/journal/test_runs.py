from datetime import UTC, datetime, timedelta

from infra.simulators.brokers import faults

YESTERDAY = str(datetime.now(UTC).date() - timedelta(days=1))


def test_runs_are_listed_with_what_they_brought_and_took(connected):
    connected("sync")
    told = connected("runs", "--account", "PA1")
    row = next(line for line in told.output.splitlines() if line.startswith("│ 1 "))
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert (told.exit_code, cells[2:6], cells[-2].endswith(" s")) == (
        0,
        ["complete", "closed", "1", "1"],
        True,
    )


def test_a_run_that_failed_says_why(connected, world):
    connected("sync")
    world.faults.plan(faults.status(422), path="/v2/account/activities")
    connected("resync", "--account", "PA1", "--from", YESTERDAY, "--to", YESTERDAY)
    told = connected("runs", "--account", "PA1", "--limit", "1")
    assert ("failed" in told.output, "422" in told.output) == (True, True)
