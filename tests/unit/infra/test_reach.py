from pathlib import Path

import pytest

from infra.reach import ForbiddenImport, reach

TREE = {
    "shared/__init__.py": "",
    "shared/domain/__init__.py": "",
    "shared/domain/money.py": "import decimal\n",
    "shared/domain/unused.py": "",
    "shared/analyst/__init__.py": "",
    "shared/analyst/model.py": (
        "from importlib.resources import files\n"
        "def prompt():\n    return files('shared.analyst') / 'prompts' / 'a.md'\n"
    ),
    "shared/analyst/prompts/a.md": "hello",
    "shared/wiring/__init__.py": "",
    "shared/wiring/late.py": "def go():\n    from shared.domain import money\n    import httpx\n",
    "shared/wiring/typed.py": (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from shared.analyst import model\n"
    ),
}


@pytest.fixture
def root(tmp_path):
    for name, text in TREE.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def reached(root: Path, source: str) -> tuple[set[str], set[str]]:
    main = root / "main.py"
    main.write_text(source)
    found = reach(main, root)
    return {file.as_posix() for file in found.files}, set(found.imports)


def test_an_import_inside_a_function_is_followed(root):
    files, imports = reached(root, "from shared.wiring.late import go\n")
    assert files == {
        "shared/__init__.py",
        "shared/wiring/__init__.py",
        "shared/wiring/late.py",
        "shared/domain/__init__.py",
        "shared/domain/money.py",
    }
    assert "httpx" in imports


def test_what_nobody_imports_stays_out(root):
    files, _ = reached(root, "from shared.domain.money import decimal\n")
    assert "shared/domain/unused.py" not in files


def test_data_files_come_with_the_module_that_opens_them(root):
    files, _ = reached(root, "import shared.analyst.model\n")
    assert "shared/analyst/prompts/a.md" in files


def test_data_files_stay_out_when_nobody_opens_them(root):
    files, _ = reached(root, "import shared.analyst\n")
    assert "shared/analyst/prompts/a.md" not in files


def test_what_only_a_type_checker_reads_stays_out(root):
    files, _ = reached(root, "import shared.wiring.typed\n")
    assert "shared/analyst/model.py" not in files


@pytest.mark.parametrize(
    "line", ["from infra.simulators import brokers", "import onnxruntime", "import tests.twins"]
)
def test_what_is_never_deployed_is_refused(root, line):
    (root / "shared/wiring/late.py").write_text(f"def go():\n    {line}\n")
    with pytest.raises(ForbiddenImport, match=r"late\.py"):
        reached(root, "import shared.wiring.late\n")


def test_an_import_of_a_module_that_is_not_there_is_refused(root):
    with pytest.raises(ForbiddenImport, match=r"there is no shared\.cloud"):
        reached(root, "from shared.cloud import open_cloud\n")
