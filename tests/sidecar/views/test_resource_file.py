"""The name that what a resource holds would have as a file."""

import pytest

from mcp_sidecar.views.resource_file import file_name


@pytest.mark.parametrize(
    ("uri", "mime_type", "is_text", "expected"),
    [
        ("file:///a/b/notes.md", "text/markdown", True, "notes.md"),
        ("file:///a/b/main.py", None, True, "main.py"),
        ("file:///a/b/main.py", "text/x-python", True, "main.py"),
        ("notes://all", "text/markdown", True, "resource.md"),
        ("notes://x/7", "application/json; charset=utf-8", True, "7.json"),
        ("geo://x/place", "application/vnd.mine+json", True, "place.json"),
        ("img://x/logo", "image/png", False, "logo.png"),
        ("blob://x/data", None, False, "data.bin"),
        ("note:1", None, True, "1.txt"),
        ("file:///%2e%2e%2f%2e%2e%2fetc/pass%00wd", "text/plain", True, "pass_wd.txt"),
        ("file:///..%2f..%2f.ssh", None, False, "ssh.bin"),
        ("http://[", "text/plain", True, "resource.txt"),
        (7, {}, True, "resource.txt"),
    ],
)
def test_a_name_has_the_extension_of_its_type_and_leads_nowhere_else(
    uri: object, mime_type: object, is_text: bool, expected: str
) -> None:
    assert file_name(uri, mime_type, is_text=is_text) == expected
