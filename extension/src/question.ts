/** What the sidecar itself asks: whether something may run, and what a configuration file wants to know. */
import { type CancellationToken, l10n, type MessageItem, window } from "vscode";
import { MessageType, type ShowMessageRequestParams } from "vscode-languageclient/node";
import { withoutIcons, withoutLinks } from "./plainText.ts";
import type { Entered, InputQuestion } from "./protocol.ts";
import { withdrawable } from "./serverQuestions.ts";

/** Answer `window/showMessageRequest`. A warning, such as the question of consent, is a dialog whose first choice, which
 * harms nobody, is the default; null is no answer.
 */
export async function choose(
  { type, message, actions = [] }: ShowMessageRequestParams,
  token: CancellationToken,
): Promise<MessageItem | null> {
  const [question = "", ...detail] = message.split("\n\n").map(withoutLinks);
  const shown =
    type === MessageType.Warning
      ? window.showWarningMessage(question, { modal: true, detail: detail.join("\n\n") }, ...actions)
      : window.showInformationMessage(withoutLinks(message), ...actions);
  return (await withdrawable<MessageItem | undefined>(shown, token, "MCP Sidecar")) ?? null;
}

/** Answer `mcp/input`. */
export async function enter(question: InputQuestion, token: CancellationToken): Promise<Entered | null> {
  const { server, id, password, options, default: known = "" } = question;
  const title = l10n.t("{0} needs {1}", withoutIcons(server), withoutIcons(id));
  const description = withoutLinks(question.description);
  const entered = options
    ? (
        await window.showQuickPick(
          options.map((each) => ({ ...each, label: withoutIcons(each.label) })),
          { title, placeHolder: description, ignoreFocusOut: true },
          token,
        )
      )?.value
    : await window.showInputBox(
        // Nobody sees what a password box begins with.
        { title, prompt: description, value: password ? "" : known, password, ignoreFocusOut: true },
        token,
      );
  return entered === undefined ? null : { value: entered };
}
