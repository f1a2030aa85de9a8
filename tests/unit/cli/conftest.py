"""`daybias` on files of its own, with a simulated Alpaca behind a real HTTP door."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.http_door import serve
from shared.cli.main import app


@pytest.fixture
def world() -> AlpacaWorld:
    world = AlpacaWorld(lambda: datetime.now(UTC))
    account = world.add_account(
        account_id="7c1f0a52-3a1e-4b0d-9d8f-0a6be21f4c11",
        number="PA1",
        key="PKTEST",
        secret="hush-hush",
    )
    at = datetime.now(UTC) - timedelta(hours=1)
    world.order(account, "AAPL", "buy", [(Decimal(100), Decimal("178.21"), at)])
    return world


@pytest.fixture
def daybias(tmp_path: Path, world: AlpacaWorld) -> Iterator[Callable[..., Result]]:
    """Run a command."""
    with serve(world.handle) as broker:
        environment = {
            "DAYBIAS_STATE_DIR": str(tmp_path / "state"),
            "DAYBIAS_BROKER_HOSTS": json.dumps({"alpaca:paper": broker}),
            "DAYBIAS_LOCAL_RETRIEVAL": "false",  # its model takes seconds to begin
            "COLUMNS": "200",
        }
        runner = CliRunner(env=environment)

        def run(*arguments: str, typed: str | None = None, **more: str) -> Result:
            return runner.invoke(app, arguments, input=typed, env=environment | more)

        yield run


@pytest.fixture
def connected(daybias: Callable[..., Result]) -> Callable[..., Result]:
    """Run a command where a login named "mine" is there."""
    login = {"DAYBIAS_ALPACA_KEY_ID": "PKTEST", "DAYBIAS_ALPACA_SECRET_KEY": "hush-hush"}
    daybias("connections", "add", "alpaca", "--label", "mine", **login)
    return daybias
