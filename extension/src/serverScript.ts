/** Tells the script of an MCP server from other files, so that *Connect…* can offer it. */

const NODE = /["'](@modelcontextprotocol\/|fastmcp["'])/;

const MARKS: Record<string, RegExp> = {
  python: /^\s*(from|import)\s+(fastmcp|mcp)\b/m,
  javascript: NODE,
  typescript: NODE,
};

/** Whether a text of one of VS Code's languages uses an MCP library. */
export function looksLikeServer(languageId: string, text: string): boolean {
  return MARKS[languageId]?.test(text) ?? false;
}
