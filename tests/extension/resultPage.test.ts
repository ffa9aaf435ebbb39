import assert from "node:assert/strict";
import { test } from "node:test";
import { type Call, resultPage } from "../../extension/src/resultPage.ts";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;

const page = (outcome: Call["outcome"], more: Partial<Call> = {}) =>
  resultPage({ tool: "add", server: "demo", arguments: { a: 1 }, at: new Date(0), ...more, outcome });
const result = (value: unknown) => page({ result: value });
const content = (...blocks: unknown[]) => result({ content: blocks });

/** What is shown, without markup and without the folded raw result. */
function seen(text: string): string {
  const main = text.replace(/<style[\s\S]*?<\/style>/, "").replace(/<details>[\s\S]*/, "");
  const plain = main.replace(/<[^>]*>/g, " ").replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  return plain.replace(/ +/g, " ");
}

/** The page's own tags, which are all there may be. */
function assertHarmless(text: string): void {
  const allowed =
    /^\/?(!DOCTYPE|html|head|meta|title|style|body|header|h[12]|p|strong|span|time|main|section|figure|figcaption|pre|code|img|audio|a|ul|li|dl|dt|dd|details|summary)$/;
  for (const [, name, attributes] of text.matchAll(/<(\/?[!\w]+)((?:[^<>"]|"[^"]*")*)>/g)) {
    assert.match(name as string, allowed);
    assert.doesNotMatch((attributes as string).replace(/"[^"]*"/g, ""), /\bon|</i);
  }
  assert.equal(text.match(/</g)?.length, [...text.matchAll(/<(\/?[!\w]+)((?:[^<>"]|"[^"]*")*)>/g)].length);
  for (const [, uri] of text.matchAll(/(?:src|href)="([^"]*)"/g)) {
    assert.match(
      uri as string,
      /^(data:(image|audio)\/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=]+|command:mcpSidecar\.openResult)$/,
    );
  }
}

test("the page is a document that allows nothing but its own style and data", () => {
  const text = content({ type: "text", text: "3" });
  assert.match(text, /^<!DOCTYPE html>\n<html lang="en">/);
  const policy = /default-src 'none'; img-src data:; media-src data:; style-src 'nonce-([\w-]+)'/;
  const nonce = policy.exec(text.replaceAll("&#39;", "'"))?.[1];
  assert.ok(nonce && text.includes(`<style nonce="${nonce}">`));
  assert.match(text, /<header>\s*<h1>add<\/h1>/);
  assert.match(text, /<main>/);
  assert.notEqual(text, content({ type: "text", text: "3" }));
});

test("the header tells outcome, server, duration and size", () => {
  const value = { content: [], _meta: { "mcp-sidecar/durationMs": 1234 } };
  assert.match(seen(result(value)), /add\s+Result demo 1\.2 s 14 B/);
  assert.match(seen(result({ ...value, isError: true })), /Tool error \(isError\)/);
  assert.match(seen(page({ running: true })), /Running demo/);
  assert.match(seen(page({ error: { message: "m" } })), /Failed demo/);
});

test("text is shown as it is, JSON laid out with its numbers as they came", () => {
  assert.match(content({ type: "text", text: "a  b\nc" }), /<pre>a {2}b\nc<\/pre>/);
  assert.match(
    seen(content({ type: "text", text: '{"a":[12345678901234567890,1.0]}' })),
    /\[\n 12345678901234567890,\n 1\.0/,
  );
  assert.match(seen(content({ type: "text", text: "{not json" })), /\{not json/);
});

test("images and audio are shown with type and size", () => {
  const text = content(
    { type: "image", mimeType: "image/png", data: PIXEL },
    { type: "audio", mimeType: "audio/wav", data: "AAAA" },
  );
  assert.ok(text.includes(`<img src="data:image/png;base64,${PIXEL}" alt="Image of the result: image/png, 70 B">`));
  assert.match(text, /<audio controls src="data:audio\/wav;base64,AAAA" aria-label="audio\/wav, 3 B">/);
  assertHarmless(text);
});

test("links and embedded resources are shown as text, images among them as images", () => {
  const text = content(
    { type: "resource_link", name: "n", uri: "javascript:alert(1)", description: "about", size: 5, mimeType: "text/x" },
    { type: "resource", resource: { uri: "file:///x", text: "inside", mimeType: "text/plain" } },
    { type: "resource", resource: { uri: "file:///y", blob: PIXEL, mimeType: "image/png" } },
    { type: "resource", resource: { uri: "file:///z", blob: "AAAA" } },
  );
  assert.match(seen(text), /Link to a resource text\/x 5 B[\s\S]*n [\s\S]*javascript:alert\(1\)[\s\S]*about/);
  assert.match(seen(text), /file:\/\/\/x text\/plain 6 B[\s\S]*inside[\s\S]*file:\/\/\/y image\/png 70 B/);
  assert.match(seen(text), /file:\/\/\/z Binary data 3 B/);
  assertHarmless(text);
});

test("structured content is not shown a second time", () => {
  const text = { type: "text", text: '{"b":2,"a":1}' };
  assert.doesNotMatch(seen(result({ content: [text], structuredContent: { a: 1, b: 2 } })), /Structured content/);
  assert.match(seen(result({ content: [text], structuredContent: { a: 2 } })), /Structured content/);
  assert.match(seen(result({ structuredContent: null })), /Structured content\s+null/);
});

test("problems come first", () => {
  const problems = [{ rule: "output-schema", path: "$.a", message: "is no number" }, null, "x"];
  const text = seen(result({ content: [{ type: "text", text: "3" }], _meta: { "mcp-sidecar/problems": problems } }));
  assert.match(text, /breaks the rules\s+is no number output-schema \$\.a\s+null x[\s\S]*Content/);
  assert.doesNotMatch(seen(result({ content: [], _meta: { "mcp-sidecar/problems": [] } })), /rules/);
});

test("an error tells message, suggestion, kind, details and the last lines of stderr", () => {
  const details = { exitCode: 1, stderr: ["Traceback", "  boom"], received: { a: 1 } };
  const data = { kind: "connection_lost", suggestion: "Reconnect.", details };
  const text = seen(page({ error: { message: "Lost.", code: -32803, data } }));
  assert.match(text, /Error[\s\S]*Lost\.[\s\S]*Reconnect\.[\s\S]*stderr\s+Traceback\n boom/);
  assert.match(text, /kind\s+connection_lost[\s\S]*-32803[\s\S]*exitCode\s+1[\s\S]*"a": 1/);
  for (const odd of [undefined, null, 5, "text", [], { details: null }, { details: [1], suggestion: {} }]) {
    assertHarmless(page({ error: { message: "m", data: odd } }));
  }
});

test("the arguments sent and the raw result can be unfolded", () => {
  const text = content({ type: "text", text: "3" });
  assert.match(text, /<details><summary><h2>Arguments sent<\/h2><\/summary><pre>\{\n {2}&#34;a&#34;: 1\n\}<\/pre>/);
  assert.match(text, /<details><summary><h2>Raw result<\/h2>/);
  assert.doesNotMatch(page({ running: true }), /Raw result/);
});

test("long text is cut and says so", () => {
  const text = content({ type: "text", text: "x".repeat(300_000) });
  assert.match(seen(text), /The first 262,144 of 300,000 characters are shown\. Open the whole result/);
  assert.match(text, /<a href="command:mcpSidecar.openResult">/);
  assert.doesNotMatch(content({ type: "text", text: "x".repeat(262_144) }).split("<details>")[0] as string, /command:/);
  assert.match(seen(content(...Array(500).fill(1))), /The first 200 of 500 are shown/);
});

test("nothing that a server sends becomes markup", () => {
  for (const type of ["text", "image", "audio", "resource", "resource_link", EVIL]) {
    const resource = {
      uri: EVIL,
      mimeType: `image/png${EVIL}`,
      text: type === "resource" ? EVIL : undefined,
      blob: "AAAA",
    };
    const block = { type, text: EVIL, data: EVIL, mimeType: `image/${EVIL}`, uri: EVIL, name: EVIL, resource };
    assertHarmless(content(block, { ...block, data: "AAAA" }, { ...block, mimeType: "image/png", description: EVIL }));
    assertHarmless(content({ ...block, mimeType: 'image/png" onerror="alert(1)', data: "AAAA" }));
    assertHarmless(content({ ...block, mimeType: "image/png", data: 'AAAA" onerror="alert(1)' }));
    assertHarmless(content({ ...block, mimeType: "text/html", data: "AAAA" }));
  }
  const problems = [{ rule: EVIL, path: EVIL, message: EVIL }];
  assertHarmless(
    result({ content: EVIL, structuredContent: { [EVIL]: EVIL }, _meta: { "mcp-sidecar/problems": problems } }),
  );
  assertHarmless(page({ result: {} }, { tool: EVIL, server: EVIL, arguments: { [EVIL]: EVIL } }));
  const data = { kind: EVIL, suggestion: EVIL, details: { stderr: [EVIL], [EVIL]: EVIL } };
  assertHarmless(page({ error: { message: EVIL, data } }));
});

test("results that are none are shown all the same", () => {
  for (const value of [undefined, null, 5, "x", [], {}, { content: null }, { content: 5 }, { content: {} }]) {
    assertHarmless(result(value));
  }
  const blocks = [null, 5, "x", [], {}, { type: "text", text: 5 }, { type: "image", data: null }, { type: "resource" }];
  for (const block of blocks) {
    assert.ok(seen(content(block)).includes(JSON.stringify(block, null, 2).replace(/ +/g, " ")));
  }
  assert.match(seen(result({ content: { a: 1 } })), /Content that is no list\s+\{\n "a": 1/);
  assertHarmless(result({ content: [], _meta: { "mcp-sidecar/durationMs": "x", "mcp-sidecar/problems": "y" } }));
});

test("huge and deep results are shown in bounded time", { timeout: 20_000 }, () => {
  const deep = (levels: number) => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
  const texts = [
    "<".repeat(20_000_000),
    `[${"1,".repeat(130_000)}1]`,
    "[".repeat(200_000),
    `{"a":${"[".repeat(50_000)}`,
  ];
  for (const text of texts) {
    const started = performance.now();
    assert.ok(content({ type: "text", text }).length < 10_000_000);
    assert.ok(performance.now() - started < 3_000);
  }
  assertHarmless(result(deep(50_000)));
  assertHarmless(result({ content: [], structuredContent: deep(3_000) }));
  assertHarmless(content({ type: "image", mimeType: "image/png", data: `${"A".repeat(10_000_000)}!` }));
});
