"""The arrows between the layers, what start-up may not cost, and that nothing ever listens."""

import ast
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psutil
import pytest

import mcp_sidecar
from tests.sidecar.harness import Editor
from tests.sidecar.programs import HttpServer, nasty_http, raw

PACKAGE = Path(mcp_sidecar.__file__).parent

FORBIDDEN = {
    "connection": ("lsprotocol", "pygls", "mcp_sidecar.wire", "mcp_sidecar.server", "mcp_sidecar.views"),
    "wire": (
        "fastmcp",
        "mcp",
        "mcp_types",
        "httpx2",
        *(f"mcp_sidecar.{it}" for it in ("connection", "server", "views")),
    ),
}
"""What the modules of a layer never import."""


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that a module imports anywhere, also late or for types alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (str(value.value) for value in node.args if isinstance(value, ast.Constant))


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_a_lower_layer_never_imports_a_higher_one_or_its_libraries(layer: str) -> None:
    modules = sorted((PACKAGE / layer).glob("**/*.py"))
    assert len(modules) > 5
    wrong = [
        f"{module.relative_to(PACKAGE)} imports {name}"
        for module in modules
        for name in imported(ast.parse(module.read_text(encoding="utf-8")))
        if any(name == each or name.startswith(f"{each}.") for each in FORBIDDEN[layer])
    ]
    assert wrong == []


def test_the_views_import_nothing_but_each_other_and_the_standard_library() -> None:
    for module in (PACKAGE / "views").glob("*.py"):
        for name in imported(ast.parse(module.read_text(encoding="utf-8"))):
            assert name.startswith("mcp_sidecar.views.") or name.partition(".")[0] in sys.stdlib_module_names


def test_the_arrows_are_looked_for_everywhere_in_a_module() -> None:
    code = "import pygls.uris\ndef f():\n    from mcp_sidecar import wire\nimportlib.import_module('lsprotocol')"
    assert set(imported(ast.parse(code))) == {"pygls.uris", "lsprotocol", "mcp_sidecar.wire"}


def modules_after(code: str) -> set[str]:
    """The names of all modules that are loaded once the code has run, in a process of its own."""
    report = f"{code}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", report], check=True, capture_output=True, timeout=60).stdout
    return set(json.loads(output))


HEAVY = {"fastmcp", "mcp", "mcp_types", "pydantic", "httpx2", "anyio", "jsonschema", "email"}
"""The MCP stack: a second of start-up. And `email`, which comes with the standard library's HTTP client."""


LATE = {
    *(f"mcp_sidecar.{it}" for it in ("views", "jsonc", "connection.redaction", "connection.redirect")),
    "statistics",
}
"""What only some sessions need, and is imported when they do: a tenth of start-up."""


def test_what_only_some_sessions_need_is_not_imported_to_start() -> None:
    loaded = modules_after("import mcp_sidecar.server.sidecar, mcp_sidecar.wire.serve")
    assert "mcp_sidecar.connection.manager" in loaded
    assert loaded & LATE == set()


@pytest.mark.parametrize("module", ["server.sidecar", "wire.serve", "connection.manager", "connection.calls"])
def test_the_mcp_stack_is_not_imported_to_start(module: str) -> None:
    loaded = modules_after(f"import mcp_sidecar.{module}")
    assert "mcp_sidecar" in loaded
    assert loaded & HEAVY == set()


def test_the_mcp_stack_is_imported_to_connect() -> None:
    assert modules_after("from mcp_sidecar.connection.stack import import_stack; import_stack()") >= HEAVY


def test_the_version_and_the_help_cost_no_lsp_library() -> None:
    assert modules_after("import mcp_sidecar.cli") & {"pygls", "lsprotocol", "cattrs", "attrs"} == set()


def test_the_wire_works_without_the_domain() -> None:
    code = "import sys; sys.modules['mcp_sidecar.connection'] = None; import mcp_sidecar.wire.serve"
    assert "pygls" in modules_after(code)


def sockets(editor: Editor) -> tuple[int, int]:
    """How many network sockets a sidecar has open, and how many of them anybody could connect to."""
    connections = psutil.Process(editor.pid).net_connections(kind="inet")
    return len(connections), sum(each.status == psutil.CONN_LISTEN or not each.raddr for each in connections)


async def test_nothing_ever_listens(editor: Editor, serve: Callable[[HttpServer], Awaitable[HttpServer]]) -> None:
    assert sockets(editor) == (0, 0)
    await editor.connect(**raw())
    await editor.call("echo", text="x")
    assert sockets(editor) == (0, 0)
    server = await serve(nasty_http("proper"))
    await editor.connect(url=server.url)
    await editor.call("echo", text="x")
    opened, listening = sockets(editor)
    assert opened > 0, "the look must see the sidecar's own sockets"
    assert listening == 0
