"""A small MCP server that keeps notes: something real to point MCP Sidecar at.

    python examples/notes_server.py                stdio, as an editor or MCP Sidecar starts it
    python examples/notes_server.py --http 8000    streamable HTTP at http://127.0.0.1:8000/mcp

It needs `fastmcp`. The notes live in memory and are gone when the server ends.
"""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

from fastmcp import Context, FastMCP
from fastmcp.exceptions import ResourceError, ToolError
from pydantic import BaseModel, Field

server: FastMCP[Any] = FastMCP(
    "notes",
    version="1.0.0",
    instructions="Keeps short notes. Search before you add, so that nothing is written down twice.",
)


class Note(BaseModel):
    """One note."""

    id: int
    title: str
    text: str
    tags: list[str] = []
    done: bool = False
    created: datetime


class Found(BaseModel):
    """What a search gives."""

    total: int = Field(description="how many notes there are in all")
    notes: list[Note]


NOTES: dict[int, Note] = {}
"""All notes by their ids."""


def write_down(title: str, text: str, tags: list[str]) -> Note:
    """Keep a new note."""
    note = Note(id=len(NOTES) + 1, title=title, text=text, tags=tags, created=datetime.now(UTC))
    NOTES[note.id] = note
    return note


@server.tool(annotations={"destructiveHint": False})
def add_note(
    title: Annotated[str, Field(min_length=1, max_length=80)],
    text: str = "",
    tags: Annotated[list[str], Field(description="words to find it by")] = [],  # noqa: B006 - becomes a JSON schema
) -> Note:
    """Write a note down."""
    return write_down(title, text, tags)


@server.tool(annotations={"readOnlyHint": True})
def search_notes(query: str = "", limit: Annotated[int, Field(ge=1, le=100)] = 20) -> Found:
    """Find the notes whose title, text or tags contain the query; all of them if it is empty."""
    words = query.casefold()
    found = [note for note in NOTES.values() if words in f"{note.title} {note.text} {note.tags}".casefold()]
    return Found(total=len(NOTES), notes=found[:limit])


@server.tool(annotations={"idempotentHint": True})
def finish_note(note_id: int) -> Note:
    """Mark a note as done."""
    if note_id not in NOTES:
        known = ", ".join(map(str, NOTES)) or "none"
        raise ToolError(f"There is no note {note_id}. Known: {known}.")
    NOTES[note_id].done = True
    return NOTES[note_id]


@server.tool
async def import_notes(lines: list[str], ctx: Context, seconds_each: Annotated[float, Field(ge=0, le=10)] = 0.2) -> int:
    """Write one note per line, slowly, with progress; gives their number."""
    for number, line in enumerate(lines, 1):
        await asyncio.sleep(seconds_each)
        write_down(line, "", ["imported"])
        await ctx.report_progress(number, len(lines), f"imported {line!r}")
    return len(lines)


@server.resource("notes://all", mime_type="text/markdown")
def all_notes() -> str:
    """List all notes as Markdown."""
    return "\n".join(f"- [{'x' if note.done else ' '}] {note.title}" for note in NOTES.values())


@server.resource("notes://{note_id}", mime_type="application/json")
def one_note(note_id: int) -> str:
    """Give one note as JSON."""
    if note_id not in NOTES:
        raise ResourceError(f"There is no note {note_id}.")
    return NOTES[note_id].model_dump_json()


@server.prompt
def plan_day(hours: int = 8) -> str:
    """Ask for a plan of the day from the open notes."""
    return f"Plan the next {hours} hours from these notes:\n\n{all_notes()}"


def main() -> None:
    """Serve on stdio, or on HTTP if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--http", metavar="PORT", type=int, help="serve streamable HTTP on this port of 127.0.0.1")
    options = parser.parse_args()
    if options.http is None:
        print("notes: ready on stdio", file=sys.stderr, flush=True)
        server.run(transport="stdio", show_banner=False, log_level="WARNING")
    else:
        server.run(transport="http", port=options.http, show_banner=False)


if __name__ == "__main__":
    main()
