"""The version is written in one place, and once more where reading it would cost time."""

import tomllib
from pathlib import Path

from mcp_sidecar.version import VERSION


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION
