import json
from xml.etree import ElementTree

from typer.testing import CliRunner

from shared.cli.main import app
from tests.markets import DATA

PERIOD = ("backtest", "--from", "2020-05-04", "--to", "2020-05-29", "--data", str(DATA))


def test_the_scorecard_is_printed_for_a_machine_and_kept_with_its_plots(tmp_path):
    result = CliRunner().invoke(app, [*PERIOD, "--json", "--out", str(tmp_path)])
    assert result.exit_code == 0
    printed = json.loads(result.stdout)
    assert list(printed)[:5] == ["from", "to", "overall", "by_instrument", "rivals"]
    assert json.loads((tmp_path / "scorecard.json").read_text()) == printed
    for plot in ("reliability.svg", "skill.svg"):
        assert ElementTree.parse(tmp_path / plot).getroot().tag.endswith("svg")


def test_a_person_reads_rivals_bars_leaks_and_what_was_left_out():
    result = CliRunner().invoke(app, list(PERIOD))
    assert result.exit_code == 0
    for words in ("always_bullish", "no look-ahead", "labels shuffled", "unused", "no daily bars"):
        assert words in result.stdout


def test_a_period_that_cannot_be_forecast_ends_with_status_1():
    early = ("backtest", "--from", "2015-01-05", "--to", "2015-01-09", "--data", str(DATA))
    result = CliRunner().invoke(app, list(early))
    assert result.exit_code == 1
    assert "could be forecast" in result.stderr
