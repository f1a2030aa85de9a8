import csv


def key_of(daybias) -> str:
    rows = list(csv.DictReader(daybias("export", "executions").output.splitlines()))
    return rows[0]["key"]


def test_what_is_said_adds_up(connected):
    connected("sync")
    row = key_of(connected)
    connected("notes", "say", row, "--note", "chased it", "--tag", "FOMO", "--risk", "150")
    connected("notes", "say", row, "--rating", "2")
    told = connected("notes").output
    assert all(word in told for word in ("chased it", "fomo", "risk 150", "2"))


def test_an_exclusion_is_told_and_taken_back(connected):
    connected("sync")
    row = key_of(connected)
    connected("notes", "exclude", row, "--reason", "a test order")
    assert "a test order" in connected("notes").output
    connected("notes", "include", row)
    assert "a test order" not in connected("notes").output


def test_what_is_cleared_is_gone(connected):
    connected("sync")
    row = key_of(connected)
    connected("notes", "say", row, "--note", "chased it")
    connected("notes", "clear", row)
    assert "chased it" not in connected("notes").output


def test_what_is_too_long_ends_with_status_1_and_says_so(connected):
    connected("sync")
    told = connected("notes", "say", key_of(connected), "--tag", "x" * 50)
    assert (told.exit_code, "40 characters" in told.output) == (1, True)


def test_a_row_that_is_not_there_ends_with_status_1(connected):
    told = connected("notes", "say", "nothing", "--note", "x")
    assert (told.exit_code, "no row" in told.output) == (1, True)
