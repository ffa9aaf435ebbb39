/** The panel beside the arguments in which the result of the last call is read. */
import { type Disposable, ViewColumn, type WebviewPanel, window } from "vscode";
import type { RenderParams } from "./protocol.ts";
import type { Sidecar } from "./sidecar.ts";

export class ResultPanel implements Disposable {
  private readonly sidecar: Sidecar;
  private panel: WebviewPanel | undefined;
  private call: RenderParams | undefined;

  constructor(sidecar: Sidecar) {
    this.sidecar = sidecar;
  }

  /** Show a call, with its result or error, or neither while it runs. */
  async show(call: RenderParams): Promise<void> {
    this.call = call;
    const { html } = await this.sidecar.request("mcp/render", { ...call, openWhole: "command:mcpSidecar.openResult" });
    if (this.call === call) {
      this.panel ??= this.create();
      this.panel.title = String(call.request.params?.name ?? call.request.method);
      this.panel.webview.html = html;
      this.panel.reveal(undefined, true);
    }
  }

  /** The whole result as JSON, for what the page had to cut. */
  get json(): string {
    return JSON.stringify(this.call?.result ?? this.call?.error ?? null, undefined, 2);
  }

  /** Show nothing rather than something that is no longer true. */
  close(): void {
    this.panel?.dispose();
  }

  dispose(): void {
    this.close();
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
