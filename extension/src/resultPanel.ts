/** The panel beside the arguments in which what was asked last, and its answer, is read. */
import { ViewColumn, type WebviewPanel, window } from "vscode";
import type { Parts } from "./parts.ts";
import type { Page, ShowParams } from "./protocol.ts";

/** The command that opens the answer that the page had to cut. */
const OPEN_WHOLE = "mcpSidecar.openResult";

/** The command that opens or saves one of the parts of the page. */
const OPEN_PART = "mcpSidecar.openPart";

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

/** Make a request whose page is shown. */
export async function showRequest({ sidecar, panel }: Parts, request: ShowParams, title: string): Promise<void> {
  const links = { openWhole: `command:${OPEN_WHOLE}`, openPart: `command:${OPEN_PART}` };
  const shown = sidecar.request("mcp/show", { ...request, ...links }, title);
  // Without a sidecar no page says how it ended.
  await shown.finally(() => sidecar.status ?? panel.dispose());
}
