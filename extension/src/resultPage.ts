/** What a tool answered, as a page without any script. Broken servers are what this tool is for: any JSON may come. */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { l10n } from "vscode";
import { formatDuration, formatNumber, formatSize, language } from "./format.ts";
import { Html, html } from "./html.ts";
import { isObject, type JsonObject, parseContainer, toJson } from "./json.ts";

export interface Call {
  tool: string;
  server: string;
  arguments: unknown;
  at: Date;
  outcome: { result: unknown } | { error: { message: string; code?: number; data?: unknown } } | { running: true };
}

/** The webview allows this one command: the whole result in an editor. */
export const OPEN_RESULT = "mcpSidecar.openResult";

const LONGEST_TEXT = 256 * 1024;
const MOST_BLOCKS = 200;

export function resultPage(call: Call): string {
  const { title, kind, facts, body } = parts(call);
  const nonce = randomUUID();
  const policy = `default-src 'none'; img-src data:; media-src data:; style-src 'nonce-${nonce}'`;
  const time = html`<time datetime="${call.at.toISOString()}">${call.at.toLocaleTimeString()}</time>`;
  return html`<!DOCTYPE html>
<html lang="${language()}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${call.tool}</title>
<style nonce="${nonce}">${new Html(STYLE)}</style>
</head>
<body>
<header>
<h1>${call.tool}</h1>
<p><strong class="badge ${kind}">${title}</strong>${[call.server, ...facts, time].map((fact) => html` <span>${fact}</span>`)}</p>
</header>
<main>
${body}
${folded(l10n.t("Arguments sent"), call.arguments)}
${"result" in call.outcome && folded(l10n.t("Raw result"), call.outcome.result)}
</main>
</body>
</html>
`.text;
}

interface Parts {
  title: string;
  kind: "ok" | "bad" | "busy";
  facts: string[];
  body: Html;
}

function parts({ outcome }: Call): Parts {
  if ("running" in outcome) {
    return {
      title: l10n.t("Running"),
      kind: "busy",
      facts: [],
      body: html`<p>${l10n.t("Waiting for the answer…")}</p>`,
    };
  }
  if ("error" in outcome) {
    return { title: l10n.t("Failed"), kind: "bad", facts: [], body: failure(outcome.error) };
  }
  const { result } = outcome;
  const failed = isObject(result) && result.isError === true;
  const meta = isObject(result) && isObject(result._meta) ? result._meta : {};
  const duration = meta["mcp-sidecar/durationMs"];
  return {
    title: failed ? l10n.t("Tool error (isError)") : l10n.t("Result"),
    kind: failed ? "bad" : "ok",
    facts: [
      ...(typeof duration === "number" ? [formatDuration(duration)] : []),
      // Without `_meta`, to which the sidecar adds its own.
      formatSize(Buffer.byteLength(toJson(isObject(result) ? { ...result, _meta: undefined } : result))),
    ],
    body: html`${problems(meta["mcp-sidecar/problems"])}${content(result)}`,
  };
}

function failure({ message, code, data }: { message: string; code?: number; data?: unknown }): Html {
  const { kind, suggestion, details, ...others } = isObject(data) ? data : { details: data };
  const { stderr, ...known } = isObject(details) ? details : { details };
  const rest = Object.entries({ kind, code, ...others, ...known }).filter(([, value]) => value !== undefined);
  return html`<section class="box error"><h2>${l10n.t("Error")}</h2>
<p class="text">${shown(message)}</p>${suggestion !== undefined && html`<p class="text">${shown(suggestion)}</p>`}</section>
${
  Array.isArray(stderr) &&
  section(l10n.t("Last lines of the server's stderr"), pre(stderr.map((line) => shown(line)).join("\n")))
}
${
  rest.length > 0 &&
  section(
    l10n.t("Details"),
    html`<dl>${rest.map(([name, value]) => html`<dt>${name}</dt><dd>${inline(shown(value))}</dd>`)}</dl>`,
  )
}`;
}

