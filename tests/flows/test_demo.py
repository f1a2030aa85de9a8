"""`make demo ARGS=--once`, as its main function plays it."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from infra.local.demo.__main__ import play
from infra.local.demo.checks import Checks


async def test_the_demo_keeps_every_promise_and_ends_with_code_0(tmp_path: Path) -> None:
    text = io.StringIO()
    code = await play(tmp_path, Console(file=text, width=140), port=None)
    assert (code, "✗" in text.getvalue()) == (0, False)


async def test_a_broken_promise_ends_the_demo_with_another_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = io.StringIO()
    monkeypatch.setattr("infra.local.demo.__main__.Checks", _Disappointed)
    code = await play(tmp_path, Console(file=text, width=140), port=None)
    assert (code, "✗ nothing is ever promised" in text.getvalue()) == (1, True)


class _Disappointed(Checks):
    """Begins with a promise that was broken."""

    def __init__(self) -> None:
        super().__init__()
        self.expect("nothing is ever promised", kept=False, seen="a promise")
