"""Sizes are limits of attention: a reader holds one function, one file, one folder at a time."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for top in ("shared", "functions", "infra") for p in (ROOT / top).rglob("*.py"))
BROKERS = ROOT / "shared/brokers"  # a folder each, beside the engine
FUNCTION_LINES, FILE_LINES, MAIN_LINES, BROKER_LINES, FOLDER_FILES = 40, 400, 40, 300, 16


def lines_of(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's own lines: without its docstring and the classes made inside."""
    others = [inner for inner in ast.walk(node) if isinstance(inner, ast.ClassDef)]
    docstring = node.body[:1] if ast.get_docstring(node, clean=False) is not None else []
    return lines_of(node) - sum(map(lines_of, [*docstring, *others]))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_functions_and_files_stay_readable_at_one_sight(path):
    text = path.read_text()
    limit = MAIN_LINES if path.is_relative_to(ROOT / "functions") else FILE_LINES
    if path.is_relative_to(BROKERS) and path.parent not in (BROKERS, BROKERS / "engine"):
        limit = BROKER_LINES
    long = [
        f"{node.name}: {function_lines(node)} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and function_lines(node) > FUNCTION_LINES
    ]
    assert (long, text.count("\n") <= limit) == ([], True)


def test_folders_stay_small():
    folders = {path.parent for path in SOURCES}
    full = {
        folder.relative_to(ROOT).as_posix(): len(list(folder.glob("*.py")))
        for folder in folders
        if len(list(folder.glob("*.py"))) > FOLDER_FILES
    }
    assert full == {}
