import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal

from typer.testing import CliRunner

from shared.analyst.accounts.ledger import Ledger
from shared.cli.main import app
from shared.config import Settings
from shared.wiring.local import open_stack
from tests.unit.analyst.accounts.test_ledger import use, vectors


async def keep(folder) -> None:
    base = open_stack(Settings(profile="local", state_dir=folder)).foundation
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    await Ledger(base.documents).note(use(at=at))
    await Ledger(base.documents).note(use(at=at, step="macro", cost_usd=None))
    await Ledger(base.documents).note(vectors(at=at, estimated=True))
    await base.close()


def run(folder, *arguments: str):
    environment = {"DAYBIAS_STATE_DIR": str(folder), "COLUMNS": "200"}
    return CliRunner().invoke(app, ["costs", "--day", "2026-11-24", *arguments], env=environment)


async def test_a_days_costs_are_summed_for_a_person_and_for_a_machine(tmp_path):
    await keep(tmp_path)

    shown = await asyncio.to_thread(run, tmp_path)
    assert "unknown (at least 0.0100; 1 without a price)" in shown.stdout
    (vectors,) = (line for line in shown.stdout.splitlines() if "embeddings: index" in line)
    assert [cell.strip() for cell in vectors.split("│")][4:8] == ["1", "300", "300", "0"]
    assert "0.0000450 USD rest on them" in shown.stdout
    told = await asyncio.to_thread(run, tmp_path, "--by", "provider", "--json")
    (gemini, total) = json.loads(told.stdout)
    assert (gemini["name"], gemini["cost_usd"], gemini["unpriced"]) == ("gemini", None, 1)
    assert Decimal(total["known_usd"]) == Decimal("0.010045")
    assert (total["estimated_tokens"], Decimal(total["estimated_usd"])) == (
        300,
        Decimal("0.000045"),
    )
