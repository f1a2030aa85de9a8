"""`daybias` as a person uses it, against the simulator's real HTTP door."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.http_door import serve
from shared.cli.main import app

SECRET = "a-secret-nobody-may-see"


@pytest.fixture
def door() -> Iterator[str]:
    now = datetime.now(UTC)
    world = AlpacaWorld(lambda: datetime.now(UTC))
    account = world.add_account(account_id="a-1", number="PA0001", key="KEY", secret=SECRET)
    parts = [(Decimal(60), Decimal("178.21"), now - timedelta(hours=2))]
    world.order(account, "AAPL", "buy", parts)
    with serve(world.handle) as base_url:
        yield base_url


@pytest.fixture
def desk(door: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAYBIAS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DAYBIAS_BROKER_HOSTS", f'{{"alpaca:paper": "{door}"}}')
    monkeypatch.setenv("DAYBIAS_LOCAL_RETRIEVAL", "false")  # its model takes seconds to begin
    monkeypatch.setenv("DAYBIAS_ALPACA_KEY_ID", "KEY")
    monkeypatch.setenv("DAYBIAS_ALPACA_SECRET_KEY", SECRET)
    return tmp_path / "state"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_a_connected_account_is_synced_and_agrees_with_the_broker(desk: Path) -> None:
    run("connections", "add", "alpaca", "--label", "mine")
    synced = run("sync")
    assert (synced.exit_code, "alpaca paper PA0001" in synced.output) == (0, True)
    assert "agreed" in synced.output


def test_the_journal_shows_what_was_bought(desk: Path) -> None:
    run("connections", "add", "alpaca")
    run("sync")
    shown = run("journal")
    assert "AAPL" in shown.output
    assert "178.21" in shown.output


def test_refused_keys_are_told_with_the_connection(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAYBIAS_ALPACA_SECRET_KEY", "wrong")
    run("connections", "add", "alpaca")
    run("sync")
    assert "needs_reauth" in run("connections", "list").output


def test_no_file_holds_a_credential_in_the_clear(desk: Path) -> None:
    run("connections", "add", "alpaca")
    run("sync")
    assert all(SECRET.encode() not in path.read_bytes() for path in desk.iterdir())


def test_an_unknown_broker_is_refused_naming_the_known_ones(desk: Path) -> None:
    refused = run("connections", "add", "nobody")
    assert (refused.exit_code, "alpaca" in refused.output) == (2, True)
