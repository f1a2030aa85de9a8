"""An experiment as a user meets it: declared, written by two arms, rated, scored, reported."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.http_door import HttpDoor
from shared.bias.compute import Sources
from shared.bias.ratings import Ratings
from shared.bias.serving.service import BiasService
from shared.cli.main import app
from shared.config import BiasSettings, Settings
from shared.domain.bias import Moment
from shared.http.identity import LOCAL_USER
from shared.market.providers.csv_calendar import CsvCalendar
from shared.market.providers.csv_files import CsvFiles
from shared.market.refresh import RefreshMarket
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from shared.wiring.foundation import Foundation
from shared.wiring.local import open_stack
from shared.wiring.models.analysts import open_analysts
from shared.wiring.scorer import bias_scorer
from tests.markets import DATA, FRIDAY_NIGHT, THURSDAY_EVENING
from tests.twins.manual_clock import ManualClock

SYMBOLS = ("SPY", "QQQ", "ES", "NQ")
DECLARED = """
[[experiments]]
id = "flux-prose"
version = 1
hypothesis = "v3 of flux is grounded at once more often"
provider = "gemini"
since = 2020-05-29
until = 2020-06-30
arms = [{ name = "v2", prompts = { flux = 2 } }, { name = "v3", prompts = { flux = 3 } }]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with the declaration and the state of two sessions."""
    folder = tmp_path_factory.mktemp("experiment")
    (folder / "experiments.toml").write_text(DECLARED)
    simulator = GeminiSimulator()
    with HttpDoor(simulator) as door:
        settings = BiasSettings(
            gemini_api_key=simulator.key,
            gemini_base_url=door.url,
            gemini_usd_a_day=1000,  # no price is known in 2020: each call counts as the worst
            experiments=folder / "experiments.toml",
        )
        asyncio.run(two_sessions(folder / "state", settings))
    return folder


async def two_sessions(state: Path, settings: BiasSettings) -> None:
    clock = ManualClock(THURSDAY_EVENING)
    base = open_stack(Settings(profile="local", state_dir=state), clock=clock).foundation
    market = MarketStore(base.documents, clock, base.entropy)
    analysts = await open_analysts(settings, base)
    instruments = {symbol: load_instruments()[symbol] for symbol in SYMBOLS}
    sources = Sources(market, base.documents, base.cache, clock, base.entropy)
    service = BiasService(sources, analysts.router, instruments)
    for evening in (THURSDAY_EVENING, FRIDAY_NIGHT):
        clock.advance(evening - clock.now())
        await RefreshMarket(market, clock, [CsvFiles(DATA)], CsvCalendar(DATA)).refresh()
        assert sorted((await service.record()).written) == sorted(SYMBOLS)
    await judged(base, THURSDAY_EVENING)
    await analysts.close()
    await base.close()


async def judged(base: Foundation, evening: datetime) -> None:
    """Rate the first session's answers and score them."""
    session = evening.date() + timedelta(days=1)
    ratings = Ratings(base.documents, base.clock, base.entropy)
    for symbol in SYMBOLS:
        await ratings.rate(LOCAL_USER, symbol, session, Moment.CLOSE, 4)
    await bias_scorer(base).score(session, {})


def run(folder: Path, *arguments: str) -> str:
    settings = {"STATE_DIR": folder / "state", "EXPERIMENTS": folder / "experiments.toml"}
    environment = {f"DAYBIAS_{name}": str(value) for name, value in settings.items()}
    runner = CliRunner(env=environment | {"COLUMNS": "200"})
    result = runner.invoke(app, ["experiments", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_runs_is_listed(folder):
    assert "v3 of flux is grounded at once more often" in run(folder)


def test_each_arm_has_written_been_rated_and_been_scored(folder):
    arms = json.loads(run(folder, "flux-prose", "--json"))["arms"]
    assert sum(arm["sections"] for arm in arms.values()) == 2 * len(SYMBOLS) * 6
    for arm in arms.values():
        assert arm["withheld"] == 0
        assert arm["grounded_first"]["mean"] == 1.0
        assert arm["rating"]["mean"] == 4.0
        assert arm["lean_gain"]["n"] == arm["rating"]["n"]
        assert arm["cost_usd"] is None  # and the attempts are counted as of unknown cost
        assert arm["unpriced"] == arm["sections"]


def test_the_report_is_kept_as_markdown_with_its_plots_and_says_how_little_it_knows(folder):
    run(folder, "flux-prose", "--out", str(folder / "report"))
    text = (folder / "report" / "report.md").read_text()
    assert "Fewer than twenty sessions have no interval and tell nothing apart." in text
    assert "[" not in text.split("| seconds a section |")[1].splitlines()[0]
    for plot in ("grounded_first", "seconds", "tokens", "lean_gain", "rating"):
        assert f"]({plot}.svg)" in text
        assert (folder / "report" / f"{plot}.svg").exists()
