"""A command line: one string taken apart into words, and words put together for display.

No shell is involved: variables, globs and operators mean nothing here.
"""

import re
from collections.abc import Sequence

import attrs

from mcp_sidecar.connection.errors import InvalidTarget

_POSIX_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_POSIX_SPACE = " \t\r\n"
_POSIX_PIECE = re.compile(
    r"""(?s)(?P<plain>[^ \t\r\n'"\\]+)|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)"""
)
_POSIX_ESCAPE = re.compile(r'\\(["\\$`])')
_WINDOWS_UNSAFE = re.compile(r'[\s"]')


@attrs.frozen
class Word:
    """One word of a command line."""

    text: str
    column: int
    """Where it begins, counted from 1."""
    quoted: bool
    """Whether any of it was quoted or escaped, so that it must be taken literally."""


def split(line: str, platform: str) -> list[str]:
    """Take a command line apart as the platform's own programs would.

    Args:
        line: the command line.
        platform: as `sys.platform`; `win32` means the rules of Windows.

    Raises:
        InvalidTarget: a quote is not closed, or an escape has nothing to escape; names the column.
    """
    return [word.text for word in words(line, platform)]


def words(line: str, platform: str) -> list[Word]:
    """Like `split`, with the place of every word and whether it was quoted."""
    return _windows_words(line) if platform == "win32" else _posix_words(line)


def join(parts: Sequence[str], platform: str) -> str:
    """Write words as the command line that `split` takes apart into the same words."""
    return " ".join(quote(part, platform) if _needs_quotes(part, platform) else part for part in parts)


def quote(part: str, platform: str) -> str:
    """Write one word in quotes, also where it needs none."""
    if platform != "win32":
        return "'" + part.replace("'", "'\"'\"'") + "'"
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', part)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return '"' + escaped + "\\" * trailing + '"'


def _posix_words(line: str) -> list[Word]:
    """Follow POSIX.1-2017, Shell Command Language, 2.2 Quoting."""
    found: list[Word] = []
    at = 0
    while at < len(line):
        if line[at] in _POSIX_SPACE:
            at += 1
            continue
        start = at
        text, quoted = "", False
        while at < len(line) and line[at] not in _POSIX_SPACE:
            piece = _POSIX_PIECE.match(line, at)
            if piece is None:
                if line[at] == "\\":
                    raise _unfinished("the backslash", at + 1, "escapes nothing")
                raise _unfinished(f"the quote {line[at]}", at + 1, "is never closed")
            if piece["double"] is not None:
                text += _POSIX_ESCAPE.sub(r"\1", piece["double"])
            else:
                text += piece[piece.lastindex or 0]
            quoted = quoted or piece["plain"] is None
            at = piece.end()
        found.append(Word(text, start + 1, quoted))
    return found


def _windows_words(line: str) -> list[Word]:
    """Follow the rules of `CommandLineToArgvW` and the Microsoft C runtime for the words after the program.

    2n backslashes before a quote stand for n, an odd one escapes the quote, others stand for themselves; `""` inside
    quotes is one quote. The program's own word follows the same rules here, so that any word can be written.
    https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments
    """
    found: list[Word] = []
    text: list[str] = []
    start: int | None = None
    quoted = False
    quote_at: int | None = None
    at = 0
    while at < len(line):
        char = line[at]
        if char in " \t" and quote_at is None:
            if start is not None:
                found.append(Word("".join(text), start + 1, quoted))
                text, start, quoted = [], None, False
            at += 1
            continue
        start = at if start is None else start
        if char == "\\":
            run = len(line) - at - len(line[at:].lstrip("\\"))
            at += run
            if at < len(line) and line[at] == '"':
                text.append("\\" * (run // 2))
                if run % 2:
                    text.append('"')
                    quoted = True
                    at += 1
            else:
                text.append("\\" * run)
            continue
        if char == '"':
            quoted = True
            if quote_at is None:
                quote_at = at
            elif line[at + 1 : at + 2] == '"':
                text.append('"')
                at += 1
            else:
                quote_at = None
        else:
            text.append(char)
        at += 1
    if quote_at is not None:
        raise _unfinished('the quote "', quote_at + 1, "is never closed")
    if start is not None:
        found.append(Word("".join(text), start + 1, quoted))
    return found


def _unfinished(what: str, column: int, problem: str) -> InvalidTarget:
    # The line itself is not shown: where quoting is broken, what is a secret in it cannot be told.
    return InvalidTarget(
        f"The command line cannot be taken apart: {what} at column {column} {problem}.",
        suggestion="Correct the quoting, or pass `command` and `args` as separate fields.",
        details={"column": column},
    )


def _needs_quotes(part: str, platform: str) -> bool:
    if platform == "win32":
        return not part or _WINDOWS_UNSAFE.search(part) is not None
    return _POSIX_SAFE.fullmatch(part) is None
