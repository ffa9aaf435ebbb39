"""The rows in which what a server offers is shown."""

from typing import Any

from mcp_sidecar.server.item_rows import items_of
from mcp_sidecar.server.items import Item, ItemKind


def item(kind: ItemKind, key: str, raw: dict[str, Any]) -> Item:
    (only,) = items_of(kind, {key: [raw]}).items
    assert (only.kind, only.raw) == (kind, raw)
    return only


def test_whatever_a_server_sends_for_a_list_only_what_has_an_id_is_shown() -> None:
    tools = [{"name": "a"}, None, 7, "x", {}, {"name": 3}, {"name": ""}]
    assert [each.id for each in items_of("tool", {"tools": tools}).items] == ["a", ""]
    wrong: tuple[Any, ...] = (None, {}, "tools", 5)
    for each in wrong:
        assert items_of("tool", {"tools": each}).items == ()
    assert items_of("tool", {}).items == ()


def test_a_tool_has_its_name_and_description_and_its_title_where_that_says_more() -> None:
    found = item("tool", "tools", {"name": "add_note", "title": "Add Note", "description": "Write\na note down."})
    assert (found.label, found.description, found.detail) == ("add_note", "Write a note down.", "Write a note down.")
    assert found.tooltip == "add_note\n\nAdd Note\n\nWrite\na note down."
    assert item("tool", "tools", {"name": "x1", "title": "Adder"}).description == "Adder"


def test_a_resource_has_its_name_uri_and_type() -> None:
    found = item("resource", "resources", {"uri": "file:///a", "name": "a", "mimeType": "text/plain"})
    assert (found.label, found.description, found.detail) == ("a", "file:///a · text/plain", "")
    assert item("resource", "resources", {"uri": "file:///b"}).label == "file:///b"
    titled = item("resourceTemplate", "resourceTemplates", {"uriTemplate": "n:{x}", "name": "n", "title": "Note"})
    assert (titled.id, titled.description) == ("n:{x}", "Note · n:{x}")


def test_nothing_that_a_server_says_is_an_icon_or_has_lines_and_nothing_of_it_is_long() -> None:
    found = item("prompt", "prompts", {"name": "$(bug)\nx", "description": f"$(check) {'y' * 100_000}"})
    assert found.label == "$ (bug) x"
    assert found.description.startswith("$ (check) y")
    assert len(found.description) < 3000
    assert len(found.tooltip) == 2000


def test_what_is_no_text_is_nothing() -> None:
    found = item("tool", "tools", {"name": "x", "title": 1, "description": ["y"], "mimeType": {}})
    assert (found.label, found.description, found.detail, found.tooltip) == ("x", "", "", "x")
