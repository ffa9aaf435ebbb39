"""What outlives the sidecar, by key."""

import json
import sys
from pathlib import Path

import pytest

from mcp_sidecar.connection.kept_entries import MOST, KeptEntries


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Provide a file that is not there yet, as is its directory."""
    return tmp_path / "state" / "mcp-sidecar" / "entries.json"


def test_entries_are_there_for_another_sidecar_and_for_nobody_else(path: Path) -> None:
    KeptEntries(path).put("a", {"x": [1]})
    assert KeptEntries(path).get("a") == {"x": [1]}
    assert KeptEntries(path).get("b") is None
    if sys.platform != "win32":
        assert (path.stat().st_mode & 0o077, path.parent.stat().st_mode & 0o077) == (0, 0)
    assert list(path.parent.iterdir()) == [path]


def test_nothing_takes_the_place_of_an_entry(path: Path) -> None:
    entries = KeptEntries(path)
    entries.put("a", 1)
    entries.put("b", 2)
    entries.put("a", None)
    assert json.loads(path.read_text(encoding="utf-8")) == {"b": 2}


def test_the_oldest_are_forgotten(path: Path) -> None:
    entries = KeptEntries(path)
    for number in range(MOST):
        entries.put(str(number), number)
    entries.put("0", "newer")
    entries.put("more", True)
    assert entries.get("1") is None
    assert (entries.get("0"), entries.get("2"), entries.get("more")) == ("newer", 2, True)


def test_without_a_directory_entries_live_as_long_as_the_sidecar() -> None:
    entries = KeptEntries(None)
    entries.put("a", 1)
    entries.put("b", 2)
    entries.put("a", None)
    assert (entries.get("a"), entries.get("b")) == (None, 2)


def test_where_nothing_can_be_written_entries_live_as_long_as_the_sidecar(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    entries = KeptEntries(tmp_path / "file" / "mcp-sidecar" / "entries.json")
    entries.put("a", 1)
    entries.put("b", 2)
    assert (entries.get("a"), entries.get("b")) == (1, 2)
    assert "for this session only" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has that by where the directory is")
def test_what_others_may_write_is_not_read(path: Path) -> None:
    KeptEntries(path).put("a", 1)
    path.parent.chmod(0o777)
    assert KeptEntries(path).get("a") is None


@pytest.mark.parametrize("damaged", ["{", "[1]", ""])
def test_a_damaged_file_is_empty_and_mended(path: Path, damaged: str) -> None:
    KeptEntries(path).put("a", 1)
    path.write_text(damaged, encoding="utf-8")
    assert KeptEntries(path).get("a") is None
    KeptEntries(path).put("b", 2)
    assert KeptEntries(path).get("b") == 2
