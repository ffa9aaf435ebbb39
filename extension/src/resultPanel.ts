/** The panel beside the arguments in which the result of the last call is read. */
import { type Disposable, ViewColumn, type WebviewPanel, window } from "vscode";
import { type Call, resultPage } from "./resultPage.ts";

export class ResultPanel implements Disposable {
  private panel: WebviewPanel | undefined;
  private call: Call | undefined;

  show(call: Call): void {
    this.call = call;
    this.panel ??= this.create();
    this.panel.title = call.tool;
    this.panel.webview.html = resultPage(call);
    this.panel.reveal(undefined, true);
  }

  /** The whole result as JSON, for what the page had to cut. */
  get json(): string {
    return JSON.stringify(this.call?.outcome ?? null, undefined, 2);
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private create(): WebviewPanel {
    const panel = window.createWebviewPanel(
      "mcpSidecar.result",
      "",
      { viewColumn: ViewColumn.Beside, preserveFocus: true },
      {
        enableScripts: false,
        enableFindWidget: true,
        enableCommandUris: ["mcpSidecar.openResult"],
        localResourceRoots: [],
      },
    );
    panel.onDidDispose(() => {
      this.panel = undefined;
    });
    return panel;
  }
}
