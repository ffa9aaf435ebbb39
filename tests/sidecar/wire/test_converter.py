"""Between JSON and our classes: strict on the way in, complete on the way out."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

import attrs
import pytest
from lsprotocol import types as lsp

from mcp_sidecar.wire.converter import make_converter, structure_params
from mcp_sidecar.wire.encoder import Encoder
from mcp_sidecar.wire.errors import InvalidParams
from mcp_sidecar.wire.payload import Passthrough, Raw, wire_name

CONVERTER = make_converter()


@attrs.frozen(kw_only=True)
class Inner:
    some_flag: bool
    many: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class Target:
    url: str | None = None
    args: tuple[str, ...] | None = None
    env: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    auth: Literal["oauth"] | Mapping[str, Any] | None = None
    type: Literal["stdio", "http", 1] | None = None
    connect_timeout: float | None = None
    limit: int | None = None
    inner: Inner | None = None
    inners: Mapping[str, Inner] | None = None
    since: datetime | None = None
    payload: Raw | None = None
    meta: dict[str, Any] | None = attrs.field(default=None, metadata=wire_name("_meta"))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, Target()),
        ([], Target()),
        (None, Target()),
        ({"url": None, "args": None, "auth": None, "connectTimeout": None}, Target()),
        ({"url": "x", "args": ["a", "b"]}, Target(url="x", args=("a", "b"))),
        ({"env": {"A": "b"}, "headers": []}, Target(env={"A": "b"}, headers={})),
        ({"auth": "oauth"}, Target(auth="oauth")),
        ({"auth": {"type": "bearer", "n": [None]}}, Target(auth={"type": "bearer", "n": [None]})),
        ({"connectTimeout": 5}, Target(connect_timeout=5.0)),
        ({"connectTimeout": 0.5}, Target(connect_timeout=0.5)),
        ({"type": 1}, Target(type=1)),
        ({"limit": 10**30}, Target(limit=10**30)),
        ({"inner": {"someFlag": True, "many": [1]}}, Target(inner=Inner(some_flag=True, many=(1,)))),
        ({"inners": {"a-b": {"someFlag": False}}}, Target(inners={"a-b": Inner(some_flag=False)})),
        ({"since": "2026-01-02T03:04:05.678Z"}, Target(since=datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC))),
        ({"payload": {"jsonrpc": [None]}}, Target(payload=Raw({"jsonrpc": [None]}))),
        ({"_meta": {"a": 1}}, Target(meta={"a": 1})),
    ],
)
def test_params_that_fit_are_structured(params: Any, expected: Target) -> None:
    structured = structure_params(CONVERTER, params, Target)
    assert structured == expected
    assert type(structured.connect_timeout) in (float, type(None))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"connectTimeout": "5"}, '$.connectTimeout: expected a number, got "5"'),
        ({"connectTimeout": True}, "$.connectTimeout: expected a number, got true"),
        ({"connectTimeout": 10**400}, "$.connectTimeout: expected a number of double precision, got a number"),
        ({"args": ["a", 3]}, "$.args[1]: expected a string, got 3"),
        ({"args": "a b"}, "$.args: expected an array, got a string"),
        ({"args": {}}, "$.args: expected an array, got an object"),
        ({"url": 42}, "$.url: expected a string, got 42"),
        ({"url": ["x"]}, "$.url: expected a string, got an array"),
        ({"url": False}, "$.url: expected a string, got false"),
        ({"limit": 1.0}, "$.limit: expected an integer, got 1.0"),
        ({"limit": True}, "$.limit: expected an integer, got true"),
        ({"type": "sse"}, '$.type: expected "stdio" or "http" or 1, got "sse"'),
        ({"type": True}, '$.type: expected "stdio" or "http" or 1, got true'),
        ({"auth": 5}, '$.auth: expected "oauth" or an object, got a number'),
        ({"env": [1]}, "$.env: expected an object, got an array"),
        ({"inner": {"someFlag": "false"}}, '$.inner.someFlag: expected true or false, got "false"'),
        ({"inner": {"someFlag": 0}}, "$.inner.someFlag: expected true or false, got 0"),
        ({"inner": {"someFlag": None}}, "$.inner.someFlag: expected true or false, got null"),
        ({"inner": {}}, "$.inner.someFlag: required, but missing"),
        ({"inner": {"someFlag": True, "many": [1, None]}}, "$.inner.many[1]: expected an integer, got null"),
        ({"inners": {"a": {}}}, "$.inners.a.someFlag: required, but missing"),
        ({"inners": {'a"b': 1}}, '$.inners["a\\"b"]: expected an object, got 1'),
        ({"since": "2026-01-02T03:04:05"}, "$.since: expected an ISO-8601 time with its offset from UTC, got "),
        ({"since": 5}, "$.since: expected an ISO-8601 time, got 5"),
        ({"conectTimeout": 5}, '$: unknown field "conectTimeout" (did you mean "connectTimeout"?)'),
        ({"connect_timeout": 5}, '$: unknown field "connect_timeout" (did you mean "connectTimeout"?)'),
        ({"meta": {}}, '$: unknown field "meta" (did you mean "_meta"?)'),
        ({"xyzzy": 1}, '$: unknown field "xyzzy"'),
        ({"inner": {"someFlag": True, "raw": 1}}, '$.inner: unknown field "raw"'),
        ("text", '$: expected an object, got "text"'),
        ([1], "$: expected an object, got an array"),
        (False, "$: expected an object, got false"),
        (
            {"url": 1, "args": [2], "b": 3},
            "$.url: expected a string, got 1; $.args[0]: expected a string, got 2; $: unk",
        ),
    ],
)
def test_params_that_do_not_fit_are_refused_by_their_json_path(params: Any, message: str) -> None:
    with pytest.raises(InvalidParams) as error:
        structure_params(CONVERTER, params, Target)
    if message.endswith(("got ", "unk")):
        assert str(error.value).startswith(message)
    else:
        assert str(error.value) == message


@pytest.mark.parametrize(
    "params",
    [
        {"env": {"TOKEN": 918273645}},
        {"env": "918273645"},
        {"env": ["918273645"]},
        {"headers": {"Authorization": [918273645]}},
        {"headers": {"Authorization": 918273645}},
        {"auth": "918273645"},
        {"auth": 918273645},
        {"args": "--token=918273645"},
        {"url": {"token": "918273645"}},
        {"connectTimeout": "918273645" * 10},
        {"token": "918273645"},
    ],
)
def test_a_refusal_does_not_quote_what_may_be_secret(params: Any) -> None:
    with pytest.raises(InvalidParams) as error:
        structure_params(CONVERTER, params, Target)
    assert "918273645" not in str(error.value)
    assert next(iter(params)) in str(error.value)


def test_params_nested_too_deeply_are_refused() -> None:
    @attrs.frozen
    class Tree:
        child: "Tree | None" = None

    attrs.resolve_types(Tree, localns={"Tree": Tree})
    deep: Any = None
    for _ in range(5000):
        deep = {"child": deep}
    with pytest.raises(InvalidParams, match="too deep"):
        structure_params(CONVERTER, deep, Tree)


@attrs.frozen(kw_only=True)
class Partly(Passthrough):
    name: str
    when: float | None = None


def test_a_passthrough_keeps_the_object_that_came() -> None:
    came = {"name": "n", "when": None, "class": {"jsonrpc": None}, "raw": 7}
    params = structure_params(CONVERTER, came, Partly)
    assert (params.name, params.when) == ("n", None)
    assert params.raw is came
    assert CONVERTER.unstructure(params) is came
    assert "jsonrpc" not in repr(params)
    assert CONVERTER.unstructure(Partly(name="made here")) == {"name": "made here"}


@attrs.frozen(kw_only=True)
class Anything(Passthrough):
    name: str | None = None


@pytest.mark.parametrize(("came", "kept"), [(None, None), ({}, {}), ([], {})])
def test_a_passthrough_tells_no_params_from_empty_ones(came: Any, kept: Any) -> None:
    assert structure_params(CONVERTER, came, Anything).raw == kept
    with pytest.raises(InvalidParams, match=r"\$\.name"):
        structure_params(CONVERTER, came, Partly)


@attrs.frozen(kw_only=True)
class Status:
    in_flight: int = 0
    running: bool = False
    since: datetime
    target: Target | None
    note: str | None = None
    names: tuple[str, ...] = ()
    details: Mapping[str, Any] = attrs.field(factory=dict)


def test_only_what_is_optional_and_absent_is_left_out() -> None:
    since = datetime(2026, 1, 2, 5, 4, 5, 678900, tzinfo=timezone(timedelta(hours=2)))
    encoded = Encoder(CONVERTER).encode(Status(since=since, target=None))
    assert encoded == (
        b'{"inFlight":0,"running":false,"since":"2026-01-02T03:04:05.678Z","target":null,"names":[],"details":{}}'
    )


def test_our_objects_are_found_anywhere_in_plain_json() -> None:
    value = {"a": [Inner(some_flag=True), Raw({"b": Raw(None)})], "c": lsp.MessageType.Info, "d": lsp.TraceValue.Off}
    assert Encoder(CONVERTER).encode(value) == (b'{"a":[{"someFlag":true,"many":[]},{"b":null}],"c":3,"d":"off"}')


EDITORS: dict[str, dict[str, Any]] = {
    "vscode": {
        "processId": 1,
        "clientInfo": {"name": "Visual Studio Code", "version": "1.130.0"},
        "locale": "en",
        "rootPath": None,
        "rootUri": None,
        "capabilities": {
            "workspace": {
                "applyEdit": True,
                "workspaceEdit": {
                    "documentChanges": True,
                    "resourceOperations": ["create", "rename", "delete", "teleport"],
                    "failureHandling": "textOnlyTransactional",
                    "changeAnnotationSupport": {"groupsOnLabel": True},
                },
                "symbol": {"symbolKind": {"valueSet": [1, 2, 26, 99]}, "tagSupport": {"valueSet": [1, 99]}},
                "foldingRange": {"refreshSupport": True},
                "somethingNew": {"x": [1]},
            },
            "textDocument": {
                "synchronization": {"dynamicRegistration": True, "didSave": True},
                "completion": {"completionItemKind": {"valueSet": [1, 25, 77]}, "insertTextMode": 2},
                "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "mine"]}}},
            },
            "general": {"positionEncodings": ["utf-16", "utf-64"], "staleRequestSupport": None},
            "notebookDocument": {"synchronization": {"dynamicRegistration": True}},
        },
        "initializationOptions": {"mcp": {"class": None}},
        "trace": "compact",
        "workspaceFolders": [{"uri": "file:///a", "name": "a"}],
    },
    "neovim": {
        "processId": 1,
        "clientInfo": {"name": "Neovim", "version": "0.12.4"},
        "rootPath": None,
        "rootUri": None,
        "workspaceFolders": None,
        "workDoneToken": "1",
        "trace": "off",
        "capabilities": {
            "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
            "window": [],
            "experimental": [],
        },
    },
    "eglot": {
        "processId": 1,
        "clientInfo": {"name": "Eglot", "version": "1.9"},
        "rootPath": "/a/",
        "rootUri": "file:///a",
        "initializationOptions": {},
        "capabilities": {
            "workspace": {"applyEdit": True, "executeCommand": {"dynamicRegistration": False}, "symbol": {}},
            "textDocument": {"synchronization": {"willSaveWaitUntil": True}, "hover": {"contentFormat": ["plaintext"]}},
            "window": {"workDoneProgress": True},
            "experimental": {},
        },
    },
    "vim-lsp": {
        "processId": 1,
        "rootUri": "file:///a",
        "rootPath": "/a",
        "initializationOptions": None,
        "trace": "off",
        "capabilities": {"workspace": {"configuration": True}, "textDocument": {"codeLens": {}}},
    },
    "lsp-mode": {"processId": None, "rootPath": "/a", "rootUri": "file:///a", "capabilities": {}, "workDoneToken": "1"},
}


@pytest.mark.parametrize("editor", EDITORS)
def test_what_real_editors_send_is_understood(editor: str) -> None:
    params = structure_params(CONVERTER, EDITORS[editor], lsp.InitializeParams)
    assert params.process_id == EDITORS[editor]["processId"]
    assert params.initialization_options == EDITORS[editor].get("initializationOptions")


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"processId": "1", "capabilities": {}}, "$.processId"),
        ({"processId": 1, "capabilities": {"workspace": {"applyEdit": "true"}}}, "$.capabilities.workspace.applyEdit"),
        ({"processId": 1, "capabilities": {}, "trace": 1}, "$.trace"),
        ({"processId": 1}, "$.capabilities"),
    ],
)
def test_lsp_structures_are_strict_about_types_too(params: Any, path: str) -> None:
    with pytest.raises(InvalidParams) as error:
        structure_params(CONVERTER, params, lsp.InitializeParams)
    assert str(error.value).startswith(path + ": ")
