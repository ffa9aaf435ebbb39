"""Servers of npm and PyPI, each used for what it is good at: files, memory, git, GitLab, server-everything 0.6.2."""

import base64
import itertools
import json
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sidecar.harness import Editor, Json
from tests.sidecar.programs import EVERYTHING_0_6_2, FILESYSTEM, GIT, GITLAB, MANY, MEMORY, stdio

StartEditor = Callable[..., Awaitable[Editor]]

GRAPH = "memory://knowledge-graph"

TINY_PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on")


async def call(editor: Editor, name: str, **arguments: Json) -> Json:
    """Call a tool; its result must have no problems, with its own output schema either."""
    return await editor.flawless("tools/call", {"name": name, "arguments": arguments})


def text(result: Json) -> str:
    """The one text that a tool answered with."""
    (block,) = result["content"]
    return block["text"]


# server-filesystem


async def test_files_are_written_edited_and_read(editor: Editor, tmp_path: Path) -> None:
    await editor.connect(**stdio(FILESYSTEM, tmp_path))
    letter, picture = tmp_path / "letter.txt", tmp_path / "picture.png"
    picture.write_bytes(base64.b64decode(TINY_PNG))
    await call(editor, "write_file", path=str(letter), content="Dear Ada,\nhow are you?\n")
    change = {"oldText": "how are you?", "newText": "how is the Engine? ✨"}
    edited = await call(editor, "edit_file", path=str(letter), edits=[change])
    assert "+how is the Engine? ✨" in text(edited)
    assert letter.read_text(encoding="utf-8") == "Dear Ada,\nhow is the Engine? ✨\n"
    head = await call(editor, "read_text_file", path=str(letter), head=1)
    assert head["structuredContent"] == {"content": "Dear Ada,"}
    media = await call(editor, "read_media_file", path=str(picture))
    (image,) = media["content"]
    assert (image["type"], image["mimeType"], image["data"]) == ("image", "image/png", TINY_PNG.decode())
    tree = json.loads(text(await call(editor, "directory_tree", path=str(tmp_path))))
    assert sorted(each["name"] for each in tree) == ["letter.txt", "picture.png"]


