import sqlite3
from pathlib import Path


def test_a_journal_comes_back_from_its_archive(connected, tmp_path: Path):
    connected("sync")
    connected("backup", str(tmp_path / "archive"))
    connected("erase", "--yes")
    elsewhere = {"DAYBIAS_STATE_DIR": str(tmp_path / "new")}
    told = connected("restore", str(tmp_path / "archive"), **elsewhere)
    assert (told.exit_code, "sign in again" in told.output) == (0, True)
    assert "AAPL" in connected("journal", **elsewhere).output


def test_a_login_in_an_archive_shows_nothing_secret(connected, tmp_path: Path):
    connected("sync")
    connected("backup", str(tmp_path / "archive"))
    written = b"".join(path.read_bytes() for path in (tmp_path / "archive").iterdir())
    assert b"hush-hush" not in written


def test_a_restore_over_a_journal_must_be_asked_for(connected, tmp_path: Path):
    connected("sync")
    connected("backup", str(tmp_path / "archive"))
    refused = connected("restore", str(tmp_path / "archive"))
    assert (refused.exit_code, "not empty" in refused.output) == (1, True)
    assert connected("restore", str(tmp_path / "archive"), "--replace").exit_code == 0


def test_a_folder_that_holds_no_archive_ends_with_status_1(connected, tmp_path: Path):
    refused = connected("restore", str(tmp_path / "nothing"))
    assert (refused.exit_code, "no archive" in refused.output) == (1, True)


def test_a_rebuild_computes_the_same_journal(connected):
    connected("sync")
    before = connected("journal").output
    told = connected("rebuild")
    assert "1 of 1 instruments built anew" in told.output
    assert connected("journal").output == before


def test_an_erasure_asks_first(connected):
    connected("sync")
    connected("erase", typed="n\n")
    assert "AAPL" in connected("journal").output


def test_an_erased_journal_is_empty(connected):
    connected("sync")
    assert "documents erased" in connected("erase", "--yes").output
    assert "AAPL" not in connected("journal").output


def test_a_store_that_is_whole_passes_its_checks(connected):
    connected("sync")
    told = connected("integrity")
    assert (told.exit_code, told.output.strip()) == (0, "Every invariant holds.")


def test_a_restored_store_passes_its_checks(connected, tmp_path: Path):
    connected("sync")
    connected("backup", str(tmp_path / "archive"))
    elsewhere = {"DAYBIAS_STATE_DIR": str(tmp_path / "new")}
    connected("restore", str(tmp_path / "archive"), **elsewhere)
    assert connected("integrity", **elsewhere).exit_code == 0


def test_a_store_that_was_changed_ends_with_status_1(connected, tmp_path: Path):
    connected("sync")
    with sqlite3.connect(tmp_path / "state" / "documents.sqlite3") as store:
        store.execute("UPDATE executions SET _body = replace(_body, '178.21', '178.22')")
    told = connected("integrity")
    assert (told.exit_code, "hashes" in told.output) == (1, True)


def test_a_journal_is_shown_as_it_was_known_then(connected):
    connected("sync")
    assert "AAPL" not in connected("rebuild", "--as-of", "2020-01-01T00:00:00").output
    assert "AAPL" in connected("rebuild", "--as-of", "2099-01-01T00:00:00").output


def test_one_account_is_erased_and_its_login_stays(connected):
    connected("sync")
    told = connected("erase", "--account", "PA1", "--yes")
    assert (told.exit_code, "PA1 is erased" in told.output) == (0, True)
    assert "AAPL" not in connected("journal").output
    assert "mine" in connected("connections", "list").output


def test_an_account_that_is_not_there_is_not_erased(connected):
    connected("sync")
    told = connected("erase", "--account", "PA9", "--yes")
    assert (told.exit_code, "0 accounts" in told.output) == (1, True)
    assert "AAPL" in connected("journal").output
