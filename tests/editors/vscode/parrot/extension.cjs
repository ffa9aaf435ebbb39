/**
 * A language model for tests: it says again what it was told, with the options that came with it. Where it has a tool and no
 * result of it, it uses it.
 */
const vscode = require("vscode");

const MODEL = {
  id: "parrot-1",
  name: "Parrot One",
  family: "parrot",
  version: "1",
  maxInputTokens: 1000,
  maxOutputTokens: 1000,
  capabilities: { toolCalling: true },
  isUserSelectable: true,
};

function saidIn({ value, content, name }) {
  return value ?? content?.map(saidIn).join("") ?? `${name}!`;
}

exports.activate = ({ subscriptions }) => {
  const provider = {
    provideLanguageModelChatInformation: () => [MODEL],
    provideTokenCount: (_, text) => String(text).length,
    async provideLanguageModelChatResponse(_, messages, { modelOptions, tools = [], toolMode }, progress) {
      const parts = messages.flatMap(({ content }) => content);
      const isAnswered = parts.some((part) => part instanceof vscode.LanguageModelToolResultPart);
      if (tools.length > 0 && !isAnswered) {
        const [{ name }] = tools;
        progress.report(new vscode.LanguageModelToolCallPart("call 1", name, { mode: toolMode }));
        return;
      }
      const said = messages.map(({ content }) => content.map(saidIn).join(""));
      for (const piece of ["parrot: ", said.join(" / "), ` (${modelOptions?.max_tokens})`]) {
        progress.report(new vscode.LanguageModelTextPart(piece));
      }
    },
  };
  subscriptions.push(vscode.lm.registerLanguageModelChatProvider("parrot", provider));
};
