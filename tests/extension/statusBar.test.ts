import { deepEqual, equal, ok } from "node:assert/strict";
import test from "node:test";
import type { ConnectionStatus } from "../../extension/src/protocol.ts";
import type { SidecarState } from "../../extension/src/sidecar.ts";
import { statusView } from "../../extension/src/statusBar.ts";

const AT = "2026-07-28T12:00:00.000Z";

const CONNECTED: ConnectionStatus = {
  state: "connected",
  since: AT,
  target: { name: "notes_server.py", transport: "stdio", command: "python", args: ["notes_server.py"] },
  server: { name: "notes", version: "1.0.0", protocolVersion: "2026-07-28", capabilities: {} },
  connectedAt: AT,
  statistics: { toolsCalled: 3, resourcesAccessed: 2, promptsExecuted: 1, errors: 4 },
  inFlight: 0,
  error: null,
  revision: 7,
  name: "notes",
};

function view(status: Partial<ConnectionStatus>) {
  const whole = { ...CONNECTED, ...status };
  return statusView({ name: whole.state, status: whole });
}

test("each state has its own icon, background and words", () => {
  const states: SidecarState[] = [
    { name: "untrusted" },
    { name: "installing" },
    { name: "starting" },
    { name: "crashed", message: "gone" },
    { name: "unavailable", message: "no Python" },
    ...(["disconnected", "connecting", "connected", "reconnecting", "failed"] as const).map((state) => ({
      name: state,
      status: { ...CONNECTED, state },
    })),
  ];
  const seen = states.map((state) => {
    const { text, background } = statusView(state);
    return [state.name, text, background];
  });
  deepEqual(seen, [
    ["untrusted", "$(shield) MCP", undefined],
    ["installing", "$(sync~spin) MCP: installing", undefined],
    ["starting", "$(sync~spin) MCP: starting", undefined],
    ["crashed", "$(error) MCP: sidecar crashed", "error"],
    ["unavailable", "$(error) MCP: sidecar can't start", "error"],
    ["disconnected", "$(debug-disconnect) MCP", undefined],
    ["connecting", "$(sync~spin) MCP: notes", undefined],
    ["connected", "$(check) MCP: notes", undefined],
    ["reconnecting", "$(warning) MCP: notes", "warning"],
    ["failed", "$(error) MCP: notes", "error"],
  ]);
});

test("the tooltip has the lines of the sidecar's text", () => {
  deepEqual(view({ text: "Target: notes_server.py\nTransport: stdio" }).details, [
    "Target: notes_server.py",
    "Transport: stdio",
  ]);
});

test("why the sidecar does not run is in the tooltip", () => {
  deepEqual(statusView({ name: "unavailable", message: "no Python" }).details, ["Cause: no Python"]);
  deepEqual(statusView({ name: "starting" }).details, []);
});

test("a server can put no icons into the status bar", () => {
  const { text } = view({ name: "$(error) evil" });
  ok(!text.slice("$(check)".length).includes("$("));
});

test("without a target a failure is told without a name", () => {
  equal(view({ state: "failed", target: null, server: null, name: "" }).text, "$(error) MCP");
});
