/** What a pulled file was like where it came from. */
export interface FileFacts {
  /** Permission bits, set-user-id and the like taken out; undefined where the container cannot tell. */
  readonly mode: number | undefined;
  /** Seconds since 1970. */
  readonly mtimeSeconds: number | undefined;
}

/** Where the bytes of one pulled file go. Whoever made it gives it its name when the transfer has succeeded. */
export interface FileTarget {
  /** What an earlier transfer that broke off left here; nothing where there was none. */
  left(): AsyncIterable<Uint8Array>;
  /** Appends. Not called again before it has resolved: this is the backpressure. */
  write(chunk: Uint8Array): Promise<void>;
  /** Forgets everything written; resolves false where it cannot be taken back (stdout). */
  restart(): Promise<boolean>;
}

/** Where the entries of a pulled folder go; every name was checked, and is relative, with slashes, without `.` and `..`. */
export interface TreeTarget {
  /** A folder; `''` is the top. Its parents were there before. */
  folder(name: string, facts: FileFacts): Promise<void>;
  file(name: string, bytes: number, facts: FileFacts): Promise<FileWriter>;
  /** A second name of a file that was written before. */
  hardLink(name: string, of: string): Promise<void>;
  /** `to` as the link holds it; it stays inside the tree. Called after everything else. */
  symbolicLink(name: string, to: string): Promise<void>;
}

/** One file of a tree. */
export interface FileWriter {
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Most that a transfer may bring; more is refused before it is written. */
export interface TransferLimits {
  readonly bytes: number;
  readonly entries: number;
}

/** What names the local side cannot take. */
export interface LocalNames {
  /** `A` and `a` are one file here. */
  readonly foldsCase: boolean;
  /** Names that Windows gives another meaning are refused. */
  readonly windows: boolean;
}

/** Something that was not transferred, and why. Control characters are not taken out of the name yet. */
export interface Skipped {
  readonly name: string;
  readonly why: string;
}

/** What was compared by sha256 after the transfer. */
export type Checked =
  | { readonly kind: 'same'; readonly files: number }
  /** These differ: they changed while they were read, or were damaged on their way. */
  | { readonly kind: 'different'; readonly files: number; readonly names: readonly string[] }
  | { readonly kind: 'not-compared'; readonly why: string };
