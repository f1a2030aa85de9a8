import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.cli.main import app

SLICE = Path(__file__).parents[3] / "fixtures" / "retrieval"
ASKED = 25
KEPT = {"documents.jsonl": 60, "queries.jsonl": ASKED}  # a second of embedding, not five


@pytest.fixture(scope="module", autouse=True)
def in_memory() -> Iterator[None]:
    """Work in memory where there is some: the engine waits for the disk at every step."""
    with pytest.MonkeyPatch.context() as patch:
        if Path("/dev/shm").is_dir():
            patch.setattr(tempfile, "tempdir", "/dev/shm")
        yield


@pytest.fixture(scope="module")
def measured(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("labelled")
    for name in ("documents.jsonl", "queries.jsonl", "qrels.tsv"):
        lines = (SLICE / name).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join(lines[: KEPT.get(name)]))
    result = CliRunner().invoke(app, ["retrieval", "eval", "--data", str(folder), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_bundled_stack_meets_the_bars_of_scoped_text(measured):
    assert measured["bars"]["scoped text recall@10"]["met"]
    assert measured["embedder"]["model"] == "minilm-l6-v2-int8"


def test_both_halves_and_the_time_of_a_question_are_told(measured):
    assert measured["halves"]["dense"]["open"]["all"]["n"] == measured["queries"] == ASKED
    assert 0 < measured["latency_ms"]["p50"] <= measured["latency_ms"]["p95"]


def test_a_folder_that_is_no_set_is_told(tmp_path):
    result = CliRunner().invoke(app, ["retrieval", "eval", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "documents.jsonl cannot be read" in " ".join(result.stderr.split())


def test_a_person_is_shown_every_line_and_bar(tmp_path):
    for name, line in {
        "documents.jsonl": '{"id": "d", "context": "c", "text": "oil stocks fell"}',
        "queries.jsonl": '{"id": "q", "context": "c", "text": "oil", "answer_from": "text"}',
        "qrels.tsv": "q\td\t1\nq\tgone\t1",
    }.items():
        (tmp_path / name).write_text(line + "\n")
    result = CliRunner().invoke(app, ["retrieval", "eval", "--data", str(tmp_path)])
    assert result.exit_code == 0
    for expected in ("hybrid", "dense", "sparse", "nDCG@10", "yes", "ignored: 1 labels"):
        assert expected in result.stdout
