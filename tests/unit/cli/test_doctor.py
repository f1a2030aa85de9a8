import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.simulators.models.__main__ import BothProviders
from infra.simulators.models.http_door import HttpDoor
from shared.cli.main import app

KEYS = {"DAYBIAS_GEMINI_API_KEY": "simulated-key", "DAYBIAS_OPENAI_API_KEY": "simulated-key"}
SECRET = "hush-4711"


@pytest.fixture
def examined(tmp_path: Path):
    """Run the doctor on files of its own, with both providers simulated."""
    with HttpDoor(BothProviders()) as door:
        here = {
            "DAYBIAS_STATE_DIR": str(tmp_path / "state"),
            "DAYBIAS_GEMINI_BASE_URL": door.url,
            "DAYBIAS_OPENAI_BASE_URL": f"{door.url}/v1",
            "COLUMNS": "200",
        }

        def run(*arguments: str, **more: str):
            return CliRunner(env=here).invoke(app, ["doctor", *arguments], env=here | more)

        yield run


def conditions(result) -> dict[str, str]:
    return {found["part"]: found["condition"] for found in json.loads(result.stdout)}


def test_good_keys_are_ok_and_the_status_is_0(examined):
    result = examined("--json", **KEYS)
    found = conditions(result)
    assert result.exit_code == 0
    assert (found["model gemini"], found["model openai"]) == ("ok", "ok")
    assert (found["configuration"], found["documents"], found["secrets"]) == ("ok", "ok", "ok")


def test_what_is_not_configured_is_absent_and_no_fault(examined):
    result = examined("--json")
    found = conditions(result)
    assert result.exit_code == 0
    parts = ("model gemini", "model openai", "models", "redis", "market data", "daily bars of ES")
    assert {found[part] for part in parts} == {"absent"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"DAYBIAS_GEMINI_API_KEY": SECRET}, "wrong key"),
        ({"DAYBIAS_OPENAI_API_KEY": SECRET}, "wrong key"),
        ({"DAYBIAS_GEMINI_MODEL": "gemini-none"}, "no such model"),
        ({"DAYBIAS_OPENAI_MODEL": "gpt-none"}, "no such model"),
        ({"DAYBIAS_OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, "unreachable"),
        ({"DAYBIAS_REDIS_URL": f"redis://:{SECRET}@127.0.0.1:1/0"}, "redis"),
        ({"DAYBIAS_DEADLINE_S": "soon"}, "deadline_s"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_what_does_not_work_is_told_without_its_secret_and_ends_with_1(examined, wrong, words):
    result = examined(**(KEYS | wrong))
    assert result.exit_code == 1
    assert words in result.output
    assert SECRET not in result.output


def test_a_folder_of_files_is_a_source_of_market_data(examined, tmp_path):
    assert conditions(examined("--json", DAYBIAS_DATA_DIR=str(tmp_path)))["market data"] == "ok"
