"""What must hold for every module, whoever writes the next one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = sorted((ROOT / "shared").rglob("*.py"))
MAINS = sorted((ROOT / "functions").glob("*/main.py"))


def named(path: Path) -> Iterator[str]:
    """List every dotted name that a module mentions: imports and attribute chains."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def readers_of(*forbidden: str, allowed: str) -> list[str]:
    return [
        path.relative_to(ROOT).as_posix()
        for path in SHARED
        if path.relative_to(ROOT / "shared").as_posix() != allowed
        and any(name.startswith(forbidden) for name in named(path))
    ]


def test_only_the_configuration_reads_the_environment():
    assert readers_of("os.environ", "os.getenv", allowed="config.py") == []


def test_only_the_system_clock_reads_the_clock():
    clock = ("datetime.now", "datetime.utcnow", "date.today", "time.time", "time.monotonic")
    assert readers_of(*clock, "asyncio.sleep", allowed="adapters/system_clock.py") == [
        "shared/http/delegate.py"  # the drain after SIGTERM: real time, before the process ends
    ]


def test_nothing_is_imported_by_a_name_made_at_run_time():
    assert readers_of("importlib.import_module", "__import__", allowed="") == []


@pytest.mark.parametrize("main", MAINS, ids=lambda p: p.parent.name)
def test_a_deployable_is_imports_and_one_decorated_function(main):
    kinds = [type(node).__name__ for node in ast.parse(main.read_text()).body]
    assert [kind for kind in kinds if kind not in {"Import", "ImportFrom"}] == [
        "Expr",  # the docstring
        "Assign",
        "AsyncFunctionDef",
    ]


@pytest.mark.parametrize("main", MAINS, ids=lambda p: p.parent.name)
def test_a_deployable_answers_through_the_asynchronous_framework(main):
    function = ast.parse(main.read_text()).body[-1]
    assert isinstance(function, ast.AsyncFunctionDef)
    assert (function.name, [ast.unparse(d) for d in function.decorator_list]) == (
        "handle",
        ["functions_framework.aio.http"],
    )
