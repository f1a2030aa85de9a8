"""`daybias prompts` with the rules, and with Gemini's real client against the wire simulator."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from infra.simulators.models.faults import Fault, line_of
from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.http_door import HttpDoor
from infra.simulators.models.script import author
from shared.cli.main import app
from tests.markets import DATA

EVAL = ("prompts", "eval", "--data", str(DATA), "--json")


@pytest.fixture
def simulator() -> GeminiSimulator:
    return GeminiSimulator(models=frozenset({"gemini-3.5-flash"}))


@pytest.fixture
def door(simulator: GeminiSimulator) -> Iterator[HttpDoor]:
    with HttpDoor(simulator) as opened:
        yield opened


@pytest.fixture
def run(tmp_path):
    def evaluate(*arguments: str, **environment: str):
        state = {"DAYBIAS_STATE_DIR": str(tmp_path / "state")}
        return CliRunner().invoke(app, [*EVAL, *arguments], env=state | environment)

    return evaluate


def test_gemini_is_asked_for_each_version_and_judged_by_what_it_said(run, simulator, door):
    lines = (author, line_of(Fault.WRONG_NUMBERS), author, line_of(Fault.RATE_LIMITED))
    simulator.script.extend(lines)
    result = run(
        *("--steps", "technical", "--versions", "1,2", "--provider", "gemini"),
        *("--base-url", door.url, "--snapshots", "2", "--reruns", "0", "--no-inversions"),
        *("--parallel", "1", "--max-usd", "1"),
        DAYBIAS_GEMINI_API_KEY=simulator.key,
    )
    assert result.exit_code == 0, result.stderr
    assert "estimated cost: 0." in result.stderr
    first, second = json.loads(result.stdout)["results"]
    assert (first["prompt"], second["prompt"]) == ("technical.v1", "technical.v2")
    assert (first["grounded_first"], first["repaired"], first["fell_back"]) == (0.5, 0.5, 0.0)
    assert first["violations"] == {"number": 1}
    assert (first["calls"], second["calls"]) == (3, 2)
    assert second["failures"] == {"RateLimited": 1}
    tokens = first["tokens"]
    cost = (tokens["prompt"] * 1.5 + (tokens["output"] + tokens["thinking"]) * 9) / 1e6
    assert float(first["cost_usd"]) == pytest.approx(cost)
    versions = ["A program checks every draft" in str(body) for body in simulator.requests]
    assert versions == [False, False, False, True, True]


def test_what_was_measured_is_kept_in_a_file(run, tmp_path):
    kept = tmp_path / "measured.json"
    options = ("--steps", "macro,flux", "--snapshots", "1", "--reruns", "1")
    assert run(*options, "--record", str(kept)).exit_code == 0
    assert run(*options, "--record", str(kept)).exit_code == 0
    rows = json.loads(kept.read_text())
    assert [(row["step"], row["provider"]) for row in rows] == [
        ("macro", "rules"),
        ("flux", "rules"),
    ]


def test_a_person_reads_three_tables():
    options = ["prompts", "eval", "--data", str(DATA), "--steps", "leaders", "--snapshots", "1"]
    result = CliRunner().invoke(app, options)
    for words in ("First drafts", "Cost and time", "Likeness", "leaders rules"):
        assert words in result.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--steps", "weather"), "steps are security"),
        (("--versions", "one"), "versions numbers"),
        (("--versions", "9"), "no prompt security.v9"),
        (("--provider", "oracle"), "no provider 'oracle'"),
        (("--provider", "gemini"), "gemini: there is no key"),
        (("--provider", "local"), "local: give --base-url and --model"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_evaluated_is_said_in_a_sentence(run, options, words):
    result = run("--snapshots", "1", *options)
    assert result.exit_code == 1
    assert words in " ".join(result.stderr.split())


def test_every_prompt_is_listed_with_the_one_that_is_used():
    result = CliRunner().invoke(app, ["prompts", "list"])
    assert "flux.v1" in result.stdout
    assert "flux.v2" in result.stdout
