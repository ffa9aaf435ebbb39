/** A form that is filled in at the top of the window, one field after another. */
import {
  type CancellationToken,
  type InputBox,
  l10n,
  type QuickInputButton,
  QuickInputButtons,
  type QuickPick,
  type QuickPickItem,
  ThemeIcon,
  window,
} from "vscode";
import { failureOf } from "./failure.ts";
import { withoutIcons, withoutLinks } from "./plainText.ts";
import type { Checked, FieldChoice, FormField, Raw } from "./protocol.ts";
import type { Sidecar } from "./sidecar.ts";

export interface Form {
  /** Who asks. */
  title: string;
  /** In their words. */
  message: string;
  fields: readonly FormField[];
}

/** MCP's `ElicitResult`. */
export type Filled = { action: "accept"; content: Raw } | { action: "decline" | "cancel" };

/** What came of one field: its value, undefined where it is left out, or how the form goes on. */
type Step = { value: unknown } | "back" | "decline" | "cancel";

interface Place {
  sidecar: Sidecar;
  form: Form;
  field: FormField;
  /** From 1. */
  step: number;
  known: unknown;
  token: CancellationToken;
}

interface ChoiceItem extends QuickPickItem {
  /** None for what leaves the field out. */
  choice?: FieldChoice;
}

/** Ask field by field. Escape cancels, and so does the token. */
export async function fillIn(sidecar: Sidecar, form: Form, token: CancellationToken): Promise<Filled> {
  const known = new Map<string, unknown>();
  let at = 0;
  for (let field = form.fields[0]; field; field = form.fields[at]) {
    const before = known.has(field.name) ? known.get(field.name) : field.schema.default;
    const place: Place = { sidecar, form, field, step: at + 1, known: before, token };
    const step = await (field.kind === "text" ? enter(place) : choose(place));
    if (step === "decline" || step === "cancel") return { action: step };
    if (step === "back") {
      at -= 1;
    } else {
      known.set(field.name, step.value);
      at += 1;
    }
  }
  const content = Object.fromEntries([...known].filter(([, value]) => value !== undefined));
  return { action: "accept", content };
}

function enter(place: Place): Promise<Step> {
  const { field, known } = place;
  const input = window.createInputBox();
  input.value = typeof known === "string" || typeof known === "number" ? String(known) : "";
  input.prompt = plain(about(place));
  input.placeholder = field.required ? "" : l10n.t("optional; empty leaves it out");
  const read = async () => {
    const text = input.value;
    const { value, problem } = await check(place, { text });
    // What was typed meanwhile is checked by itself.
    if (text === input.value) input.validationMessage = problem && plain(problem);
    return problem === undefined ? { value } : undefined;
  };
  // Nothing is wrong yet with what nobody has typed.
  input.onDidChangeValue(read);
  return ask(place, input, read);
}

function choose(place: Place): Promise<Step> {
  const { field, known } = place;
  const picker = window.createQuickPick<ChoiceItem>();
  const items = field.choices.map((choice): ChoiceItem => ({ label: withoutIcons(choice.title), choice }));
  const isMany = field.kind === "choices";
  const leaveOut: ChoiceItem = { label: `$(circle-slash) ${l10n.t("Leave it out")}` };
  const preferred = items.filter(({ choice }) => (Array.isArray(known) ? known : [known]).includes(choice?.value));
  picker.placeholder = withoutIcons(about(place));
  picker.canSelectMany = isMany;
  picker.items = isMany || field.required ? items : [...items, leaveOut];
  if (isMany) picker.selectedItems = preferred;
  else picker.activeItems = preferred;
  return ask(place, picker, async () => {
    if (!isMany) return picker.selectedItems[0] && { value: picker.selectedItems[0].choice?.value };
    const values = picker.selectedItems.map(({ choice }) => String(choice?.value));
    const { value, problem } = await check(place, { values });
    if (problem) picker.title = `${titleOf(place)}: ${problem}`;
    return problem === undefined ? { value } : undefined;
  });
}

/** What comes of an answer. Once the sidecar has ended nothing does: the question is withdrawn then, and nothing is said. */
function check({ sidecar, field }: Place, answer: { text: string } | { values: string[] }): Promise<Checked> {
  const { schema, required } = field;
  return sidecar
    .request("mcp/check", { schema, required, ...answer })
    .catch((error) => ({ problem: failureOf(error)?.message ?? "" }));
}

/** Show an input until it is accepted with a value, or put away. */
function ask(
  place: Place,
  input: InputBox | QuickPick<ChoiceItem>,
  read: () => Promise<Step | undefined>,
): Promise<Step> {
  const { form, step, token } = place;
  const decline: QuickInputButton = { iconPath: new ThemeIcon("circle-slash"), tooltip: l10n.t("Decline") };
  const whole: QuickInputButton = { iconPath: new ThemeIcon("info"), tooltip: l10n.t("Show the Whole Question") };
  input.title = titleOf(place);
  input.step = step;
  input.totalSteps = form.fields.length;
  input.ignoreFocusOut = true;
  input.buttons = [...(step > 1 ? [QuickInputButtons.Back] : []), whole, decline];
  return new Promise((resolve) => {
    const end = (outcome: Step) => {
      resolve(outcome);
      input.hide();
    };
    const withdrawal = token.onCancellationRequested(() => end("cancel"));
    input.onDidAccept(async () => {
      const outcome = await read();
      if (outcome) end(outcome);
    });
    input.onDidTriggerButton((button) => {
      if (button === QuickInputButtons.Back) end("back");
      else if (button === decline) end("decline");
      else void window.showInformationMessage(form.title, { modal: true, detail: about(place) });
    });
    input.onDidHide(() => {
      withdrawal.dispose();
      input.dispose();
      resolve("cancel");
    });
    if (token.isCancellationRequested) end("cancel");
    else input.show();
  });
}

function titleOf({ form, field }: Place): string {
  return withoutIcons(`${form.title}: ${field.title}`);
}

function about({ form, field }: Place): string {
  return [form.message, field.description].filter(Boolean).join("\n");
}

/** For prompts and validations, which take links and icons. */
function plain(text: string): string {
  return withoutLinks(withoutIcons(text));
}
