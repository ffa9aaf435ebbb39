/** A language model for tests: it says again what it was told, with the options that came with it. */
const vscode = require("vscode");

const MODEL = {
  id: "parrot-1",
  name: "Parrot One",
  family: "parrot",
  version: "1",
  maxInputTokens: 1000,
  maxOutputTokens: 1000,
  capabilities: {},
  isUserSelectable: true,
};

exports.activate = ({ subscriptions }) => {
  const provider = {
    provideLanguageModelChatInformation: () => [MODEL],
    provideTokenCount: (_, text) => String(text).length,
    async provideLanguageModelChatResponse(_, messages, { modelOptions }, progress) {
      const said = messages.map(({ content }) => content.map(({ value }) => value).join(""));
      for (const piece of ["parrot: ", said.join(" / "), ` (${modelOptions?.max_tokens})`]) {
        progress.report(new vscode.LanguageModelTextPart(piece));
      }
    },
  };
  subscriptions.push(vscode.lm.registerLanguageModelChatProvider("parrot", provider));
};
