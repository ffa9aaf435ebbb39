"""What an editor makes of a configuration in docs/editors/, for those that can't be installed.

coc is on npm without its program, and vim-lsp nowhere. Kate's is read here and run in tests/editors/.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs


@attrs.frozen
class EditorConfiguration:
    """How the editor starts the sidecar, and for what."""

    command: Sequence[str]
    options: Any
    """`initializationOptions`."""
    languages: Sequence[str]
    """Ids of the languages whose documents it sends."""


def _coc(text: str) -> EditorConfiguration:
    """The `languageserver` of coc: `filetypes` are those of Vim, whose ids are the languages'."""
    server = json.loads(text)["languageserver"]["mcp-sidecar"]
    return EditorConfiguration(
        [server["command"], *server.get("args", [])], server["initializationOptions"], server["filetypes"]
    )


def _kate(text: str) -> EditorConfiguration:
    """Kate's user server settings: the key is the language's id, and the mode is chosen by its name."""
    [(language, server)] = json.loads(text)["servers"].items()
    assert re.search(server["highlightingModeRegex"], "JSON")
    return EditorConfiguration(server["command"], server["initializationOptions"], [language])


def _vim_lsp(text: str) -> EditorConfiguration:
    """The dictionary of `lsp#register_server`, which is one of JSON but for quotes; Vim runs it in tests/editors/."""

    def value(name: str) -> Any:
        found = re.search(rf"\\ '{name}': (?:\{{\w+ -> (\[.*\])\}}|(.*)),$", text, re.MULTILINE)
        assert found, name
        return json.loads((found[1] or found[2]).replace("'", '"').replace("v:true", "true"))

    return EditorConfiguration(value("cmd"), value("initialization_options"), value("allowlist"))


READERS: Final[Mapping[str, Callable[[str], EditorConfiguration]]] = {
    "coc-settings.json": _coc,
    "kate.json": _kate,
    "vim-lsp.vim": _vim_lsp,
}
"""The name of the file to how it is read."""
