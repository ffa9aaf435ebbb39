"""The installer's words for failures that can't be had here; all else is in environment.test.ts."""

import ast
from pathlib import Path

import pytest

from extension.installer import install
from extension.installer.install import CommandFailed, explain


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("disk-full", "error: Failed to write: Es steht nicht genug Speicherplatz auf dem Datenträger (os error 112)"),
        ("not-writable", "PermissionError: [WinError 5] Access is denied: 'C:\\\\Users'"),
        ("no-network", "error: Request failed after 3 retries\n  Caused by: operation timed out"),
        ("no-network", "WARNING: Retrying after connection broken by 'SSLError(CERTIFICATE_VERIFY_FAILED)'"),
        ("no-python", "error: No interpreter found for Python >=3.11 in search path"),
        ("failed", "error: something nobody thought of"),
    ],
)
def test_what_a_program_said_tells_the_kind_of_failure(kind: str, said: str) -> None:
    assert explain(CommandFailed(said), Path("storage"))[0] == kind


def test_a_translated_error_of_the_system_is_known_by_its_number() -> None:
    assert explain(OSError(28, "Auf dem Gerät ist kein Speicherplatz mehr verfügbar"), Path())[0] == "disk-full"


def test_the_message_quotes_what_was_said_without_the_prefixes_of_uv() -> None:
    _, message = explain(CommandFailed("warning: one\nerror: two\n"), Path())
    assert "(one … two)" in message


def test_any_python_that_macos_has_can_read_it() -> None:
    ast.parse(Path(install.__file__).read_text(encoding="utf-8"), feature_version=(3, 9))
