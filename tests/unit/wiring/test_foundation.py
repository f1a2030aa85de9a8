import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from shared.config import Settings, load
from shared.domain.errors import ConfigError
from shared.domain.messages import TOPICS
from shared.wiring.brokers import SPECS
from shared.wiring.local import SUBSCRIPTIONS, open_local
from shared.wiring.roots.web import build_web, web_function

ROOT = Path(__file__).parents[3]
HEAVY = ("google.cloud.", "google.api_core", "grpc", "numpy", "qdrant_client", "fastapi", "typer")


def imported_by(code: str, **environment: str) -> set[str]:
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(run.stdout))


def test_a_local_consumer_loads_no_cloud_and_no_web_framework(tmp_path):
    code = "from shared.wiring.roots.store import build_store; build_store()"
    loaded = imported_by(code, DAYBIAS_STATE_DIR=str(tmp_path / "state"))
    assert {name for name in loaded if name.startswith(HEAVY)} == set()


def test_a_cloud_consumer_loads_no_database_of_the_local_profile():
    code = "from shared.wiring.roots.store import build_store; build_store()"
    loaded = imported_by(code, DAYBIAS_PROFILE="cloud", DAYBIAS_PROJECT="p")
    assert "sqlite3" not in loaded


def test_importing_a_composition_root_opens_nothing(tmp_path):
    state = tmp_path / "state"
    imported_by(
        "from shared.wiring.roots.web import web_function; web_function()",
        DAYBIAS_STATE_DIR=str(state),
    )
    assert not state.exists()


def test_every_topic_has_one_subscriber_that_is_a_deployable():
    assert [s.topic for s in SUBSCRIPTIONS] == [*(f"sync-{name}" for name in SPECS), *TOPICS]
    for subscription in SUBSCRIPTIONS:
        name = subscription.endpoint.removeprefix("/functions/")
        assert (ROOT / "functions" / name / "main.py").is_file()


def test_the_state_folder_is_readable_by_its_owner_alone(tmp_path):
    open_local(Settings(state_dir=tmp_path / "state"))
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


async def get(app, **headers) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://a.run.app") as http:
        return await http.get("/", headers=headers)


async def test_the_local_profile_answers_this_machine_only(tmp_path):
    settings = Settings(state_dir=tmp_path)
    answer = await get(build_web(settings=settings, foundation=open_local(settings)))
    assert answer.status_code == 403


async def test_the_cloud_profile_leaves_the_door_to_iam(tmp_path):
    foundation = open_local(Settings(state_dir=tmp_path))
    settings = Settings(profile="cloud", project="p")
    assert (await get(build_web(settings=settings, foundation=foundation))).status_code == 200


async def test_wrong_settings_are_answered_with_all_their_faults(monkeypatch):
    monkeypatch.setenv("DAYBIAS_PROFILE", "cloud")
    monkeypatch.setenv("K_SERVICE", "web")
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "localhost:1")
    answer = await get(web_function())
    [fault] = answer.json()["expected"]
    assert answer.status_code == 500
    assert "DAYBIAS_PROJECT" in fault
    assert "FIRESTORE_EMULATOR_HOST" in fault


def test_an_unknown_profile_is_refused(monkeypatch):
    monkeypatch.setenv("DAYBIAS_PROFILE", "moon")
    with pytest.raises(ConfigError, match="profile"):
        load(Settings)
