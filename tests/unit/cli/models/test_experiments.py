"""`daybias experiments` and `daybias rate` on files of one's own."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from shared.analyst.accounts.ledger import Ledger
from shared.cli.main import app
from shared.config import Settings
from shared.wiring.local import open_stack
from tests.unit.analyst.experiments.test_declared import DAYS, EXPERIMENT, TEXT
from tests.unit.analyst.experiments.test_report import assigned


@pytest.fixture
def run(tmp_path):
    declared = tmp_path / "experiments.toml"
    declared.write_text(TEXT)
    environment = {
        "DAYBIAS_STATE_DIR": str(tmp_path / "state"),
        "DAYBIAS_EXPERIMENTS": str(declared),
        "COLUMNS": "200",
    }
    return lambda *arguments: CliRunner().invoke(app, arguments, env=environment)


async def keep(folder) -> None:
    base = open_stack(Settings(profile="local", state_dir=folder / "state")).foundation
    for day in DAYS[:20]:
        await Ledger(base.documents).note(assigned(day))
    await base.close()


def test_what_is_tried_is_listed_with_what_is_expected(run):
    assert "fewer false claims" in run("experiments").stdout


def test_a_report_is_shown_and_kept_as_markdown_with_plots(run, tmp_path):
    asyncio.run(keep(tmp_path))
    folder = tmp_path / "report"
    result = run("experiments", "claims-first", "--json", "--out", str(folder))
    found = json.loads(result.stdout)
    assert found["experiment"] == EXPERIMENT.key
    assert sum(arm["sections"] for arm in found["arms"].values()) == 20
    assert "# Experiment" in (folder / "report.md").read_text()
    assert (folder / "cost_usd.svg").exists()
    shown = run("experiments", "claims-first").stdout
    assert "grounded at the first draft" in shown
    assert "v2 minus v1" in shown


def test_an_experiment_that_was_never_declared_is_told(run):
    result = run("experiments", "terse")
    assert result.exit_code == 1
    assert "declared are: claims-first" in result.stderr


def test_a_rating_is_a_number_or_a_plain_word_of_a_bias_that_exists(run):
    for rating, words in (("great", "useful or useless"), ("useful", "no close bias of SPY")):
        result = run("rate", "SPY", "2020-05-29", rating)
        assert result.exit_code == 1
        assert words in " ".join(result.stderr.split())
    assert "Ratings" in run("rate").stdout
