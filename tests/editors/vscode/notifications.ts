/// <reference lib="dom" />
/** Messages of extensions: toasts, the notification centre, and modal dialogs. */

import type { Locator } from "playwright-core";
import { type Screen, texts } from "./screen.ts";

export interface Notification {
  readonly message: string;
  readonly severity: "error" | "warning" | "info";
  readonly buttons: readonly string[];
  readonly source: string;
  readonly progress: boolean;
}

export interface Dialog {
  readonly message: string;
  readonly detail: string;
  readonly buttons: readonly string[];
}

const ITEM = ".notification-list-item";

export class Notifications {
  readonly #screen: Screen;
  readonly #toasts: Locator;
  readonly #dialog: Locator;

  constructor(screen: Screen) {
    this.#screen = screen;
    this.#toasts = screen.page
      .locator(".notifications-toasts, .notifications-center")
      .locator(ITEM)
      .filter({ visible: true });
    this.#dialog = screen.page.locator(".monaco-dialog-box");
  }

  /** Those shown now, as toasts or in the opened centre. A toast without buttons goes away by itself. */
  list(): Promise<Notification[]> {
    return this.#screen.page.evaluate(() => {
      const shown = [
        ...document.querySelectorAll(
          ".notifications-toasts.visible .notification-list-item, .notifications-center.visible .notification-list-item",
        ),
      ];
      const text = (within: Element, selector: string) =>
        (within.querySelector(selector)?.textContent ?? "").replace(/\s+/g, " ").trim();
      const severities = ["error", "warning", "info"] as const;
      return shown.map((item) => ({
        message: text(item, ".notification-list-item-message"),
        severity:
          severities.find((name) => item.querySelector(`.notification-list-item-icon.codicon-${name}`)) ??
          ("info" as const),
        buttons: [...item.querySelectorAll(".notification-list-item-buttons-container .monaco-button")].map(
          (button) => button.textContent ?? "",
        ),
        source: text(item, ".notification-list-item-source").replace(/^Source: /, ""),
        progress: item.parentElement?.querySelector(".monaco-progress-container:not(.done)") != null,
      }));
    });
  }

  /** The notification once one whose message matches is shown. */
  async waitFor(message: RegExp, limitMs?: number): Promise<Notification> {
    const found = (list: Notification[]) => list.find((notification) => message.test(notification.message));
    const list = await this.#screen.until(
      `a notification ${message}`,
      () => this.list(),
      (seen) => found(seen) !== undefined,
      limitMs,
    );
    return found(list) as Notification;
  }

  /** Clicks a button, of the notification whose message matches where several are shown. */
  async click(button: string, message = /(?:)/): Promise<void> {
    await this.waitFor(message);
    const item = this.#toasts.filter({ hasText: message });
    await item.getByRole("button", { name: button, exact: true }).click();
    // Or the tooltip of what comes in its place would cover other things.
    await this.#screen.restMouse();
  }

  /** Opens the centre, which has all of them, also those that went away by themselves. */
  async openCentre(): Promise<void> {
    const centre = this.#screen.page.locator(".notifications-center.visible");
    if (await centre.isVisible()) return;
    await this.#screen.page.locator(".statusbar-item[id='status.notifications'] a").first().click();
    await centre.waitFor();
  }

  /** Removes all notifications. */
  async dismiss(): Promise<void> {
    await this.openCentre();
    const centre = this.#screen.page.locator(".notifications-center.visible");
    const clear = centre.locator(".notifications-center-header .codicon-notifications-clear-all");
    // Without notifications the centre can only be hidden.
    if ((await this.list()).length > 0) await clear.click();
    else await centre.locator(".notifications-center-header .codicon-notifications-hide").click();
    await centre.waitFor({ state: "hidden" });
  }

  /** The modal dialog that is open. */
  async dialog(): Promise<Dialog | undefined> {
    if (!(await this.#dialog.isVisible())) return undefined;
    return {
      message: (await texts(this.#dialog.locator(".dialog-message-text"))).join(" "),
      detail: (await texts(this.#dialog.locator(".dialog-message-detail"))).join(" "),
      buttons: await texts(this.#dialog.locator(".dialog-buttons .monaco-button")),
    };
  }

  async waitForDialog(message = /(?:)/): Promise<Dialog> {
    const dialog = await this.#screen.until(
      `a dialog ${message}`,
      () => this.dialog(),
      (seen) => seen !== undefined && message.test(seen.message),
    );
    return dialog as Dialog;
  }

  async clickDialog(button: string): Promise<void> {
    // This one: the next may come at once.
    const dialog = await this.#dialog.elementHandle();
    await this.#dialog.getByRole("button", { name: button, exact: true }).click();
    await dialog?.waitForElementState("hidden");
  }
}
