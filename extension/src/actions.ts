/** What the user can do, and when: the menu and the tooltip offer what the palette does, read from the manifest. */
import type { StateName } from "./sidecar.ts";

/** A command as package.json contributes it. */
export interface Action {
  command: string;
  /** Translated by VS Code. */
  title: string;
  /** As in `$(plug)`. */
  icon: string;
  enablement?: string;
}

/** The commands that are enabled now, without those that belong to a document's own editor or to the view, or
 * that need a language model.
 *
 * @param contributions `contributes.commands` of the manifest; their `enablement` names the states in which they make
 *   sense, as `mcpSidecar.state =~ /^(a|b)$/`, and whether they need a target
 */
export function actionsIn(contributions: readonly Action[], state: StateName, hasTarget: boolean): Action[] {
  return contributions.filter(({ enablement = "" }) => {
    if (/resource|view|hasModel/.test(enablement)) return false;
    if (enablement.includes("mcpSidecar.hasTarget") && !hasTarget) return false;
    return new RegExp(/mcpSidecar\.state =~ \/(.*?)\//.exec(enablement)?.[1] ?? "").test(state);
  });
}
