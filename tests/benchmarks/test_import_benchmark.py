"""What a cold start pays: the time to import each function, against the bare framework."""

import statistics
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parents[2]
FRAMEWORK = "import functions_framework.aio"
_TIMED = "import time; began = time.perf_counter(); {code}; print(time.perf_counter() - began)"
_TAKES = 5


def seconds(code: str) -> float:
    """Median over fresh processes, modules compiled by the first one."""
    takes = [
        float(
            subprocess.run(
                [sys.executable, "-c", _TIMED.format(code=code)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for _ in range(_TAKES)
    ]
    return statistics.median(takes)


def test_import_time_of_each_function(capsys: pytest.CaptureFixture[str]) -> None:
    bare = seconds(FRAMEWORK)
    lines = [f"bare framework    {bare:.2f} s"]
    for main in sorted((ROOT / "functions").glob("*/main.py")):
        name = main.parent.name
        taken = seconds(f"import functions.{name}.main")
        lines.append(f"{name:<17} {taken:.2f} s  {taken / bare:.1f} x")
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201 - the benchmark's result
    assert len(lines) > 1
