"""The files of results: private, few and small."""

import os
import sys
from pathlib import Path

import pytest

from mcp_sidecar.server import result_files
from mcp_sidecar.server.result_files import LARGEST, MOST_FILES, ResultFiles

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@pytest.fixture
def files(tmp_path: Path) -> ResultFiles:
    """Provide files in a directory that is not there yet."""
    return ResultFiles(tmp_path / "cache" / "results")


def test_of_too_many_files_the_oldest_go(files: ResultFiles) -> None:
    paths = []
    for number in range(MOST_FILES + 3):
        paths.append(files.write("x.md", b"x"))
        os.utime(paths[-1], (paths[-1].stat().st_atime, paths[-1].stat().st_mtime - 500 + number))
    assert [path.exists() for path in paths] == [False] * 3 + [True] * MOST_FILES


def test_of_too_many_bytes_the_oldest_go(files: ResultFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_files, "MOST_BYTES", 250)
    paths = []
    for number in range(4):
        paths.append(files.write("x.md", bytes(100)))
        os.utime(paths[-1], (paths[-1].stat().st_atime, paths[-1].stat().st_mtime - 500 + number))
    assert [path.exists() for path in paths] == [False, False, True, True]


def test_what_a_killed_sidecar_left_goes_after_a_day(files: ResultFiles) -> None:
    left = files.write("x.md", b"x")
    os.utime(left, (0, 0))
    ResultFiles(left.parent).write("y.md", b"y")
    assert not left.exists()


def test_what_a_killed_sidecar_left_goes_when_one_starts(files: ResultFiles) -> None:
    left, kept = files.write("x.md", b"x"), files.write("y.md", b"y")
    os.utime(left, (0, 0))
    ResultFiles(left.parent).prune()
    assert (left.exists(), kept.exists()) == (False, True)


def test_nothing_is_made_where_there_is_nothing_to_delete(files: ResultFiles, tmp_path: Path) -> None:
    files.prune()
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_after_the_end(files: ResultFiles) -> None:
    path = files.write("x.md", b"x")
    files.delete()
    with pytest.raises(OSError, match="ends"):
        files.write("y.md", b"y")
    assert not list(path.parent.iterdir())


def test_a_file_that_is_too_large_is_cut_and_says_so(files: ResultFiles) -> None:
    path = files.write("x.md", bytes(LARGEST + 1))
    assert path.stat().st_size == LARGEST
    assert path.read_bytes().endswith(b"[cut: too long for a file of results]\n")


@posix
def test_a_directory_that_others_can_read_is_closed(files: ResultFiles, tmp_path: Path) -> None:
    (tmp_path / "cache" / "results").mkdir(parents=True, mode=0o755)
    assert files.write("x.md", b"x").parent.stat().st_mode & 0o077 == 0


@posix
def test_a_link_in_place_of_the_directory_is_not_followed(files: ResultFiles, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "results").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="somebody else"):
        files.write("x.md", b"x")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_without_a_home_there_is_an_error() -> None:
    with pytest.raises(OSError, match="no home"):
        ResultFiles(None).write("x.md", b"x")


@pytest.mark.parametrize("name", ["../../x.md", ".hidden", "CON.md", "a\0b/c\\d.md", "", "é" * 300 + ".png"])
def test_a_name_is_one_everywhere(files: ResultFiles, name: str) -> None:
    path = files.write(name, b"x")
    assert path.parent.name == "results"
    assert path.name.isascii()
    assert path.name[0].isdigit()
    assert len(path.name) < 70
    files.delete()
    assert not path.exists()
