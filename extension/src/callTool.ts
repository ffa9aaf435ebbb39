/** *Call Tool…*: pick a tool, edit its arguments, call it, read the result. */
import {
  Diagnostic,
  type Disposable,
  l10n,
  languages,
  Position,
  type QuickPickItem,
  Range,
  type TextDocument,
  type Uri,
  ViewColumn,
  window,
  workspace,
} from "vscode";
import { type ArgumentFiles, namesOf } from "./argumentFiles.ts";
import { parse } from "./argumentsText.ts";
import { failureOf } from "./failure.ts";
import { withoutIcons, withoutLinks } from "./plainText.ts";
import { withProgress } from "./progress.ts";
import type { Raw, RenderParams } from "./protocol.ts";
import type { ResultPanel } from "./resultPanel.ts";
import type { Sidecar } from "./sidecar.ts";

/** A tool, as far as the picker and the prefilled arguments need it. */
interface Tool {
  [key: string]: unknown;
  name: string;
  title?: unknown;
  description?: unknown;
}

export class ToolCaller implements Disposable {
  private readonly sidecar: Sidecar;
  private readonly files: ArgumentFiles;
  private readonly panel: ResultPanel;
  private readonly mistakes = languages.createDiagnosticCollection("mcp-sidecar");

  constructor(sidecar: Sidecar, files: ArgumentFiles, panel: ResultPanel) {
    this.sidecar = sidecar;
    this.files = files;
    this.panel = panel;
  }

  dispose(): void {
    this.mistakes.dispose();
  }

  /** Open the arguments of a tool; the user picks one where none is named. */
  async pick(name?: string): Promise<void> {
    const tools = await this.list();
    const tool = name === undefined ? await choose(tools) : tools.find((each) => each.name === name);
    if (!tool) {
      return;
    }
    const { text, cursor } = await this.sidecar.request("mcp/prefill", { tool });
    const uri = this.files.open(this.serverName(), tool.name, text);
    const at = new Position(cursor.line, cursor.character);
    await window.showTextDocument(uri, { viewColumn: ViewColumn.One, selection: new Range(at, at) });
  }

  /** Call the tool whose arguments a document holds. */
  async call(uri: Uri): Promise<void> {
    const document = await workspace.openTextDocument(uri);
    const parsed = parse(document.getText());
    if ("error" in parsed) {
      return this.showMistake(document, parsed);
    }
    this.mistakes.delete(uri);
    // Saved, so that closing it asks nothing and the arguments are there next time.
    await document.save();
    const { server, tool } = namesOf(uri);
    if (!this.sidecar.status?.server || server === this.serverName() || (await this.confirm(server))) {
      await this.run(server, tool, parsed.arguments as Raw);
    }
  }

  private async run(server: string, tool: string, args: Raw): Promise<void> {
    const request = { method: "tools/call", params: { name: tool, arguments: args } };
    const call = { request, server, at: new Date().toISOString() };
    const announced = this.panel.show(call).catch(() => undefined);
    try {
      const result = await withProgress(l10n.t("Calling {0}", tool), (token) =>
        this.sidecar.request("mcp/tools/call", { name: tool, arguments: args }, token),
      );
      await this.panel.show({ ...call, result });
    } catch (error) {
      // Without a sidecar nothing can be rendered, and none is started only for that.
      if (!this.sidecar.status) {
        this.panel.close();
        throw error;
      }
      const { message, code, data } = error as Required<RenderParams>["error"];
      const shown = failureOf(error) ? { message, ...(code && { code }), ...(data && { data }) } : undefined;
      await this.panel.show({ ...call, error: shown ?? { message: l10n.t("Cancelled.") } });
    } finally {
      await announced;
    }
  }

  private async list(): Promise<Tool[]> {
    const { tools } = await withProgress(l10n.t("Listing the tools"), (token) =>
      this.sidecar.request("mcp/tools/list", {}, token),
    );
    // Whatever a server under test sends: only what has a name can be called.
    return Array.isArray(tools) ? tools.filter((tool) => typeof tool?.name === "string") : [];
  }

  private async showMistake(document: TextDocument, mistake: { error: string; line: number; column: number }) {
    const at = new Position(mistake.line - 1, mistake.column - 1);
    this.mistakes.set(document.uri, [new Diagnostic(new Range(at, at), mistake.error)]);
    await window.showTextDocument(document, { selection: new Range(at, at) });
    await window.showErrorMessage(l10n.t("The arguments are not right in line {0}: {1}", mistake.line, mistake.error));
  }

  /** Arguments meant for one server must not reach another by accident. */
  private async confirm(server: string): Promise<boolean> {
    const call = l10n.t("Call");
    const message = l10n.t("These arguments were made for {0}, but {1} is connected.", server, this.serverName());
    return (await window.showWarningMessage(withoutLinks(message), { modal: true }, call)) === call;
  }

  private serverName(): string {
    const { server, target } = this.sidecar.status ?? {};
    return server?.name || target?.name || "server";
  }
}

async function choose(tools: Tool[]): Promise<Tool | undefined> {
  if (tools.length === 0) {
    await window.showInformationMessage(l10n.t("This server offers no tools."));
    return undefined;
  }
  const items = tools.map((tool): QuickPickItem & { tool: Tool } => ({
    label: withoutIcons(tool.name),
    description: textOf(tool.title),
    detail: textOf(tool.description).split("\n")[0] ?? "",
    tool,
  }));
  const options = { title: l10n.t("Call a Tool"), placeHolder: l10n.t("Name or description"), matchOnDetail: true };
  return (await window.showQuickPick(items, options))?.tool;
}

/** What a server sent where a text belongs. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value.replaceAll("$(", "$ (") : "";
}
