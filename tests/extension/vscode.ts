/**
 * Stands in for the `vscode` module, which exists only inside of VS Code. Only what pure functions need is here; whatever
 * depends on more is tested in a real VS Code (tests/editors/vscode).
 */
import { registerHooks } from "node:module";

const SOURCE = `
export const ProgressLocation = { Notification: 15 };
export const window = {
  withProgress(_options, task) {
    const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose() {} }) };
    return task({ report() {} }, token);
  },
};
export class MarkdownString {}
export class ThemeColor {}
export class ThemeIcon {}
export const Uri = {};
export const QuickPickItemKind = {};
export const StatusBarAlignment = {};
export const env = {};
export const commands = {};
export const workspace = {};
export class LanguageModelTextPart {
  constructor(value) {
    this.value = value;
  }
}
export class LanguageModelToolCallPart {
  constructor(callId, name, input) {
    Object.assign(this, { callId, name, input });
  }
}
export class LanguageModelToolResultPart {
  constructor(callId, content) {
    Object.assign(this, { callId, content });
  }
}
export const LanguageModelChatToolMode = { Auto: 1, Required: 2 };
export class LanguageModelDataPart {
  static image(data, mimeType) {
    return { data, mimeType };
  }
}
export class LanguageModelChatMessage {
  static User = (content) => ({ role: "user", content });
  static Assistant = (content) => ({ role: "assistant", content });
}
export class EventEmitter {
  listeners = [];
  event = (listener) => {
    this.listeners.push(listener);
    return { dispose() {} };
  };
  fire(value) {
    for (const listener of this.listeners) listener(value);
  }
}
export class CancellationTokenSource {
  emitter = new EventEmitter();
  token = { isCancellationRequested: false, onCancellationRequested: this.emitter.event };
  cancel() {
    this.token.isCancellationRequested = true;
    this.emitter.fire();
  }
}
export const l10n = {
  t(message, ...args) {
    const values = typeof args[0] === "object" && args[0] !== null ? args[0] : args;
    return message.replace(/\\{(\\w+)\\}/g, (hole, name) => (name in values ? String(values[name]) : hole));
  },
};
`;

/** The language client, which is made of parts of the module: of it, too, only what pure functions need. */
const CLIENT = `
export const MessageType = { Error: 1, Warning: 2, Info: 3 };
export class LanguageClient {
  constructor(_id, _name, _launch, options) {
    this.options = options;
  }
}
`;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const source = { vscode: SOURCE, "vscode-languageclient/node": CLIENT }[specifier];
    return source === undefined
      ? nextResolve(specifier, context)
      : { url: `data:text/javascript,${encodeURIComponent(source)}`, shortCircuit: true };
  },
});
