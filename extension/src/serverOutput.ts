/** What the server under test says: its stderr, its log messages, and where it breaks the protocol. */
import { type Disposable, l10n, window } from "vscode";
import type { ConnectionStatus, LogEntry } from "./protocol.ts";

export class ServerOutput implements Disposable {
  // No LogOutputChannel: that would drop what is below its level, and nothing the server says is lost.
  private readonly channel = window.createOutputChannel(l10n.t("MCP Server"), "log");
  private last = "";
  private lastWhy = "";

  add(entry: LogEntry): void {
    this.channel.appendLine(logLine(entry));
  }

  /** Mark where a connection begins and ends, so that the lines between can be told apart. */
  mark(status: ConnectionStatus | undefined): void {
    const text = status?.target ? `${status.state} ${status.target.name}` : "";
    const why = status?.error?.message ?? "";
    if (text && (text !== this.last || why !== this.lastWhy)) {
      const time = new Date().toISOString();
      this.channel.appendLine(`${time} --- ${text} ---${why && why !== this.lastWhy ? ` ${why}` : ""}`);
    }
    this.last = text;
    this.lastWhy = why;
  }

  show(): void {
    this.channel.show(true);
  }

  dispose(): void {
    this.channel.dispose();
  }
}

export function logLine({ time, source, level, logger, message }: LogEntry): string {
  const origin = source === "stderr" ? source : [source, logger].filter(Boolean).join("/");
  return `${time} [${source === "stderr" ? "" : `${level}, `}${origin}] ${message}`;
}
