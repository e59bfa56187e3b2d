import type { Probed } from './live.js';
import { isOpen } from './live.js';
import type { Difference, Matrix, MatrixCell, MatrixPlan, ModelCell, PacketCell } from './types.js';

/** Plan, packets and model as one matrix: live, static or both compared, as what is given says. */
export function createMatrixOf(
  { sources, destinations }: MatrixPlan,
  probed: Probed | undefined,
  judged: readonly (readonly (ModelCell | undefined)[])[] | undefined,
): Matrix {
  return {
    mode: probed === undefined ? 'static' : judged === undefined ? 'live' : 'compare',
    sources,
    destinations,
    rows: sources.map((_, row) =>
      destinations.map((__, column) => cellOf(probed?.rows[row]?.[column], judged?.[row]?.[column])),
    ),
    failed: probed?.failed ?? [],
  };
}

function cellOf(packet: PacketCell | undefined, model: ModelCell | undefined): MatrixCell | undefined {
  if (packet === undefined && model === undefined) return undefined;
  const differs = packet === undefined || model === undefined ? undefined : differenceOf(packet, model);
  return {
    ...(packet === undefined ? {} : { packet }),
    ...(model === undefined ? {} : { model }),
    ...(differs === undefined ? {} : { differs }),
  };
}

/** What a lost packet looks like. A refusal is no loss: the packet arrived, or a plugin that rejects says what the model says. */
const lost: readonly PacketCell['outcome'][] = [
  'timeout',
  'hostUnreachable',
  'networkUnreachable',
  'notPermitted',
];

/** Where model and packets cannot both be right; UDP that is not answered proves nothing. */
export function differenceOf(packet: PacketCell, model: ModelCell): Difference | undefined {
  if (model === 'deny' && isOpen(packet)) return 'ND215';
  return model === 'allow' && lost.includes(packet.outcome) ? 'ND090' : undefined;
}
