import { countMatrix, differenceHints, differenceWords } from '../../src/matrix/reading.js';
import { destinationName, sourceName, type Matrix } from '../../src/matrix/types.js';

/** The fields of `matrix -o json`: ends by name, pairs that refer to them, counts, findings, and what failed. */
export function pairsDocument(matrix: Matrix): object {
  const { mode, sources, destinations, rows, failed } = matrix;
  const counts = countMatrix(matrix);
  const codes = ['ND215', 'ND090'] as const;
  const byKey: Record<string, number> = {};
  for (const { sign, pairs } of counts.signs) byKey[sign.key] = (byKey[sign.key] ?? 0) + pairs;
  return {
    mode,
    sources: sources.map((source) => ({ id: sourceName(source), ...source })),
    destinations: destinations.map((to) => ({ id: destinationName(to), ...to })),
    counts: {
      pairs: counts.pairs,
      ...byKey,
    },
    findings: codes
      .filter((code) => counts[code] > 0)
      .map((code) => ({
        code,
        severity: 'error',
        message: differenceWords[code],
        hint: differenceHints[code],
        pairs: counts[code],
      })),
    failed: failed.map(({ source, error }) => ({
      source: sourceName(source),
      message: error.message,
      exitCode: error.exitCode,
    })),
    pairs: rows.flatMap((cells, row) =>
      cells.flatMap((cell, column) => {
        const [from, to] = [sources[row], destinations[column]];
        if (cell === undefined || from === undefined || to === undefined) return [];
        const { packet, model, differs } = cell;
        return [
          {
            from: sourceName(from),
            to: destinationName(to),
            ...packet,
            ...(model === undefined ? {} : { model }),
            ...(differs === undefined ? {} : { differs }),
          },
        ];
      }),
    ),
  };
}