function problems(list: unknown): Html | undefined {
  if (!Array.isArray(list) || list.length === 0) {
    return undefined;
  }
  const items = list.slice(0, MOST_BLOCKS).map((problem) => {
    const { rule, path, message }: JsonObject = isObject(problem) ? problem : { message: problem };
    const where = [rule, path].filter((part) => part !== undefined).map((part) => html`<code>${shown(part)}</code> `);
    return html`<li><p class="text">${shown(message)}</p><p>${where}</p></li>`;
  });
  return html`<section class="box warning"><h2>${l10n.t("The result breaks the rules")}</h2><ul>${items}</ul></section>`;
}

function content(result: unknown): Html {
  if (!isObject(result) || (!("content" in result) && !("structuredContent" in result))) {
    return section(l10n.t("Not the result of a tool call"), pre(toJson(result, 2)));
  }
  const { content, structuredContent } = result;
  const blocks = Array.isArray(content) ? content : [];
  const twice = blocks.some((block) => isObject(block) && sameJson(block.text, structuredContent));
  return html`${[
    Array.isArray(content) || content === undefined
      ? section(l10n.t("Content"), blocks.length > 0 ? blocks.slice(0, MOST_BLOCKS).map(block) : l10n.t("Nothing."))
      : section(l10n.t("Content that is no list"), pre(toJson(content, 2))),
    blocks.length > MOST_BLOCKS &&
      cutNote(l10n.t("The first {0} of {1} are shown.", formatNumber(MOST_BLOCKS), formatNumber(blocks.length))),
    structuredContent !== undefined &&
      !twice &&
      section(l10n.t("Structured content"), pre(toJson(structuredContent, 2))),
  ]}`;
}

/** One of the content, as what it is. */
function block(value: unknown): Html {
  const { type, text, data, mimeType, resource, name, title, uri, description, size } = isObject(value) ? value : {};
  if (type === "text" && typeof text === "string") {
    return textFigure(text, []);
  }
  if ((type === "image" || type === "audio") && mediaType(mimeType)?.startsWith(`${type}/`) && isBase64(data)) {
    return media(mimeType as string, data, []);
  }
  if (type === "resource" && isObject(resource)) {
    const named = [l10n.t("Resource"), shown(resource.uri)];
    if (typeof resource.text === "string") {
      return textFigure(resource.text, [...named, ...("mimeType" in resource ? [shown(resource.mimeType)] : [])]);
    }
    if (isBase64(resource.blob)) {
      return media(mediaType(resource.mimeType) ?? "", resource.blob, named);
    }
  }
  if (type === "resource_link" && typeof uri === "string") {
    const bytes = typeof size === "number" ? formatSize(size) : size;
    const about = [mimeType, bytes].filter((fact) => fact !== undefined).map(shown);
    const named = html`<p class="text"><strong>${shown(title ?? name ?? "")}</strong></p><p><code>${uri}</code></p>`;
    const told = description !== undefined && html`<p class="text">${shown(description)}</p>`;
    return figure([l10n.t("Link to a resource"), ...about], html`${named}${told}`);
  }
  return figure([l10n.t("Not shown as what it is, or not known")], pre(toJson(value, 2)));
}

function textFigure(text: string, caption: string[]): Html {
  const value = text.length <= LONGEST_TEXT ? parseContainer(text) : undefined;
  const type = value === undefined ? l10n.t("Text") : l10n.t("Text, laid out as JSON");
  return figure(
    [...(caption.length > 0 ? caption : [type]), formatSize(Buffer.byteLength(text))],
    pre(value === undefined ? text : toJson(value, 2)),
  );
}

function media(mimeType: string, base64: string, caption: string[]): Html {
  const size = formatSize(Buffer.byteLength(base64, "base64"));
  const source = `data:${mimeType};base64,${base64}`;
  const label = l10n.t("{0}, {1}", mimeType, size);
  const shownAs = mimeType.startsWith("image/")
    ? html`<img src="${source}" alt="${l10n.t("Image of the result: {0}", label)}">`
    : mimeType.startsWith("audio/") && html`<audio controls src="${source}" aria-label="${label}"></audio>`;
  return figure([...caption, mimeType || l10n.t("Binary data"), size], html`${shownAs}`);
}

