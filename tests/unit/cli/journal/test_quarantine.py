"""A row that yesterday's parser refused, and that today's reads."""

from dataclasses import replace

import pytest

from shared.brokers.spec import BrokerSpec
from shared.domain.errors import UnparseableRow
from shared.wiring import brokers


@pytest.fixture
def unread(connected, monkeypatch):
    """One row that yesterday's parser did not read."""
    spec: BrokerSpec = brokers.SPECS["alpaca"]

    def refuse(raw, account):
        raise UnparseableRow("yesterday's parser [/b]")

    old = replace(spec, history=tuple(replace(one, parse=refuse) for one in spec.history))
    monkeypatch.setitem(brokers.SPECS, "alpaca", old)
    connected("sync")
    monkeypatch.setitem(brokers.SPECS, "alpaca", spec)
    return connected


def entry_id(listed) -> str:
    row = next(line for line in listed.output.splitlines() if "yesterday" in line)
    return row.split("│")[1].strip()


def test_an_unread_row_is_listed_with_its_reason_and_account(unread):
    listed = unread("quarantine").output
    assert "yesterday's parser [/b]" in listed
    assert "alpaca PA1" in listed


def test_an_unread_row_is_shown_as_the_broker_gave_it(unread):
    shown = unread("quarantine", "show", entry_id(unread("quarantine")))
    assert '"activity_type": "FILL"' in shown.output


def test_a_replayed_row_is_in_the_journal_and_no_longer_listed(unread):
    replayed = unread("quarantine", "replay", "--all")
    assert (replayed.exit_code, "read" in replayed.output) == (0, True)
    assert "178.21" in unread("journal").output
    assert "Every row has been read" in unread("quarantine").output


def test_a_resolved_row_is_still_told_when_asked_for(unread):
    unread("quarantine", "replay", entry_id(unread("quarantine")))
    assert "resolved" in unread("quarantine", "--all").output


def test_a_replay_names_one_row_or_says_all(unread):
    assert unread("quarantine", "replay").exit_code == 2
    assert unread("quarantine", "replay", "x", "--all").exit_code == 2


def test_an_unknown_row_ends_with_status_1(connected):
    assert connected("quarantine", "show", "nothing").exit_code == 1


def test_nothing_unread_says_so(connected):
    assert "Every row has been read" in connected("quarantine").output
