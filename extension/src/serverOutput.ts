/** What the server under test says: its stderr, its log messages, and where it breaks the protocol. */
import { l10n, window } from "vscode";
import type { ConnectionStatus, LogEntry } from "./protocol.ts";

export class ServerOutput {
  // No LogOutputChannel: that would drop what is below its level, and nothing the server says is lost.
  readonly channel = window.createOutputChannel(l10n.t("MCP Server"), "log");
  private last = "";

  add(entry: LogEntry): void {
    this.channel.appendLine(logLine(entry));
  }

  /** Mark where a connection begins and ends, so that the lines between can be told apart. */
  mark({ state, target, error }: Partial<ConnectionStatus> = {}): void {
    const mark = target ? `--- ${state} ${target.name} --- ${error?.message ?? ""}` : "";
    if (mark && mark !== this.last) this.channel.appendLine(`${new Date().toISOString()} ${mark}`);
    this.last = mark;
  }
}

export function logLine({ time, source, level, logger, message }: LogEntry): string {
  const origin = source === "stderr" ? source : `${level}, ${[source, logger].filter(Boolean).join("/")}`;
  return `${time} [${origin}] ${message}`;
}
