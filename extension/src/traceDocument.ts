/** *Show Protocol Trace*: the sidecar's text of it in a document, which follows what goes over the wire. */
import { commands, Position, Range, Selection, type Uri, window } from "vscode";
import type { Sources } from "./serverParts.ts";

/** By its extension it has the language `mcp-trace`, which folds by indentation. */
const FILE = "MCP Protocol.mcp-trace";

/** Milliseconds between two readings: it is for the eye. */
const PAUSE_MS = 1000;

export class TraceDocument {
  private readonly parts: Sources;
  private timer: NodeJS.Timeout | undefined;

  constructor(parts: Sources) {
    this.parts = parts;
  }

  /** Open it at its end, one line for each frame. */
  async show(): Promise<void> {
    const editor = await window.showTextDocument(await this.read(), { preview: false });
    const end = new Position(editor.document.lineCount - 1, 0);
    editor.selection = new Selection(end, end);
    await commands.executeCommand("editor.foldLevel1");
    editor.revealRange(new Range(end, end));
  }

  async refresh(): Promise<void> {
    await this.read();
  }

  /** Something went over the wire: the document shows it soon, where it is looked at. */
  follow(): void {
    const isSeen = window.visibleTextEditors.some(({ document }) => document.uri.path === `/${FILE}`);
    if (!isSeen || !this.parts.sidecar.status) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.read().catch((error) => this.parts.log.warn(String(error)));
    }, PAUSE_MS);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private async read(): Promise<Uri> {
    const { text = "" } = await this.parts.sidecar.request("mcp/trace", { asText: true });
    return this.parts.documents.set(FILE, text);
  }
}
