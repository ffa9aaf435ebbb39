/** HTML in which only the page's own markup is markup: whatever is put into the template is escaped. */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Piece = Html | readonly Piece[] | string | number | false | undefined;

/** A template tag; lists are joined, `false` and `undefined` leave nothing. Attributes go into double quotes. */
export function html(markup: TemplateStringsArray, ...pieces: Piece[]): Html {
  return new Html(markup.map((part, i) => part + write(i < pieces.length ? pieces[i] : undefined)).join(""));
}

function write(piece: Piece): string {
  if (piece instanceof Html) {
    return piece.text;
  }
  if (typeof piece === "object") {
    return piece.map(write).join("");
  }
  return piece === undefined || piece === false
    ? ""
    : String(piece).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