async def test_a_file_outside_is_refused_as_a_result(editor: Editor, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    await editor.connect(**stdio(FILESYSTEM, inside))
    refused = await call(editor, "read_text_file", path=str(tmp_path / "secret.txt"))
    assert refused["isError"] is True
    assert "outside allowed directories" in text(refused)
    assert (await editor.status())["statistics"]["errors"] == 0


async def test_annotations_of_tools_arrive(editor: Editor, tmp_path: Path) -> None:
    await editor.connect(**stdio(FILESYSTEM, tmp_path))
    tools = {tool["name"]: tool["annotations"] for tool in (await editor.flawless("tools/list"))["tools"]}
    assert tools["read_text_file"] == {"readOnlyHint": True, "openWorldHint": False}
    assert tools["edit_file"]["destructiveHint"] is True


# server-memory


async def test_a_graph_is_kept_and_its_changes_are_told(editor: Editor, tmp_path: Path) -> None:
    await editor.connect(**stdio(MEMORY, env={"MEMORY_FILE_PATH": str(tmp_path / "graph.jsonl")}))
    await editor.flawless("resources/subscribe", {"uri": GRAPH})
    ada = {"name": "Ada", "entityType": "person", "observations": ["wrote the first program"]}
    engine = {"name": "Engine", "entityType": "machine", "observations": []}
    created = await call(editor, "create_entities", entities=[ada, engine])
    assert created["structuredContent"]["entities"] == [ada, engine]
    await editor.wait_for("mcp/notifications/resources/updated", lambda params: params["uri"] == GRAPH)
    relation = {"from": "Ada", "to": "Engine", "relationType": "programs"}
    await call(editor, "create_relations", relations=[relation])
    found = await call(editor, "search_nodes", query="first program")
    assert [each["name"] for each in found["structuredContent"]["entities"]] == ["Ada"]
    (content,) = (await editor.flawless("resources/read", {"uri": GRAPH}))["contents"]
    assert json.loads(content["text"]) == {"entities": [ada, engine], "relations": [relation]}
    await editor.flawless("resources/unsubscribe", {"uri": GRAPH})
    mark = editor.mark()
    await call(editor, "delete_entities", entityNames=["Engine"])
    assert "Engine" not in text(await call(editor, "read_graph"))
    assert all(each.method != "mcp/notifications/resources/updated" for each in editor.notifications[mark:])


# mcp-server-git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Provide an empty git repository with a person to commit as."""
    path = tmp_path / "repository"
    for command in (["init", "-q", str(path)], ["-C", str(path), "config", "user.name", "Ada"]):
        subprocess.run(["git", *command], check=True)
    subprocess.run(["git", "-C", str(path), "config", "user.email", "ada@example.org"], check=True)
    return path


async def test_a_repository_is_changed_and_read(editor: Editor, repository: Path) -> None:
    status = await editor.connect(command=str(GIT), args=["--repository", str(repository)])
    assert status["server"]["name"] == "mcp-git"
    where = {"repo_path": str(repository)}
    (repository / "notes.txt").write_text("one\n", encoding="utf-8")
    await call(editor, "git_add", **where, files=["notes.txt"])
    await call(editor, "git_commit", **where, message="A first note ✨")
    (repository / "notes.txt").write_text("one\ntwo\n", encoding="utf-8")
    assert "+two" in json.dumps(await call(editor, "git_diff_unstaged", **where))
    log = json.dumps(await call(editor, "git_log", **where), ensure_ascii=False)
    assert "A first note ✨" in log
    outside = await call(editor, "git_status", repo_path=str(repository.parent))
    assert outside["isError"] is True


# mcp-gitlab: over 200 tools


async def test_a_server_with_hundreds_of_tools_is_listed_whole_and_keeps_its_secret(editor: Editor) -> None:
    """Its API is nowhere, its token made up: what it can do offline is to be listed, and to fail."""
    token = "glpat-made-up-0123456789"
    offline = {"GITLAB_PERSONAL_ACCESS_TOKEN": token, "GITLAB_API_URL": "http://127.0.0.1:9/api/v4"}
    await editor.connect(**stdio(GITLAB, env={**offline, "USE_PIPELINE": "true", "USE_MILESTONE": "true"}))
    tools = (await editor.flawless("tools/list"))["tools"]
    names = [tool["name"] for tool in tools]
    assert len(names) > 150
    assert len(set(names)) == len(names)
    assert all(tool["description"] and tool["inputSchema"]["type"] == "object" for tool in tools)
    prefilled = [await editor.request("mcp/prefill", {"name": name}) for name in names]
    assert all(each["text"].rstrip().endswith("}") for each in prefilled)
    refused = await editor.refused("mcp/tools/call", {"name": "whoami", "arguments": {}})
    assert refused.kind == "server_error"
    shown = [await editor.status(), editor.logs, await editor.request("mcp/trace"), refused.data]
    assert token not in json.dumps(shown)


# 5,000 generated tools


@pytest.mark.parametrize("page", [0, 100])
async def test_thousands_of_tools_arrive_whole_and_in_order(editor: Editor, page: int) -> None:
    await editor.connect(**stdio(MANY, "--page", page))
    tools = (await editor.flawless("tools/list"))["tools"]
    assert [int(tool["name"].rpartition("_")[2]) for tool in tools] == list(range(5000))
    last = tools[-1]
    result = await call(editor, last["name"], **{last["inputSchema"]["required"][0]: "ABC-1"})
    assert result["structuredContent"] == {"count": 1}


# server-everything 0.6.2, of November 2024: the first of MCP's versions, and the first SDK


async def test_the_oldest_server_is_spoken_to_in_its_own_version(editor: Editor) -> None:
    status = await editor.connect(**stdio(EVERYTHING_0_6_2))
    assert status["server"]["protocolVersion"] == "2024-11-05"
    assert status["server"]["capabilities"] == {
        "prompts": {},
        "resources": {"subscribe": True},
        "tools": {},
        "logging": {},
    }
    assert text(await call(editor, "add", a=1, b=2)) == "The sum of 1 and 2 is 3."
    said, image, *_ = (await call(editor, "getTinyImage"))["content"]
    assert said["type"] == "text"
    assert base64.b64decode(image["data"]).startswith(b"\x89PNG")
    prompt = await editor.flawless("prompts/get", {"name": "complex_prompt", "arguments": {"temperature": "0.5"}})
    assert [message["role"] for message in prompt["messages"]] == ["user", "assistant", "user"]
    await editor.flawless("logging/setLevel", {"level": "debug"})
    entry = await editor.wait_for("mcp/didLog", lambda entry: entry["source"] == "server")
    assert (entry["level"], entry["message"]) == ("debug", "Logging level set to: debug")


async def test_the_pages_of_the_oldest_server_are_read_one_by_one_or_at_once(editor: Editor) -> None:
    await editor.connect(**stdio(EVERYTHING_0_6_2))
    whole = (await editor.flawless("resources/list"))["resources"]
    assert [each["uri"] for each in whole] == [f"test://static/resource/{number}" for number in range(1, 101)]
    pages: list[Json] = [await editor.flawless("resources/list", {"cursor": ""})]
    while cursor := pages[-1].get("nextCursor"):
        pages.append(await editor.flawless("resources/list", {"cursor": cursor}))
    assert len(pages) > 5
    assert list(itertools.chain.from_iterable(page["resources"] for page in pages)) == whole
    binary = await editor.flawless("resources/read", {"uri": "test://static/resource/2"})
    assert base64.b64decode(binary["contents"][0]["blob"]).startswith(b"Resource 2")


async def test_progress_of_the_oldest_server_arrives(editor: Editor) -> None:
    await editor.connect(**stdio(EVERYTHING_0_6_2))
    params = {"name": "longRunningOperation", "arguments": {"duration": 0.2, "steps": 4}}
    await editor.flawless("tools/call", {**params, "_meta": {"progressToken": "mine"}})
    assert editor.notified("progress") == [
        {"progress": step, "total": 4, "progressToken": "mine"} for step in range(1, 5)
    ]
