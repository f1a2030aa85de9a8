"""How long a journal takes to build, and that one more fill costs the same however old it is.

BENCH_ROWS sets the largest journal (100,000); 1,000,000 takes about a quarter of an hour. Each step
runs in a process of its own, over SQLite; reads and writes are documents, as Firestore bills them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]

ROOT = Path(__file__).parents[2]
BUILDER = Path(__file__).parent / "loaders" / "journal_builder.py"
SIZES = (10_000, 100_000, 1_000_000)
LARGEST = int(os.environ.get("BENCH_ROWS", "100000"))
MOST_MB = 150  # far below what the log itself would take


def step(file: Path, rows: int, task: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(BUILDER), str(file), str(rows), task],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def test_one_more_fill_costs_the_same_however_old_the_journal_is(tmp_path: Path) -> None:
    lines = [
        f"  {'rows':>9} {'full build':>11} {'rows/s':>8} {'peak':>8}   one more fill, list pages"
    ]
    costs = []
    for rows in (size for size in SIZES if size <= LARGEST):
        file = tmp_path / f"{rows}.db"
        step(file, rows, "seed")
        full, more, lists = (step(file, rows, task) for task in ("build", "one-more", "read"))
        costs.append((more["reads"], more["writes"]))
        lines.append(
            f"  {rows:>9,} {full['seconds']:>9.1f} s {rows / full['seconds']:>8,.0f}"
            f" {full['peak_mb']:>5.0f} MB   {more['seconds'] * 1000:.0f} ms, {more['reads']} reads,"
            f" {more['writes']} writes; 50 trips {lists['trips']} reads, positions"
            f" {lists['positions']}"
        )
        assert full["peak_mb"] < MOST_MB
    print("\n" + "\n".join(lines))  # noqa: T201  # a benchmark shows what it measured
    # up to a segment of rows, and a handful of documents
    assert all(reads < 300 and writes < 10 for reads, writes in costs)
