/** The panel beside the arguments in which what was asked last, and its answer, is read. */
import { ViewColumn, type WebviewPanel, window } from "vscode";
import type { Page } from "./protocol.ts";

/** Opens the answer that the page had to cut. */
export const OPEN_WHOLE = "mcpSidecar.openResult";

/** Opens or saves one of the parts of the page. */
export const OPEN_PART = "mcpSidecar.openPart";

export class ResultPanel {
  private panel: WebviewPanel | undefined;

  /** What is shown, or was last. */
  page: Partial<Page> = {};

  /** Whether a resource is being read in it: open, and in sight. */
  shows(uri: string): boolean {
    return this.panel?.visible === true && this.page.uri === uri;
  }

  show(page: Page): void {
    this.page = page;
    this.panel ??= this.create();
    this.panel.title = page.title;
    this.panel.webview.html = page.html;
    this.panel.reveal(undefined, true);
  }

  /** Show nothing rather than something that is no longer true. */
  dispose(): void {
    this.panel?.dispose();
  }

  private create(): WebviewPanel {
    const place = { viewColumn: ViewColumn.Beside, preserveFocus: true };
    const rights = { enableScripts: false, enableCommandUris: [OPEN_WHOLE, OPEN_PART], localResourceRoots: [] };
    const panel = window.createWebviewPanel("mcpSidecar.result", "", place, { ...rights, enableFindWidget: true });
    panel.onDidDispose(() => {
      this.panel = undefined;
    });
    return panel;
  }
}
