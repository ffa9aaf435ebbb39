/** Documents in memory: what the user edits is still there for the next time, what is shown follows what it shows. */
import * as vscode from "vscode";

/** Of documents of arguments, which the sidecar serves (docs/protocol.md). */
export const ARGUMENTS_SCHEME = "mcp-sidecar-arguments";

/** Of documents that can only be read. */
const TEXTS_SCHEME = "mcp-sidecar";

/** A `FileSystemProvider` without directories and without a disk. */
export class Documents implements vscode.FileSystemProvider {
  private readonly files = new Map<string, { data: Uint8Array; mtime: number }>();
  private readonly prefills = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  private writes = Date.now();

  readonly onDidChangeFile = this.changed.event;

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.workspace.registerFileSystemProvider(ARGUMENTS_SCHEME, this, { isCaseSensitive: true }),
      vscode.workspace.registerFileSystemProvider(TEXTS_SCHEME, this, { isCaseSensitive: true, isReadonly: true }),
    );
  }

  /** Give a document of arguments a text, as long as the user wrote nothing else into it. */
  prefill(uri: vscode.Uri, text: string): void {
    const key = uri.toString();
    const isEdited = vscode.workspace.textDocuments.some((each) => each.isDirty && each.uri.toString() === key);
    if (!isEdited && this.files.get(key)?.data.toString() === this.prefills.get(key)) {
      this.prefills.set(key, text);
      this.write(uri, text);
    }
  }

  /** Give a document that can only be read a new text; where it is open, it shows it at once. */
  set(name: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: TEXTS_SCHEME, path: `/${name}` });
    this.write(uri, text);
    return uri;
  }

  readonly stat = (uri: vscode.Uri): vscode.FileStat => {
    const { data, mtime } = this.find(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime, size: data.byteLength };
  };

  readonly readFile = (uri: vscode.Uri) => this.find(uri).data;

  readonly writeFile = (uri: vscode.Uri, data: Uint8Array) => {
    // Not the time: VS Code takes two contents of one length and one time for the same.
    this.writes += 1;
    this.files.set(uri.toString(), { data: Buffer.from(data), mtime: this.writes });
  };

  readonly watch = () => new vscode.Disposable(() => undefined);
  readonly readDirectory = () => [];
  readonly createDirectory = refuse;
  readonly delete = refuse;
  readonly rename = refuse;

  private write(uri: vscode.Uri, text: string): void {
    this.writeFile(uri, Buffer.from(text));
    this.changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  /** A window that was reloaded still shows documents of before, whose content is gone. */
  private find(uri: vscode.Uri) {
    return this.files.get(uri.toString()) ?? { data: Buffer.from("{}\n"), mtime: 0 };
  }
}

function refuse(uri: vscode.Uri): never {
  throw vscode.FileSystemError.NoPermissions(uri);
}
