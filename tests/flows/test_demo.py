"""`make demo ARGS=--once`, as its main function plays it."""

import io
from pathlib import Path

from rich.console import Console

from infra.local.demo.__main__ import play
from infra.local.demo.checks import Checks


async def test_the_demo_keeps_every_promise_and_a_broken_one_ends_it_with_another_code(
    tmp_path: Path,
) -> None:
    """One play tells both: the only broken promise is the one that nobody can keep."""
    text, checks = io.StringIO(), Checks()
    checks.expect("the moon is cheese", kept=False, seen="rock")
    code = await play(tmp_path, Console(file=text, width=140), None, checks)
    assert (code, checks.failed) == (1, ["the moon is cheese (rock)"])
    assert [line.strip() for line in text.getvalue().splitlines() if "✗" in line] == [
        "✗ the moon is cheese (rock)"
    ]
