/** The documents in which arguments are edited: in memory, one per tool, so that they are still there for the next call. */
import {
  Disposable,
  EventEmitter,
  type FileChangeEvent,
  FileChangeType,
  FileSystemError,
  type FileSystemProvider,
  FileType,
  Uri,
} from "vscode";

export const ARGUMENTS_SCHEME = "mcp-sidecar-arguments";

/** A file system without directories and without a disk. */
export class ArgumentFiles implements FileSystemProvider {
  private readonly files = new Map<string, { data: Uint8Array; ctime: number; mtime: number }>();
  /** What each file was prefilled with: as long as it still holds that, it follows the tool's schema. */
  private readonly prefills = new Map<string, string>();
  private readonly changed = new EventEmitter<FileChangeEvent[]>();

  readonly onDidChangeFile = this.changed.event;

  /** The file of a tool's arguments.
   *
   * @param prefill what it holds as long as the user wrote nothing else into it
   */
  open(server: string, tool: string, prefill: string): Uri {
    const uri = Uri.from({
      scheme: ARGUMENTS_SCHEME,
      path: `/${encodeURIComponent(server)}/${encodeURIComponent(tool)}.jsonc`,
    });
    const held = this.files.get(uri.path)?.data;
    if (!held || Buffer.from(held).toString() === this.prefills.get(uri.path)) {
      this.writeFile(uri, Buffer.from(prefill));
      this.prefills.set(uri.path, prefill);
      this.changed.fire([{ type: FileChangeType.Changed, uri }]);
    }
    return uri;
  }

  stat(uri: Uri) {
    const { data, ctime, mtime } = this.find(uri);
    return { type: FileType.File, ctime, mtime, size: data.byteLength };
  }

  readFile(uri: Uri): Uint8Array {
    return this.find(uri).data;
  }

  writeFile(uri: Uri, data: Uint8Array): void {
    const mtime = Date.now();
    this.files.set(uri.path, { data, ctime: this.files.get(uri.path)?.ctime ?? mtime, mtime });
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

  delete(uri: Uri): void {
    throw FileSystemError.NoPermissions(uri);
  }

  rename(uri: Uri): void {
    throw FileSystemError.NoPermissions(uri);
  }

  private find(uri: Uri) {
    const file = this.files.get(uri.path);
    if (!file) {
      throw FileSystemError.FileNotFound(uri);
    }
    return file;
  }
}

/** The tool whose arguments a file holds. */
export function toolOf(uri: Uri): string {
  return decodeURIComponent(
    uri.path
      .split("/")
      .at(-1)
      ?.replace(/\.jsonc$/, "") ?? "",
  );
}
