import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.topstepx.world import TopstepXWorld
from shared.brokers.topstepx.spec import SPEC
from shared.cli.main import app


@pytest.fixture
def trader(tmp_path):
    """Run a command where a TopstepX login is connected; the world is beside it."""
    world = TopstepXWorld(lambda: datetime.now(UTC))
    world.add_login("me", "key")
    account = world.add_account("me", account_id=7, name="50K")
    (environment,) = SPEC.hosts
    with serve(world.handle) as broker:
        settings = {
            "DAYBIAS_STATE_DIR": str(tmp_path / "state"),
            "DAYBIAS_BROKER_HOSTS": json.dumps({f"topstepx:{environment}": broker}),
            "DAYBIAS_TOPSTEPX_USER_NAME": "me",
            "DAYBIAS_TOPSTEPX_API_KEY": "key",
            "COLUMNS": "200",
        }

        def run(*arguments: str):
            return CliRunner().invoke(app, arguments, env=settings)

        run("connections", "add", "topstepx", "--environment", environment)
        yield run, world, account


def trade(world, account, contract: str, side: str, *, price: str, minutes_ago: int) -> None:
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    world.fill(account, contract, side, 2, price=Decimal(price), at=at)


def test_a_position_that_went_to_the_next_month_is_listed(trader):
    run, world, account = trader
    trade(world, account, "CON.F.US.EP.Z26", "buy", price="6000", minutes_ago=90)
    trade(world, account, "CON.F.US.EP.Z26", "sell", price="6100", minutes_ago=61)
    trade(world, account, "CON.F.US.EP.H27", "buy", price="6150", minutes_ago=60)
    run("sync")
    row = next(line for line in run("futures", "rolls").output.splitlines() if "EP.Z26" in line)
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells[2:] == ["ES", "CON.F.US.EP.Z26", "CON.F.US.EP.H27", "long", "2", "50"]


def test_without_rolls_it_says_so(trader):
    run, _, _ = trader
    assert "No position has been rolled" in run("futures", "rolls").output


def test_contracts_are_listed_with_what_a_tick_is_worth(trader):
    run, _, _ = trader
    row = next(line for line in run("futures", "contracts").output.splitlines() if "│ MES " in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["MES", "5", "0.25", "1.25"]