function figure(caption: string[], body: Html): Html {
  return html`<figure><figcaption>${caption.map((part) => html`<span>${part}</span> `)}</figcaption>${body}</figure>`;
}

function section(title: string, body: Html | Html[] | string): Html {
  return html`<section><h2>${title}</h2>${body}</section>`;
}

function folded(title: string, value: unknown): Html {
  return html`<details><summary><h2>${title}</h2></summary>${pre(toJson(value, 2))}</details>`;
}

function pre(text: string): Html {
  if (text.length <= LONGEST_TEXT) {
    return html`<pre>${text}</pre>`;
  }
  const [part, whole] = [formatNumber(LONGEST_TEXT), formatNumber(text.length)];
  const note = cutNote(l10n.t("The first {0} of {1} characters are shown.", part, whole));
  return html`${note}<pre>${text.slice(0, LONGEST_TEXT)}</pre>`;
}

function cutNote(sentence: string): Html {
  return html`<p>${sentence} <a href="command:${OPEN_RESULT}">${l10n.t("Open the whole result")}</a></p>`;
}

function inline(text: string): Html {
  return text.length > 200 || text.includes("\n") ? pre(text) : html`<code>${text}</code>`;
}

/** Text as it is, anything else as JSON. */
function shown(value: unknown): string {
  return typeof value === "string" ? value : toJson(value, 2);
}

function sameJson(text: unknown, value: unknown): boolean {
  try {
    return typeof text === "string" && text.length <= LONGEST_TEXT && isDeepStrictEqual(JSON.parse(text), value);
  } catch {
    return false;
  }
}

function mediaType(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z]+\/[a-z0-9.+-]{1,100}$/i.test(value) ? value.toLowerCase() : undefined;
}

function isBase64(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
}

const STYLE = `
:root { --border: var(--vscode-contrastBorder, var(--vscode-panel-border)); }
body { margin: 0; padding: 16px 20px 32px; color: var(--vscode-editor-foreground); background: var(--vscode-editor-background);
  font: var(--vscode-font-size) / 1.5 var(--vscode-font-family); overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.5em; font-weight: 600; line-height: 1.3; }
h2 { margin: 20px 0 8px; font-size: 1.1em; font-weight: 600; }
p { margin: 8px 0; }
header { padding-bottom: 8px; border-bottom: 1px solid var(--border); }
header p, figcaption { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; color: var(--vscode-descriptionForeground); }
.badge { padding: 1px 8px; border: 1px solid; border-radius: 4px; color: var(--vscode-editor-foreground); }
.ok { border-color: var(--vscode-testing-iconPassed); }
.bad { border-color: var(--vscode-errorForeground); }
.box { margin: 16px 0; padding: 4px 14px; border: 1px solid; border-radius: 4px; }
.box h2 { margin: 6px 0; }
.box ul { margin: 8px 0; padding-left: 20px; }
.error { background: var(--vscode-inputValidation-errorBackground); border-color: var(--vscode-inputValidation-errorBorder); }
.warning { background: var(--vscode-inputValidation-warningBackground); border-color: var(--vscode-inputValidation-warningBorder); }
.text { white-space: pre-wrap; }
pre, code { font-family: var(--vscode-editor-font-family); font-size: var(--vscode-editor-font-size); unicode-bidi: isolate; }
pre { margin: 4px 0; padding: 8px 12px; white-space: pre-wrap; background: var(--vscode-textCodeBlock-background);
  border: 1px solid var(--border); border-radius: 4px; }
code { color: inherit; background: none; }
figure { margin: 0 0 16px; }
figcaption { font-size: 0.9em; }
img { box-sizing: border-box; display: block; max-width: 100%; max-height: 70vh; margin: 4px 0; border: 1px solid var(--border); }
audio { display: block; width: 100%; max-width: 480px; margin: 4px 0; }
dl { display: grid; grid-template-columns: fit-content(40%) 1fr; gap: 4px 16px; margin: 0; }
dd { margin: 0; min-width: 0; }
li p { margin: 2px 0; }
figure p { margin: 4px 0; }
summary { margin-top: 12px; cursor: pointer; }
summary h2 { display: inline; }
a { color: var(--vscode-textLink-foreground); }
:focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: 2px; }
`;
