/** The panel beside the arguments in which what was asked last, and its answer, is read. */
import { ViewColumn, type WebviewPanel, window } from "vscode";
import type { Page } from "./protocol.ts";

/** Opens the answer that the page had to cut. */
export const OPEN_WHOLE = "mcpSidecar.openResult";

export class ResultPanel {
  private panel: WebviewPanel | undefined;

  /** The whole answer as JSON, where the page had to cut. */
  whole = "";

  show({ title, html, whole = "" }: Page): void {
    this.whole = whole;
    this.panel ??= this.create();
    this.panel.title = title;
    this.panel.webview.html = html;
    this.panel.reveal(undefined, true);
  }

  /** Show nothing rather than something that is no longer true. */
  dispose(): void {
    this.panel?.dispose();
  }

  private create(): WebviewPanel {
    const place = { viewColumn: ViewColumn.Beside, preserveFocus: true };
    const rights = { enableScripts: false, enableCommandUris: [OPEN_WHOLE], localResourceRoots: [] };
    const panel = window.createWebviewPanel("mcpSidecar.result", "", place, { ...rights, enableFindWidget: true });
    panel.onDidDispose(() => {
      this.panel = undefined;
    });
    return panel;
  }
}
