"""The frame of every page: a document without any script, in the editor's colours where it tells them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mcp_sidecar.views.markup import Html, Piece, html


@dataclass(frozen=True, kw_only=True)
class Header:
    """What stands above the page's body."""

    title: str
    outcome: str
    kind: Literal["ok", "bad", "busy"]
    facts: Iterable[str]
    at: datetime


def page(header: Header, body: Piece) -> str:
    """Return a whole document."""
    nonce = os.urandom(16).hex()
    policy = f"default-src 'none'; img-src data:; media-src data:; style-src 'nonce-{nonce}'"
    time = html('<time datetime="{}">{}</time>', header.at.isoformat(), _local_time(header.at))
    told: list[Piece] = [*header.facts, time]
    facts = [html(" <span>{}</span>", fact) for fact in told]
    document = html(
        _DOCUMENT, policy, header.title, nonce, Html(_STYLE), header.title, header.kind, header.outcome, facts, body
    )
    # Half of a surrogate pair is nothing that could be saved or shown.
    return document.text.encode("utf-8", "backslashreplace").decode()


def _local_time(at: datetime) -> str:
    try:
        return at.astimezone().strftime("%H:%M:%S")
    except (OSError, OverflowError, ValueError):  # a year that the platform's clock doesn't know
        return at.strftime("%H:%M:%S")


_DOCUMENT = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="{}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{}</title>
<style nonce="{}">{}</style>
</head>
<body>
<header>
<h1>{}</h1>
<p><strong class="badge {}">{}</strong>{}</p>
</header>
<main>
{}
</main>
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark;
  --border: var(--vscode-contrastBorder, var(--vscode-panel-border, rgb(128 128 128 / 40%)));
  --mono: var(--vscode-editor-font-family, ui-monospace, monospace); }
.vscode-light { color-scheme: light; }
.vscode-dark { color-scheme: dark; }
body { margin: 0; padding: 16px 20px 32px; color: var(--vscode-editor-foreground, CanvasText);
  background: var(--vscode-editor-background, Canvas); overflow-wrap: anywhere;
  font: var(--vscode-font-size, 14px) / 1.5 var(--vscode-font-family, system-ui, sans-serif); }
h1 { margin: 0; font-size: 1.5em; font-weight: 600; line-height: 1.3; }
h2 { margin: 20px 0 8px; font-size: 1.1em; font-weight: 600; }
p { margin: 8px 0; }
header { padding-bottom: 8px; border-bottom: 1px solid var(--border); }
header p, figcaption { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline;
  color: var(--vscode-descriptionForeground, color-mix(in srgb, CanvasText 75%, Canvas)); }
.badge { padding: 1px 8px; border: 1px solid; border-radius: 4px; color: var(--vscode-editor-foreground, CanvasText); }
.ok { border-color: var(--vscode-testing-iconPassed, #388a34); }
.bad { border-color: var(--vscode-errorForeground, #d9534f); }
.box { margin: 16px 0; padding: 4px 14px; border: 1px solid; border-radius: 4px; }
.box h2 { margin: 6px 0; }
.box ul { margin: 8px 0; padding-left: 20px; }
.error { background: var(--vscode-inputValidation-errorBackground, rgb(217 83 79 / 15%));
  border-color: var(--vscode-inputValidation-errorBorder, #d9534f); }
.warning { background: var(--vscode-inputValidation-warningBackground, rgb(191 138 0 / 15%));
  border-color: var(--vscode-inputValidation-warningBorder, #bf8a00); }
.text { white-space: pre-wrap; }
pre, code { font-family: var(--mono); font-size: var(--vscode-editor-font-size, 13px); unicode-bidi: isolate; }
pre { margin: 4px 0; padding: 8px 12px; white-space: pre-wrap; border: 1px solid var(--border); border-radius: 4px;
  background: var(--vscode-textCodeBlock-background, rgb(128 128 128 / 12%)); }
code { color: inherit; background: none; }
figure { margin: 0 0 16px; }
figcaption { font-size: 0.9em; }
img { box-sizing: border-box; display: block; max-width: 100%; max-height: 70vh; margin: 4px 0;
  border: 1px solid var(--border); }
audio { display: block; width: 100%; max-width: 480px; margin: 4px 0; }
dl { display: grid; grid-template-columns: fit-content(40%) 1fr; gap: 4px 16px; margin: 0; }
dd { margin: 0; min-width: 0; }
li p { margin: 2px 0; }
figure p { margin: 4px 0; }
summary { margin-top: 12px; cursor: pointer; }
summary h2 { display: inline; }
a { color: var(--vscode-textLink-foreground, LinkText); }
:focus-visible { outline: 1px solid var(--vscode-focusBorder, LinkText); outline-offset: 2px; }
"""
