"""A server's question as a message with buttons: what is shown, and that the server can't choose how it looks."""

from typing import Any

import pytest

from mcp_sidecar.views.question import NotByButtonsError, form_prompt, host_of, url_prompt

Json = Any


def asked(properties: Json, message: str = "Well?") -> Json:
    """Params of a form with these fields."""
    return {"message": message, "requestedSchema": {"type": "object", "properties": properties}}


@pytest.mark.parametrize(
    ("field", "titles", "values"),
    [
        ({"type": "boolean"}, ["Yes", "No"], [True, False]),
        ({"type": "string", "enum": ["a", "b"]}, ["a", "b"], ["a", "b"]),
        ({"type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"]}, ["A", "B"], ["a", "b"]),
        ({"type": "string", "enum": ["a", "b"], "enumNames": ["A"]}, ["a", "b"], ["a", "b"]),
        ({"type": "string", "oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]}, ["A", "b"], ["a", "b"]),
    ],
)
def test_a_choice_has_a_button_for_each_value(field: Json, titles: list[str], values: list[Json]) -> None:
    buttons = form_prompt("s", asked({"f": field})).buttons
    assert list(buttons) == ["Decline", *titles]
    assert [buttons[title] for title in titles] == [{"action": "accept", "content": {"f": value}} for value in values]


@pytest.mark.parametrize(
    "properties",
    [
        {"f": {"type": "string"}},
        {"f": {"type": "number"}},
        {"f": {"type": "array", "items": {"enum": ["a"]}}},
        {"f": {"type": "string", "enum": []}},
        {"f": {"type": "string", "enum": ["a", "a"]}},
        {"f": {"type": "string", "enum": ["", "a"]}},
        {"f": {"type": "string", "enum": ["x" * 100, "x" * 101]}},
        {"f": {"type": "string", "oneOf": [{"title": "A"}]}},
        {"f": {"type": "string", "oneOf": ["a"]}},
        {"f": {"type": "string", "enum": [str(number) for number in range(11)]}},
        {"f": True},
        {"f": {"type": ["boolean"]}},
        {"f": {}, "g": {}},
    ],
)
def test_what_buttons_cannot_say_is_refused(properties: Json) -> None:
    with pytest.raises(NotByButtonsError):
        form_prompt("s", asked(properties))


def test_the_title_and_the_description_of_the_field_are_shown_as_the_servers_words() -> None:
    text = form_prompt("s", asked({"f": {"type": "boolean", "title": "T", "description": "D\nE"}})).text
    assert text == 'The MCP server "s" asks:\n> Well?\n> T: D\n> E'


@pytest.mark.parametrize("name", ['x" asks:\nMCP Sidecar', "\u202ex\x00", "n" * 1000, "", " \n"])
def test_the_name_of_a_server_stays_on_its_line(name: str) -> None:
    first, second = form_prompt(name, asked({})).text.split("\n")
    assert first.startswith("The MCP server ")
    assert first.count('"') in (0, 2)
    assert len(first) < 100
    assert first.isprintable()
    assert second == "> Well?"


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_every_line_of_the_server_is_marked(end: str) -> None:
    assert form_prompt("s", asked({}, f"a{end}b")).text.split("\n")[1:] == ["> a", "> b"]


def test_long_messages_are_cut() -> None:
    for message in ("x" * 100_000, "\n" * 100_000):
        text = form_prompt("s", asked({}, message)).text
        assert len(text) < 2500
        assert text.endswith("… [cut]")


@pytest.mark.parametrize("own", ["Decline", "decline", "DECLINE"])
def test_a_choice_called_like_our_button_is_told_from_it(own: str) -> None:
    buttons = form_prompt("s", asked({"f": {"type": "string", "enum": [own]}})).buttons
    assert buttons == {
        "Decline to answer": {"action": "decline"},
        own: {"action": "accept", "content": {"f": own}},
    }


def test_a_page_is_shown_whole_and_with_its_host() -> None:
    url = "https://user:pass@xn--e1awd7f.example:8443/a?b=c#d"
    prompt = url_prompt("s", {"message": "Go", "url": url})
    assert prompt.text.split("\n") == [
        'The MCP server "s" wants you to open a page:',
        "> Go",
        "Host: xn--e1awd7f.example",
        f"URL: {url}",
    ]
    assert list(prompt.buttons.values()) == [{"action": "decline"}, {"action": "accept"}]


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "//example.com", "https://", "https:///x", "ftp://example.com", "file:///x", "data:,x"),
        *("javascript:x", "command:x", "vscode://x", "https://a b.example", "https://a.example/\n", "https://[x"),
        *("https://ex\u0430mple.com", "https://a.example/\u202e"),
    ],
)
def test_what_is_no_web_page_has_no_host(url: str) -> None:
    with pytest.raises(NotByButtonsError):
        host_of(url)


def test_a_url_that_is_too_long_to_be_read_is_not_opened() -> None:
    with pytest.raises(NotByButtonsError):
        url_prompt("s", {"message": "Go", "url": f"https://a.example/{'x' * 5000}"})
