import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.simulators.brokers.http_door import serve
from infra.simulators.market.__main__ import route, worlds
from infra.simulators.models.__main__ import BothProviders
from infra.simulators.models.http_door import HttpDoor
from shared.adapters.system_clock import SystemClock
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
    parts = (
        "model gemini",
        "model openai",
        "models",
        "redis",
        "qdrant",
        "pub/sub",
        "market data",
        "daily bars of ES",
    )
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


MARKET = {
    "DAYBIAS_CBOE": "true",
    "DAYBIAS_DATABENTO_KEY": "db-simulated",
    "DAYBIAS_OANDA_DATA_TOKEN": "simulated-token",
    "DAYBIAS_ALPACA_DATA_KEY_ID": "PKSIMULATED",
    "DAYBIAS_ALPACA_DATA_SECRET_KEY": "simulated-secret",
}
WRONG = {
    "databento": {"DAYBIAS_DATABENTO_KEY": SECRET},
    "oanda": {"DAYBIAS_OANDA_DATA_TOKEN": SECRET},
    "alpaca": {"DAYBIAS_ALPACA_DATA_SECRET_KEY": SECRET},
}


@pytest.fixture
def markets():
    """All providers of market data, as they are now."""
    simulated = worlds(SystemClock().now, days=8)
    with serve(lambda call: route(simulated, call)) as url:
        yield MARKET | {"DAYBIAS_MARKET_HOSTS": json.dumps(dict.fromkeys(simulated, url))}


def test_each_provider_of_market_data_is_asked_whether_it_takes_its_key(examined, markets):
    found = conditions(examined("--json", **markets))
    assert {found[f"market data of {name}"] for name in WRONG} == {"ok"}


def test_who_needs_no_key_is_asked_too(examined, markets):
    result = examined("--json", **markets)
    lines = {found["part"]: found for found in json.loads(result.stdout)}
    assert lines["market data of cboe"]["condition"] == "ok"
    assert "days of VIX" in lines["market data of cboe"]["detail"]


def test_the_vix_alone_is_no_market_data(examined, markets):
    only = {name: markets[name] for name in ("DAYBIAS_CBOE", "DAYBIAS_MARKET_HOSTS")}
    found = conditions(examined("--json", **only))
    assert (found["market data of cboe"], found["market data"]) == ("ok", "absent")


@pytest.mark.parametrize("provider", list(WRONG))
def test_a_key_of_market_data_that_is_refused_is_broken_and_the_others_are_not(
    examined, markets, provider
):
    result = examined("--json", **(markets | WRONG[provider]))
    found = conditions(result)
    broken = {name for name in WRONG if found[f"market data of {name}"] == "broken"}
    assert (broken, result.exit_code) == ({provider}, 1)
    assert SECRET not in result.output


def test_a_qdrant_server_that_is_away_is_broken_and_its_key_is_not_told(examined):
    away = {"DAYBIAS_QDRANT_URL": "http://127.0.0.1:1", "DAYBIAS_QDRANT_API_KEY": SECRET}
    result = examined("--json", **KEYS, **away)
    assert (conditions(result)["qdrant"], result.exit_code) == ("broken", 1)
    assert SECRET not in result.output
