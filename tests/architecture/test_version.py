import tomllib
from pathlib import Path

from shared import VERSION


def test_the_code_and_the_project_file_tell_the_same_version():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION
