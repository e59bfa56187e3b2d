import { ExitCode } from '../errors.js';
import type { Matrix, MatrixCell, MatrixMode, ModelCell, PacketCell } from './types.js';

/** How a cell is shown: one sign that needs no colour, and its words. */
export interface Sign {
  /** A key for styles, and in counts. */
  readonly key: string;
  readonly sign: string;
  readonly words: string;
  /** `bad`: not open. `unsure`: nothing is proven. */
  readonly tone: 'good' | 'bad' | 'unsure' | 'none';
}

const sign = (key: string, letter: string, words: string, tone: Sign['tone']): Sign => ({
  key,
  sign: letter,
  words,
  tone,
});

const open = sign('open', '+', 'open', 'good');
const packetSigns: Readonly<Record<PacketCell['outcome'], Sign>> = {
  connected: open,
  answered: open,
  refused: sign('refused', 'R', 'refused', 'bad'),
  timeout: sign('timeout', 'T', 'timed out', 'bad'),
  hostUnreachable: sign('unreachable', 'U', 'unreachable', 'bad'),
  networkUnreachable: sign('unreachable', 'U', 'unreachable', 'bad'),
  notPermitted: sign('notPermitted', 'P', 'not permitted in the pod', 'bad'),
  reset: sign('reset', 'X', 'reset', 'bad'),
  unknownHost: sign('dns', 'D', 'name not found (DNS)', 'bad'),
  failed: sign('failed', 'F', 'failed', 'bad'),
  noAnswer: sign('noAnswer', '?', 'no answer (UDP: proves nothing)', 'unsure'),
  notTested: sign('notTested', '-', 'not tested', 'unsure'),
};

const modelSigns: Readonly<Record<ModelCell, Sign>> = {
  allow: sign('allow', '+', 'allowed', 'good'),
  deny: sign('deny', 'N', 'denied', 'bad'),
  mixed: sign('mixed', '%', 'allowed to some endpoints only', 'bad'),
  unknown: sign('unknown', '?', 'left open by Kubernetes, or not known', 'unsure'),
  noEndpoint: sign('noEndpoint', '0', 'no endpoint', 'bad'),
};

const second = sign('openAtSecond', '*', 'open at the second attempt only', 'good');
const itself = sign('self', '.', 'the pod itself', 'none');

/**
 * The sign of a cell: of what packets did where there were any, else of what policies decide. In a comparison a pair that is closed
 * as the policies want it has a small letter, and is nothing bad.
 */
export function signOf(cell: MatrixCell | undefined, mode: MatrixMode): Sign {
  if (cell?.packet === undefined) return cell?.model === undefined ? itself : modelSigns[cell.model];
  const found = packetSigns[cell.packet.outcome];
  if (found.tone === 'good') return cell.packet.tries === 2 ? second : found;
  const meant =
    mode === 'compare' && found.tone === 'bad' && (cell.model === 'deny' || cell.model === 'mixed');
  if (!meant) return found;
  return sign('meant', found.sign.toLowerCase(), `${found.words}, as the policies want`, 'none');
}

/** The order in which signs are told: what is well first, what is wrong next. */
export function byTone(a: Sign, b: Sign): number {
  const tones = ['good', 'bad', 'unsure', 'none'];
  return tones.indexOf(a.tone) - tones.indexOf(b.tone);
}

function modelWords(model: ModelCell): string {
  return modelSigns[model].words;
}

/** A pair in words: `open in 0.4 ms`, `timed out (twice); policies: denied`. */
export function cellWords(cell: MatrixCell | undefined): string {
  if (cell === undefined) return itself.words;
  const { packet, model, differs } = cell;
  const parts: string[] = [];
  if (packet !== undefined) {
    const { words } = packetSigns[packet.outcome];
    const opened = packet.outcome === 'connected' || packet.outcome === 'answered';
    const took = packet.ms !== undefined && opened ? ` in ${msText(packet.ms)}` : '';
    const again = packet.tries !== 2 ? '' : opened ? ', at the second attempt only' : ', twice';
    const errno = packet.errno === undefined ? '' : ` (${packet.errno})`;
    const why = packet.outcome === 'notTested' || packet.outcome === 'failed' ? packet.text : undefined;
    parts.push(`${words}${errno}${took}${again}${why === undefined ? '' : `: ${why}`}`);
  }
  if (model !== undefined)
    parts.push(packet === undefined ? modelWords(model) : `policies: ${modelWords(model)}`);
  if (differs !== undefined) parts.push(differenceWords[differs]);
  return parts.join('; ');
}

/** Milliseconds, as fine as is worth reading. */
function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}

/** Wording of the findings. */
export const differenceWords = {
  ND215: 'the policies deny, the packet passes (ND215)',
  ND090: 'the policies allow, the packet is lost (ND090)',
} as const;

/** What to make of a finding. */
export const differenceHints = {
  ND215: 'the network plugin does not enforce the policies: for it a policy is a document, not a control',
  ND090:
    'look below the policies: routes, overlay, MTU, firewalls of the nodes, kube-proxy, or policies of the plugin’s own kinds',
} as const;

/** How many pairs there are of each sign, and of each finding. */
export interface MatrixCounts {
  readonly pairs: number;
  /** By the key of the sign, the most frequent first. */
  readonly signs: readonly { readonly sign: Sign; readonly pairs: number }[];
  readonly ND215: number;
  readonly ND090: number;
}

/** Counts all pairs of different ends. */
export function countMatrix({ rows, mode }: Matrix): MatrixCounts {
  const found = new Map<string, { readonly sign: Sign; pairs: number }>();
  const codes = { ND215: 0, ND090: 0 };
  let pairs = 0;
  for (const cell of rows.flat()) {
    if (cell === undefined) continue;
    pairs++;
    const one = signOf(cell, mode);
    const known = found.get(one.words) ?? { sign: one, pairs: 0 };
    known.pairs++;
    found.set(one.words, known);
    if (cell.differs !== undefined) codes[cell.differs]++;
  }
  return { pairs, signs: [...found.values()].sort((a, b) => b.pairs - a.pairs), ...codes };
}

/** Whether a cell is something wrong. */
export function isBad(cell: MatrixCell | undefined, mode: MatrixMode): boolean {
  if (cell === undefined) return false;
  return cell.differs !== undefined || signOf(cell, mode).tone === 'bad';
}

/** 8 a source failed, 1 something is wrong, 3 something is not known, else 0. */
export function exitCodeOfMatrix({ mode, rows, failed }: Matrix): ExitCode {
  if (failed.length > 0) return ExitCode.incomplete;
  const cells = rows.flat();
  if (cells.some((cell) => isBad(cell, mode))) return ExitCode.found;
  const unsure = cells.some((cell) => signOf(cell, mode).tone === 'unsure');
  return unsure ? ExitCode.undetermined : ExitCode.ok;
}
