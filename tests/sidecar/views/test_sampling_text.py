"""What a server asks of a language model, in short."""

from typing import Any

from mcp_sidecar.views.sampling_text import sampling_text, text_in

HELLO: dict[str, Any] = {"role": "user", "content": {"type": "text", "text": "Say hello."}}


def test_it_tells_the_number_of_messages_the_tokens_the_prompt_the_last_message_and_the_tools() -> None:
    request = {
        "messages": [{"role": "user", "content": []}, HELLO],
        "maxTokens": 10,
        "systemPrompt": "Be brief.",
        "tools": [{"name": "clock"}, {"name": "map"}],
    }
    assert sampling_text(request).split("\n\n") == [
        "Messages: 2. At most 10 tokens.",
        "System prompt: Be brief.",
        "Last message: Say hello.",
        "It may use tools of the server: clock, map",
    ]


def test_it_says_only_what_there_is_and_that_the_last_message_has_no_text() -> None:
    image = {"role": "user", "content": {"type": "image", "data": "", "mimeType": "image/png"}}
    request = {"messages": [HELLO, image], "maxTokens": 10, "systemPrompt": "", "tools": []}
    assert sampling_text(request) == "Messages: 2. At most 10 tokens.\n\nThe last message has no text."


def test_long_texts_are_cut() -> None:
    content = {"type": "text", "text": "x" * 10_000}
    assert f"Last message: {'x' * 500}…" in sampling_text({"messages": [{"content": content}], "maxTokens": 1})


def test_only_the_texts_of_a_message_are_read() -> None:
    assert text_in([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]) == "a\nb"
    assert text_in({"type": "tool_result", "content": [{"type": "text", "text": "noon"}]}) == "noon"
    assert text_in(None) == ""


def test_what_is_nested_without_end_is_read_to_a_depth() -> None:
    content: Any = {"type": "text", "text": "deep"}
    for _ in range(100_000):
        content = {"content": content}
    assert text_in(content) == ""
