import type { Checked, Skipped } from '../../src/transfer/types.js';
import { formatDuration } from '../options/duration.js';
import { formatSize } from '../options/size.js';

/** What came of a transfer. */
export interface Pulled {
  readonly type: 'file' | 'folder';
  /** The name it has here; `stdout`. */
  readonly local: string;
  readonly files: number;
  readonly bytes: number;
  /** Of a file. */
  readonly sha256?: string | undefined;
  readonly checked: Checked;
  readonly skipped: readonly Skipped[];
  readonly unread: readonly string[];
}

/** What a transfer brought, as lines for stderr. */
export function pullText(
  pulled: Pulled & { readonly remote: string; readonly container: string; readonly durationMs: number },
): string[] {
  const { type, files, bytes, local, checked, durationMs } = pulled;
  const what =
    type === 'file' ? pulled.remote : `${files} ${files === 1 ? 'file' : 'files'} of ${pulled.remote}`;
  const lines = [`${what}, ${formatSize(bytes)}, to ${local} in ${formatDuration(durationMs)}`];
  switch (checked.kind) {
    case 'same':
      lines.push(
        type === 'file'
          ? `sha256 ${pulled.sha256 ?? ''}, the same in ${pulled.container}`
          : `sha256 of ${checked.files} files compared, the same in ${pulled.container}`,
      );
      break;
    case 'not-compared':
      lines.push(`sha256 not compared: ${checked.why}`);
      break;
    case 'different':
      lines.push(`sha256 of ${checked.files} files the same, of ${checked.names.length} not`);
      break;
  }
  return lines;
}

/** The live line. */
export function pullLiveText(bytes: number, total: number | undefined, elapsedMs: number): string {
  const rate = elapsedMs < 500 ? '' : `, ${formatSize((bytes / elapsedMs) * 1000)}/s`;
  const of = total === undefined ? '' : ` of ${formatSize(total)}`;
  const share =
    total === undefined || total === 0 ? '' : ` (${Math.min(100, Math.floor((bytes / total) * 100))} %)`;
  return `${formatSize(bytes)}${of}${share}${rate}`;
}
