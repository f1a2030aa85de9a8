"""From the close to a scorecard that an outsider verifies: the real functions over real prices."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from infra.local.gateway import Gateway
from infra.package import ROOT
from shared.bias.record.links import RecentLinks
from shared.bias.scorecard.verify import read_download, verify
from shared.cli.main import app
from shared.market.registry import load_instruments
from shared.wiring.chain import chain_in
from shared.wiring.scorer import bias_scorer, scorecards
from tests.markets import FRIDAY_NIGHT, OPEN_13, THURSDAY_EVENING
from tests.twins.manual_clock import ManualClock

DATA = ROOT / "infra" / "local" / "data"


@pytest.fixture(scope="module")
def state(tmp_path_factory) -> Path:
    """A state folder after one day, with the download as it was served."""
    folder = tmp_path_factory.mktemp("scorecard")
    asyncio.run(_one_day(folder))
    return folder


async def score(gateway: Gateway, folder: Path) -> None:
    """What score_bias does, without the past days that it also walks."""
    base = gateway.foundation
    links = RecentLinks(chain_in(folder / "state" / "chain"), base.clock)
    scored = await bias_scorer(base).score(date(2020, 5, 29), await links.commitments())
    assert sorted(scored.scored) == sorted(OPEN_13)
    assert await scorecards(base).refresh()


async def _one_day(folder: Path) -> None:
    clock = ManualClock(THURSDAY_EVENING)
    async with Gateway(folder / "state", clock=clock, data_dir=DATA) as gateway:
        await gateway.run("refresh_market")
        report = (await gateway.post("/v1/bias/record")).json()
        assert sorted(report["written"]) == sorted(OPEN_13)
        assert (await gateway.get("/v1/scorecard")).json()["n"] == 0
        clock.advance(FRIDAY_NIGHT - clock.now())
        await gateway.run("refresh_market")
        await score(gateway, folder)
        card = (await gateway.get("/v1/scorecard")).json()
        served = await gateway.get("/v1/scorecard/download")
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "served.jsonl").write_bytes(served.content)


def test_every_forecast_was_committed_before_its_open_and_counts(state):
    card = json.loads((state / "card.json").read_text())
    assert (card["n"], card["dates"], card["left_out"]) == (13, 1, {})
    assert "nothing can be said yet" in card["words"]
    with (state / "served.jsonl").open("rb") as file:
        report = verify(read_download(file), load_instruments())
    assert (report.forecasts, report.counting, report.late, report.figures) == (13, 13, [], True)


def run(state: Path, *arguments: str):
    runner = CliRunner(env={"DAYBIAS_STATE_DIR": str(state / "state"), "COLUMNS": "200"})
    return runner.invoke(app, ["scorecard", *arguments])


def test_the_command_line_shows_what_the_api_serves(state):
    shown = run(state, "--json")
    assert shown.exit_code == 0, shown.output
    ours, served = json.loads(shown.stdout), json.loads((state / "card.json").read_text())
    assert ours | {"made_at": None} == served | {"made_at": None}
    told = run(state)
    for words in ("nothing can be said yet", "always_bullish", "asset_class etf", "instrument SPY"):
        assert words in told.stdout


def test_a_span_without_sessions_is_empty(state):
    later = json.loads(run(state, "--json", "--since", "2020-06-01").stdout)
    until = json.loads(run(state, "--json", "--until", "2020-05-29").stdout)
    assert (later["n"], until["n"]) == (0, 13)


def test_the_download_is_verified_without_our_store(state, tmp_path):
    file = tmp_path / "mine.jsonl"
    assert run(state, "download", "--to", str(file)).exit_code == 0
    told = run(tmp_path, "verify", str(file))
    assert told.exit_code == 0
    assert "13 scores, 13 count" in told.stdout
    assert "The published figures are those of the scores." in told.stdout
    as_json = json.loads(run(tmp_path, "verify", str(file), "--json").stdout)
    kept = run(tmp_path, "verify", str(file), "--known", as_json["newest"])
    assert (as_json["whole"], kept.exit_code) == (True, 0)


def test_the_folder_of_the_chain_is_verified_by_itself(state):
    told = run(state, "verify", str(state / "state" / "chain"))
    assert told.exit_code == 0
    assert "only the chain was checked" in told.stdout


def test_a_broken_download_ends_with_status_1_and_its_reason(state, tmp_path):
    file = tmp_path / "bent.jsonl"
    whole = (state / "served.jsonl").read_text()
    file.write_text(whole.replace('"label":"Neutral"', '"label":"Bullish"', 1))
    told = run(state, "verify", str(file))
    assert told.exit_code == 1
    assert "BROKEN: link 1" in told.stderr
    assert not json.loads(run(state, "verify", str(file), "--json").stdout)["whole"]


def test_what_cannot_be_read_ends_with_status_2(state, tmp_path):
    for source in (str(tmp_path / "absent"), str(tmp_path), "http://127.0.0.1:9"):
        assert run(state, "verify", source).exit_code == 2


def test_an_address_serves_the_download(state, monkeypatch):
    asked = []

    def get(url: str, **_: object) -> httpx.Response:
        asked.append(url)
        content = (state / "served.jsonl").read_bytes()
        return httpx.Response(200, content=content, request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", get)
    assert run(state, "verify", "https://daybias.example").exit_code == 0
    assert asked == ["https://daybias.example/v1/scorecard/download"]


async def test_the_figures_are_worked_out_once_a_day(state):
    clock = ManualClock(datetime(2020, 5, 30, 1, tzinfo=UTC))
    async with Gateway(state / "state", clock=clock) as gateway:
        cards = scorecards(gateway.foundation)
        assert [await cards.refresh(), await cards.refresh()] == [True, False]
        clock.advance(timedelta(days=1))
        assert await cards.refresh()
