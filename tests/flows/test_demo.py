"""`make demo ARGS=--once`, as its main function plays it."""

import io
from pathlib import Path

from rich.console import Console

from infra.local.demo.__main__ import play
from infra.local.demo.checks import Checks


async def test_the_demo_keeps_every_promise_and_ends_with_code_0(tmp_path: Path) -> None:
    text = io.StringIO()
    code = await play(tmp_path, Console(file=text, width=140), None, Checks())
    assert (code, "✗" in text.getvalue()) == (0, False)


async def test_a_broken_promise_ends_the_demo_with_another_code_and_its_reason(
    tmp_path: Path,
) -> None:
    text, checks = io.StringIO(), Checks()
    checks.expect("the moon is cheese", kept=False, seen="rock")
    code = await play(tmp_path, Console(file=text, width=140), None, checks)
    assert (code, "✗ the moon is cheese (rock)" in text.getvalue()) == (1, True)
