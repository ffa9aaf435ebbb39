"""What the tests in editors share: the editors, and a desk for each test."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.editors.desk import ROOT, Desk


@pytest.fixture(scope="session")
def installed() -> Mapping[str, str]:
    """Provide the editors that are there, installed where they were missing: names and programs."""
    script = ROOT / "scripts" / "install_editors.sh"
    ended = subprocess.run(["bash", script], stdout=subprocess.PIPE, text=True, check=True, timeout=900)
    return {name: value for name, _, value in (line.partition("=") for line in ended.stdout.splitlines())}


@pytest.fixture
def program(installed: Mapping[str, str]) -> Callable[[str], str]:
    """Give the program of an editor; the test is skipped where it can't be had."""

    def find(name: str) -> str:
        if name not in installed:
            pytest.skip(f"{name} can't be had here; scripts/install_editors.sh says why")
        return installed[name]

    return find


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Provide a project and a home."""
    return Desk(tmp_path)
