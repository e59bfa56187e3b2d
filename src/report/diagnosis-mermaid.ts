import type { DiagnosisDocument } from './diagnosis-schema.js';
import { endpointsText, groupWays, stateOfHop, type DocumentHop } from './diagnosis-ways.js';
import { plainLine } from './plain.js';

const marks = { pass: '✓', fail: '✗', unknown: '?' } as const;

/** The ways as a Mermaid flow chart. */
export function diagnosisMermaid({ traces, from, to }: DiagnosisDocument): string {
  const lines = ['flowchart LR'];
  const text = (one: string): string =>
    `"${plainLine(one)
      .replaceAll('"', "'")
      .replaceAll(/[<>&#]/g, ' ')}"`;
  for (const [index, way] of groupWays(traces).entries()) {
    lines.push(`  w${index}[${text(way.source ?? from?.reference ?? to.reference)}]`);
    let last = `w${index}`;
    for (const [at, hop] of way.hops.entries()) {
      const next = `w${index}h${at}`;
      const name = [hop.at, ...hop.codes].join(' ');
      lines.push(`  ${last} -->|${text(marksOf(hop))}| ${next}[${text(name)}]:::${stateOfHop(hop)}`);
      last = next;
    }
    lines.push(`  ${last} --> w${index}e[${text(endpointsText(way.endpoints))}]`);
  }
  lines.push(
    '  classDef fail stroke:#c00,stroke-width:3px',
    '  classDef unknown stroke-dasharray: 4',
    '  classDef pass stroke:#080',
  );
  return `${lines.join('\n')}\n`;
}

function marksOf({ model, probe }: DocumentHop): string {
  return probe === 'none' ? marks[model] : `model ${marks[model]} probe ${marks[probe]}`;
}
