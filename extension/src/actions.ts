/** What the user can do, and when: the palette, the menu and the tooltip of the status bar all follow from this table. */
import { l10n } from "vscode";
import type { StateName } from "./state.ts";

export interface Action {
  command: string;
  icon: string;
  title: () => string;
  /** Where it makes sense; `enablement` in package.json says the same, held together by a test. */
  states: readonly StateName[] | "always";
  /** Whether it also needs a target that was tried before. */
  needsTarget?: true;
}

export const ACTIONS: readonly Action[] = [
  {
    command: "workbench.trust.manage",
    icon: "shield",
    title: () => l10n.t("Manage Workspace Trust"),
    states: ["untrusted"],
  },
  {
    command: "mcpSidecar.callTool",
    icon: "play",
    title: () => l10n.t("Call Tool…"),
    states: ["connected"],
  },
  {
    command: "mcpSidecar.reconnect",
    icon: "debug-restart",
    title: () => l10n.t("Reconnect"),
    states: ["disconnected", "connected", "reconnecting", "failed", "crashed"],
    needsTarget: true,
  },
  {
    command: "mcpSidecar.connect",
    icon: "plug",
    title: () => l10n.t("Connect…"),
    states: "always",
  },
  {
    command: "mcpSidecar.disconnect",
    icon: "debug-disconnect",
    title: () => l10n.t("Disconnect"),
    states: ["connecting", "connected", "reconnecting", "failed"],
  },
  {
    command: "mcpSidecar.showServerOutput",
    icon: "output",
    title: () => l10n.t("Show Server Output"),
    states: "always",
  },
  {
    command: "mcpSidecar.showStatus",
    icon: "info",
    title: () => l10n.t("Show Status"),
    states: "always",
  },
  {
    command: "mcpSidecar.showLog",
    icon: "list-flat",
    title: () => l10n.t("Show Log"),
    states: "always",
  },
  {
    command: "mcpSidecar.restart",
    icon: "refresh",
    title: () => l10n.t("Restart Sidecar"),
    states: ["disconnected", "connecting", "connected", "reconnecting", "failed", "crashed", "unavailable"],
  },
];

/** The actions that make sense now. */
export function actionsIn(state: StateName, hasTarget: boolean): Action[] {
  return ACTIONS.filter(
    (action) => (action.states === "always" || action.states.includes(state)) && (hasTarget || !action.needsTarget),
  );
}

/** The `enablement` that an action's command has in package.json; undefined where it is always enabled. */
export function enablement(action: Action): string | undefined {
  if (action.states === "always") {
    return undefined;
  }
  const states = `mcpSidecar.state =~ /^(${action.states.join("|")})$/`;
  return action.needsTarget ? `${states} && mcpSidecar.hasTarget` : states;
}
