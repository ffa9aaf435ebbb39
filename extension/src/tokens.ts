/** Bearer tokens of HTTP servers, in the SecretStorage only. */
import type { SecretStorage } from "vscode";

export class Tokens {
  private readonly secrets: SecretStorage;

  constructor(secrets: SecretStorage) {
    this.secrets = secrets;
  }

  async get(target: string): Promise<string | undefined> {
    const key = tokenKey(target);
    return key ? this.secrets.get(key) : undefined;
  }

  /** Keep a token for a server; an empty one forgets it. */
  async set(target: string, token: string): Promise<void> {
    const key = tokenKey(target);
    if (key) {
      await (token ? this.secrets.store(key, token) : this.secrets.delete(key));
    }
  }
}

/** A token belongs to a server: its origin and path, whatever the query. Undefined for what is no http(s) URL. */
export function tokenKey(target: string): string | undefined {
  const url = URL.parse(target.trim());
  return url && /^https?:$/.test(url.protocol) ? `token:${url.origin}${url.pathname}` : undefined;
}
