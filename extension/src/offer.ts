/** Tells the user something, with what can be done about it. */
import { commands } from "vscode";
import { withoutLinks } from "./plainText.ts";
import { SECTION } from "./settings.ts";

type Show = (message: string, ...titles: string[]) => Thenable<string | undefined>;

/** The steps by their titles: a command of ours, or what is done. */
export type Steps = Record<string, string | (() => unknown)>;

/**
 * @param show one of VS Code's functions for messages, such as `window.showErrorMessage`
 * @param message may have foreign text in it, which is made no link
 */
export async function offer(show: Show, message: string, steps: Steps): Promise<void> {
  const step = steps[(await show(withoutLinks(message), ...Object.keys(steps))) ?? ""];
  await (typeof step === "string" ? commands.executeCommand(`${SECTION}.${step}`) : step?.());
}
