import type { Matrix, MatrixCell, MatrixMode } from '../../src/matrix/types.js';

/** What a cell of a made matrix is, by the places of its ends; undefined: the pod itself. */
type CellAt = (row: number, column: number) => MatrixCell | undefined;

/** A matrix of so many pods with one port each; nothing failed. */
export function madeMatrix(pods: number, cell: CellAt, mode: MatrixMode = 'live'): Matrix {
  const names = Array.from({ length: pods }, (_, at) => `backend-${at}`);
  return {
    mode,
    sources: names.map((pod) => ({ namespace: 'shop', pod })),
    destinations: names.map((name, at) => ({
      kind: 'pod',
      namespace: 'shop',
      name,
      host: `10.244.0.${at + 1}`,
      port: 8080,
      protocol: 'tcp',
    })),
    rows: names.map((_, row) => names.map((__, column) => (row === column ? undefined : cell(row, column)))),
    failed: [],
  };
}

/** Mostly open, with every other outcome somewhere. */
export function colourful(row: number, column: number): MatrixCell {
  const outcomes = [
    'refused',
    'timeout',
    'hostUnreachable',
    'reset',
    'unknownHost',
    'noAnswer',
    'notTested',
    'notPermitted',
  ] as const;
  const at = (row * 7 + column * 13) % 41;
  const outcome = row % 5 === 0 ? undefined : outcomes[at];
  if (outcome === undefined) return { packet: { outcome: 'connected', ms: 0.1 + at / 10 } };
  return { packet: { outcome, tries: 2 } };
}

/** The same beside policies: some deny what passes, some allow what is lost, some are kept. */
export function compared(row: number, column: number): MatrixCell {
  const { packet } = colourful(row, column);
  if (packet?.outcome === 'timeout')
    return column % 2 === 0 ? { packet, model: 'deny' } : { packet, model: 'allow', differs: 'ND090' };
  if (packet?.outcome === 'connected' && column === 2) return { packet, model: 'deny', differs: 'ND215' };
  return { ...(packet === undefined ? {} : { packet }), model: 'allow' };
}
