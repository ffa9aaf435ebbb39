/** Foreign text where VS Code gives some characters a meaning: what a server says must not become a link or an icon. */

/** For labels, in which `$(name)` is an icon: one line. */
export function withoutIcons(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("$(", "$ (").trim();
}

/** For notifications, in which `[text](command:…)` is a link that runs any command. */
export function withoutLinks(text: string): string {
  return text.replaceAll("](", "] (");
}

/** For markdown: one line; `appendText` would keep long lines from being wrapped. */
export function withoutMarkup(text: string): string {
  return withoutIcons(text).replace(/[\\`*_{}[\]()#+\-.!~<>|&:]/g, "\\$&");
}
