/** Documents in memory: what the user edits is still there for the next time, what is shown follows what it shows. */
import {
  Disposable,
  EventEmitter,
  type FileChangeEvent,
  FileChangeType,
  FileSystemError,
  type FileSystemProvider,
  FileType,
  Uri,
  window,
  workspace,
} from "vscode";

/** Of documents of arguments, which the sidecar serves (docs/protocol.md). */
export const ARGUMENTS_SCHEME = "mcp-sidecar-arguments";

/** Of documents that can only be read. */
const TEXTS_SCHEME = "mcp-sidecar";

/** A `FileSystemProvider` without directories and without a disk. */
export class Documents implements FileSystemProvider {
  private readonly files = new Map<string, { data: Uint8Array; mtime: number }>();
  private readonly prefills = new Map<string, string>();
  private readonly changed = new EventEmitter<FileChangeEvent[]>();
  private writes = Date.now();

  readonly onDidChangeFile = this.changed.event;

  register(): Disposable {
    return Disposable.from(
      workspace.registerFileSystemProvider(ARGUMENTS_SCHEME, this, { isCaseSensitive: true }),
      workspace.registerFileSystemProvider(TEXTS_SCHEME, this, { isCaseSensitive: true, isReadonly: true }),
    );
  }

  /** Give a document of arguments a text, as long as the user wrote nothing else into it. */
  prefill(uri: Uri, text: string): void {
    const key = uri.toString();
    const isEdited = workspace.textDocuments.some((each) => each.isDirty && each.uri.toString() === key);
    const data = this.files.get(key)?.data;
    if (!isEdited && data?.toString() === this.prefills.get(key)) {
      this.prefills.set(key, text);
      this.write(uri, text);
    }
  }

  /** Give a document that can only be read a new text; where it is open, it shows it at once. */
  set(name: string, text: string): Uri {
    const uri = Uri.from({ scheme: TEXTS_SCHEME, path: `/${name}` });
    this.write(uri, text);
    return uri;
  }

  async show(name: string, text: string): Promise<void> {
    await window.showTextDocument(this.set(name, text), { preview: true });
  }

  stat(uri: Uri) {
    const { data, mtime } = this.find(uri);
    return { type: FileType.File, ctime: 0, mtime, size: data.byteLength };
  }

  readFile(uri: Uri): Uint8Array {
    return this.find(uri).data;
  }

  writeFile(uri: Uri, data: Uint8Array): void {
    // Not the time: VS Code takes two contents of one length and one time for the same.
    this.writes += 1;
    this.files.set(uri.toString(), { data: Buffer.from(data), mtime: this.writes });
  }

  watch(): Disposable {
    return new Disposable(() => undefined);
  }

  readDirectory(): [] {
    return [];
  }

  createDirectory(uri: Uri): void {
    throw FileSystemError.NoPermissions(uri);
  }

  readonly delete = this.createDirectory;
  readonly rename = this.createDirectory;

  private write(uri: Uri, text: string): void {
    this.writeFile(uri, Buffer.from(text));
    this.changed.fire([{ type: FileChangeType.Changed, uri }]);
  }

  /** A window that was reloaded still shows documents of before, whose content is gone. */
  private find(uri: Uri) {
    return this.files.get(uri.toString()) ?? { data: Buffer.from("{}\n"), mtime: 0 };
  }
}
