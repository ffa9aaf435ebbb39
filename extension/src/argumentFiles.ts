/** The documents in which arguments are edited: in memory, one per tool, so that they are still there for the next call. */
import {
  Disposable,
  EventEmitter,
  type FileChangeEvent,
  FileChangeType,
  FileSystemError,
  FileType,
  Uri,
  workspace,
} from "vscode";

export const ARGUMENTS_SCHEME = "mcp-sidecar-arguments";

/** A `FileSystemProvider` without directories and without a disk. */
export class ArgumentFiles {
  private readonly files = new Map<string, { data: Uint8Array; mtime: number; prefill?: string }>();
  private readonly changed = new EventEmitter<FileChangeEvent[]>();

  readonly onDidChangeFile = this.changed.event;

  /** The file of a tool's arguments.
   *
   * @param prefill what it holds as long as the user wrote nothing else into it
   */
  open(server: string, tool: string, prefill: string): Uri {
    const path = `/${encodeURIComponent(server)}/${encodeURIComponent(tool)}.jsonc`;
    const uri = Uri.from({ scheme: ARGUMENTS_SCHEME, path });
    const held = this.files.get(uri.path);
    const edited = workspace.textDocuments.some((each) => each.isDirty && each.uri.toString() === uri.toString());
    const untouched = !held || (held.prefill !== prefill && Buffer.from(held.data).toString() === held.prefill);
    if (untouched && !edited) {
      this.files.set(uri.path, { data: Buffer.from(prefill), mtime: Date.now(), prefill });
      this.changed.fire([{ type: FileChangeType.Changed, uri }]);
    }
    return uri;
  }

  stat(uri: Uri) {
    const { data, mtime } = this.find(uri);
    return { type: FileType.File, ctime: 0, mtime, size: data.byteLength };
  }

  readFile(uri: Uri): Uint8Array {
    return this.find(uri).data;
  }

  writeFile(uri: Uri, data: Uint8Array): void {
    this.files.set(uri.path, { ...this.find(uri), data, mtime: Date.now() });
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

  /** A window that was reloaded still shows documents of before, whose content is gone. */
  private find(uri: Uri) {
    return this.files.get(uri.path) ?? { data: Buffer.from("{}\n"), mtime: 0 };
  }
}

/** The server and the tool whose arguments a file holds. */
export function namesOf(uri: Uri): { server: string; tool: string } {
  const [, server = "", file = ""] = uri.path.split("/").map(decodeURIComponent);
  return { server, tool: file.replace(/\.jsonc$/, "") };
}
