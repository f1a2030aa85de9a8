import json
from pathlib import Path

import pytest

from shared import VERSION

LOGIN = {"DAYBIAS_ALPACA_KEY_ID": "PKTEST", "DAYBIAS_ALPACA_SECRET_KEY": "hush-hush"}


def test_the_version_is_told(daybias):
    assert daybias("version").output.strip() == VERSION


def test_fills_of_an_added_login_are_in_the_journal_after_a_sync(daybias):
    daybias("connections", "add", "alpaca", **LOGIN)
    synced = daybias("sync")
    journal = daybias("journal")
    assert (synced.exit_code, "agreed" in synced.output) == (0, True)
    assert "AAPL" in journal.output
    assert "178.21" in journal.output


def test_credentials_that_are_typed_are_never_shown(daybias):
    added = daybias("connections", "add", "alpaca", typed="PKTEST\nhush-hush\n")
    listed = daybias("connections", "list")
    assert (added.exit_code, "Alpaca paper" in listed.output) == (0, True)
    assert "hush-hush" not in added.output + listed.output


def test_no_file_holds_a_credential_in_clear(daybias, tmp_path):
    daybias("connections", "add", "alpaca", **LOGIN)
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert files
    assert not any(b"hush-hush" in path.read_bytes() for path in files)


@pytest.mark.parametrize("optional", ["", "789"], ids=["left out", "given"])
def test_a_credential_that_may_be_left_out_is_asked_for_as_such(daybias, optional):
    added = daybias("connections", "add", "ibkr", typed=f"123\n456\n{optional}\n")
    assert added.exit_code == 0
    assert "confirmations_query_id (optional)" in added.output


def test_what_the_user_must_know_of_the_broker_is_told_before_he_gives_his_key(daybias):
    added = daybias("connections", "add", "kraken", "--environment", "live", typed="K\nS\n\n")
    told, asked = added.output.index("Make a key for Daybias alone"), added.output.index("api_key")
    assert (added.exit_code, told < asked) == (0, True)


def test_an_unknown_broker_names_those_there_are(daybias):
    refused = daybias("connections", "add", "robbery")
    assert (refused.exit_code, "alpaca" in refused.output) == (2, True)


def test_an_environment_that_the_broker_has_not_ends_with_the_reason(daybias):
    refused = daybias("connections", "add", "alpaca", "--environment", "moon", **LOGIN)
    assert refused.exit_code == 1


def test_an_instrument_without_prices_says_why_it_has_no_bias(daybias):
    shown = daybias("bias", "SPY")
    assert (shown.exit_code, "no bias" in shown.output) == (0, True)


def test_the_board_lists_all_21(daybias):
    shown = daybias("bias")
    assert (shown.exit_code, "BTCUSD" in shown.output) == (0, True)


def test_the_cloud_profile_is_refused(daybias):
    refused = daybias("journal", DAYBIAS_PROFILE="cloud", DAYBIAS_PROJECT="p")
    assert refused.exit_code == 1


def test_a_saved_payload_is_shown_as_it_would_be_read(daybias):
    file = Path(__file__).parents[2] / "fixtures" / "alpaca" / "activities_fill_page1.json"
    told = json.loads(daybias("parse", "alpaca", str(file), "--json").output)
    shown = daybias("parse", "alpaca", str(file), "--account", "A1")
    assert (told["executions"][0]["quantity"], told["unparseable"]) == ("60", [])
    assert "178.21" in shown.output


def test_a_report_that_a_user_downloaded_is_read_by_its_name(daybias):
    file = Path(__file__).parents[2] / "fixtures" / "tradovate" / "fills_report.csv"
    shown = daybias("parse", "tradovate", str(file), "--endpoint", "fills_report", "--json")
    assert [one["symbol"] for one in json.loads(shown.output)["executions"]] == ["ESM26", "ESM26"]
    assert daybias("parse", "tradovate", str(file)).exit_code == 1


def test_what_cannot_be_parsed_ends_with_the_reason(daybias, tmp_path):
    file = tmp_path / "saved.json"
    file.write_text("not json")
    assert daybias("parse", "robbery", str(file)).exit_code == 2
    for more in ((), ("--endpoint", "nowhere")):
        assert daybias("parse", "alpaca", str(file), *more).exit_code == 1


@pytest.mark.parametrize("data", [b'{"transactions": [', b"<html>busy</html>", b"\xff\xfe"])
def test_a_payload_that_cannot_be_read_is_told_to_machines_too(daybias, tmp_path, data):
    file = tmp_path / "saved"
    file.write_bytes(data)
    shown = daybias("parse", "oanda", str(file), "--json")
    told = json.loads(shown.stdout)["unparseable"][0]
    assert (shown.exit_code, told["reason"]) == (1, "not an answer of OANDA")
    assert told["row"] == data.decode(errors="backslashreplace")


def test_half_a_character_in_a_row_ends_no_command(daybias, tmp_path):
    file = tmp_path / "saved.json"
    file.write_text('{"accountNumber": "\\ud800", "status": "VALID", "type": "\\ud800 [/b]"}')
    shown = daybias("parse", "schwab", str(file))
    assert (shown.exit_code, "unparseable" in shown.output) == (0, True)
