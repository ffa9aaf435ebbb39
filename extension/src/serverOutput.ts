/** What the server under test says: its stderr, its log messages, and where it breaks the protocol. */
import { l10n, window } from "vscode";
import type { ConnectionStatus, LogEntry } from "./protocol.ts";

export class ServerOutput {
  // No LogOutputChannel: that would drop what is below its level, and nothing the server says is lost.
  readonly channel = window.createOutputChannel(l10n.t("MCP Server"), "log");
  private last = ["", ""];

  add(entry: LogEntry): void {
    this.channel.appendLine(logLine(entry));
  }

  /** Mark where a connection begins and ends, so that the lines between can be told apart. */
  mark(status: ConnectionStatus | undefined): void {
    const text = status?.target ? `${status.state} ${status.target.name}` : "";
    const why = status?.error?.message ?? "";
    const [lastText, lastWhy] = this.last;
    if (text && (text !== lastText || why !== lastWhy)) {
      this.channel.appendLine(`${new Date().toISOString()} --- ${text} ---${why && why !== lastWhy ? ` ${why}` : ""}`);
    }
    this.last = [text, why];
  }
}

export function logLine({ time, source, level, logger, message }: LogEntry): string {
  const origin = source === "stderr" ? source : `${level}, ${[source, logger].filter(Boolean).join("/")}`;
  return `${time} [${origin}] ${message}`;
}
