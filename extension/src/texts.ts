/** Read-only documents that follow what they show. */
import { EventEmitter, type TextDocumentContentProvider, Uri, window, workspace } from "vscode";

export const TEXTS_SCHEME = "mcp-sidecar";

export class Texts implements TextDocumentContentProvider {
  private readonly changed = new EventEmitter<Uri>();
  private readonly contents = new Map<string, string>();

  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(uri: Uri): string {
    return this.contents.get(uri.path) ?? "";
  }

  /** Give a document new content; one that is open shows it at once. */
  set(name: string, content: string): Uri {
    const uri = Uri.from({ scheme: TEXTS_SCHEME, path: `/${name}` });
    this.contents.set(uri.path, content);
    this.changed.fire(uri);
    return uri;
  }

  async open(name: string, content: string): Promise<void> {
    await window.showTextDocument(await workspace.openTextDocument(this.set(name, content)), { preview: true });
  }
}
