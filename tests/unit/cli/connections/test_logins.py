from infra.simulators.brokers import faults


def test_a_login_that_works_lists_its_accounts(connected):
    tried = connected("connections", "test", "mine")
    assert (tried.exit_code, "PA1 USD" in tried.output) == (0, True)


def test_a_login_that_is_refused_says_so_and_ends_with_status_1(connected, world):
    world.faults.plan(faults.status(401), times=9)
    tried = connected("connections", "test", "mine")
    assert (tried.exit_code, "401" in tried.output) == (1, True)
    assert "needs_reauth" in connected("connections", "list").output


def test_a_renamed_login_goes_by_its_new_label(connected):
    connected("connections", "rename", "mine", "the other one")
    assert "the other one" in connected("connections", "list").output
    assert connected("connections", "test", "mine").exit_code == 1


def test_a_paused_login_is_not_synced_until_it_is_resumed(connected, world):
    connected("connections", "pause", "mine")
    connected("sync")
    assert world.calls == []
    connected("connections", "resume", "mine")
    connected("sync")
    assert world.calls != []


def test_a_deleted_login_is_gone_and_its_journal_stays(connected):
    connected("sync")
    deleted = connected("connections", "delete", "mine", typed="y\n")
    assert (deleted.exit_code, "mine" in connected("connections", "list").output) == (0, False)
    assert "AAPL" in connected("journal").output


def test_a_journal_is_deleted_only_when_that_is_said(connected):
    connected("sync")
    connected("connections", "delete", "mine", "--journal", "--yes")
    assert "AAPL" not in connected("journal").output


def test_a_deletion_that_is_not_confirmed_deletes_nothing(connected):
    connected("connections", "delete", "mine", typed="n\n")
    assert "mine" in connected("connections", "list").output


def test_an_unknown_name_tells_those_there_are(connected):
    refused = connected("connections", "pause", "nobody")
    assert (refused.exit_code, "mine" in refused.output) == (1, True)


def test_a_label_of_two_logins_is_refused_with_their_ids(connected):
    login = {"DAYBIAS_ALPACA_KEY_ID": "PKTEST", "DAYBIAS_ALPACA_SECRET_KEY": "hush-hush"}
    connected("connections", "add", "alpaca", "--label", "mine", **login)
    refused = connected("connections", "pause", "mine")
    assert (refused.exit_code, refused.output.count("mine (")) == (1, 2)


def test_the_history_of_a_login_tells_its_states_and_its_syncs(connected):
    connected("sync")
    connected("connections", "pause", "mine")
    shown = connected("connections", "history", "mine").stdout
    assert [state for state in ("active", "paused") if state in shown] == ["active", "paused"]
    assert "closed" in shown
