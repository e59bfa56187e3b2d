import type { Diagnosis } from '../../src/diagnose/diagnose.js';
import { catalogueEntry } from '../../src/diagnose/catalogue/all.js';
import type { Hop, Trace } from '../../src/diagnose/trace.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';

/** How the text is to look. */
export interface DiagnosisLook {
  readonly colours: Colours;
  readonly columns: number;
  /** Without ticks and arrows. */
  readonly ascii: boolean;
  /** All evidence and all ways. */
  readonly wide: boolean;
}

const marks = { pass: '✓', fail: '✗', unknown: '?' } as const;
const verdictMarks = { REACHABLE: '✓', UNREACHABLE: '✗', AMBIGUOUS: '!', UNDETERMINED: '?' } as const;
/** Roots, ways and gaps that fit on a screen. */
const most = { roots: 4, ways: 4, gaps: 6, evidence: 3 };

/** A diagnosis as a person reads it: verdict, the way hop by hop, because, proof, fix, what was not checked. */
export function diagnosisText(
  diagnosis: Diagnosis,
  { colours, columns, ascii, wide }: DiagnosisLook,
): string {
  const { verdict, findings, notChecked, traces } = diagnosis;
  const roots = findings.filter(({ causedBy }) => causedBy === undefined);
  const lines: string[] = [];
  const width = Math.max(columns, 40);
  const say = (heading: string, text: string): void => {
    const [first = '', ...rest] = wrap(sanitizeLine(text), width - 11);
    lines.push(`  ${heading.padEnd(8)} ${first}`, ...rest.map((line) => `${' '.repeat(11)}${line}`));
  };
  const colour = {
    REACHABLE: colours.good,
    UNREACHABLE: colours.bad,
    AMBIGUOUS: colours.warning,
    UNDETERMINED: colours.warning,
  }[verdict];
  lines.push(`${colour(`${verdictMarks[verdict]} ${verdict}`)}  ${sanitizeLine(questionText(diagnosis))}`);
  const ways = groupWays(traces);
  for (const [index, way] of ways.slice(0, wide ? ways.length : most.ways).entries())
    say(index === 0 ? 'path' : '', wayText(way));
  if (!wide && ways.length > most.ways) say('', `and ${ways.length - most.ways} more (-o wide)`);
  if (roots.length === 0) say('because', restText(diagnosis));
  for (const root of roots.slice(0, wide ? roots.length : most.roots)) {
    say(
      root === roots[0] ? 'because' : 'also',
      `${root.message} (${root.code}, ${root.confidence}${root.severity === 'error' ? '' : `, ${root.severity}`})`,
    );
    for (const effect of wide ? findings.filter((one) => one.causedBy === root.code) : [])
      say('', `so: ${effect.message} (${effect.code})`);
    if (!wide && root.effects.length > 0)
      say('', `so: ${root.effects.map((code) => `${code} ${catalogueEntry(code)?.title ?? ''}`).join('; ')}`);
    for (const [index, { about, excerpt }] of root.evidence
      .slice(0, wide ? undefined : most.evidence)
      .entries())
      say(index === 0 ? 'proof' : '', `${about}: ${excerpt}`);
    say('fix', root.fix.text);
    // Commands are for copying: they are never broken into lines.
    for (const command of root.fix.commands) lines.push(`${' '.repeat(11)}${sanitizeLine(command)}`);
  }
  if (!wide && roots.length > most.roots) say('', `and ${roots.length - most.roots} more findings (-o wide)`);
  for (const [index, { what, why }] of notChecked.slice(0, wide ? undefined : most.gaps).entries())
    say(index === 0 ? 'not' : '', `${index === 0 ? 'checked: ' : ''}${what} (${why})`);
  if (!wide && notChecked.length > most.gaps) say('', `and ${notChecked.length - most.gaps} more (-o wide)`);
  say('probe', 'none: objects were read, no packet was sent');
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  return ascii ? asciiText(text) : text;
}

/** The fields of `diagnose -o json`, kind Diagnosis. */
export function diagnosisDocument({ verdict, facts, findings, traces, notChecked }: Diagnosis): object {
  const { destination, sources, asked } = facts;
  const { service } = destination;
  return {
    verdict,
    from: asked.from === undefined ? null : { reference: asked.from, pods: sources.map(({ text }) => text) },
    to: {
      reference: asked.to,
      ...(service === undefined ? {} : { service: { namespace: service.namespace, name: service.name } }),
      ...(destination.port === undefined ? {} : { port: destination.port }),
      protocol: destination.protocol,
      endpoints: destination.endpoints.map(({ text, address, port, ready, node }) => ({
        name: text,
        address,
        port,
        ready,
        node,
      })),
    },
    findings: findings.map(
      ({ code, severity, confidence, object, message, evidence, effects, causedBy, fix, hop }) => ({
        code,
        title: catalogueEntry(code)?.title,
        severity,
        confidence,
        hop,
        object,
        message,
        evidence,
        effects,
        ...(causedBy === undefined ? {} : { causedBy }),
        fix,
      }),
    ),
    traces,
    notChecked,
  };
}

/** The ways as a Mermaid flow chart. */
export function diagnosisMermaid({ traces, facts }: Diagnosis): string {
  const lines = ['flowchart LR'];
  const text = (one: string): string =>
    `"${sanitizeLine(one)
      .replaceAll('"', "'")
      .replaceAll(/[<>&#]/g, ' ')}"`;
  for (const [index, way] of groupWays(traces).entries()) {
    lines.push(`  w${index}[${text(way.source ?? facts.asked.from ?? facts.asked.to)}]`);
    let last = `w${index}`;
    for (const [at, hop] of way.hops.entries()) {
      const next = `w${index}h${at}`;
      lines.push(
        `  ${last} -->|${text(marks[hop.model])}| ${next}[${text(`${hop.at}${hop.codes.length === 0 ? '' : ` ${hop.codes.join(' ')}`}`)}]:::${hop.model}`,
      );
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

interface Way {
  readonly source: string | undefined;
  readonly more: number;
  readonly endpoints: readonly string[];
  readonly hops: readonly Hop[];
}

/** Ways that are alike are told once, the broken ones first. */
function groupWays(traces: readonly Trace[]): readonly Way[] {
  const groups = new Map<string, { hops: readonly Hop[]; sources: Set<string>; endpoints: Set<string> }>();
  for (const { source, endpoint, hops } of traces) {
    const key = JSON.stringify(hops.map(({ at, model, codes }) => [at, model, codes]));
    const group = groups.get(key) ?? { hops, sources: new Set(), endpoints: new Set() };
    groups.set(key, group);
    if (source !== undefined) group.sources.add(source);
    group.endpoints.add(endpoint);
  }
  const badness = ({ hops }: { readonly hops: readonly Hop[] }): number =>
    hops.some(({ model }) => model === 'fail') ? 0 : hops.some(({ model }) => model === 'unknown') ? 1 : 2;
  return [...groups.values()]
    .sort((a, b) => badness(a) - badness(b))
    .map(({ hops, sources, endpoints }) => ({
      hops,
      source: [...sources][0],
      more: sources.size - 1,
      endpoints: [...endpoints],
    }));
}

function wayText({ source, more, endpoints, hops }: Way): string {
  const start = source === undefined ? '' : `${source}${more > 0 ? ` (and ${more} more)` : ''} `;
  // Blanks that do not break keep the mark of a step at its name.
  const steps = hops.map(({ at, model, codes }) => `──${marks[model]}\u00a0${[at, ...codes].join('\u00a0')}`);
  return `${start}${steps.join(' ')} ──►\u00a0${endpointsText(endpoints)}`;
}

function endpointsText(endpoints: readonly string[]): string {
  const [first = '', second, ...rest] = endpoints;
  if (second === undefined) return first;
  return `${first}, ${second}${rest.length > 0 ? ` and ${rest.length} more` : ''}`;
}

function questionText({ facts: { asked, sources, destination } }: Diagnosis): string {
  const { service, protocol, port } = destination;
  const from = sources.length === 1 ? sources[0]?.text : asked.from;
  const shown = service?.port?.port ?? port;
  const to =
    service === undefined || service.host !== undefined
      ? asked.to
      : `svc ${service.namespace}/${service.name}${shown === undefined ? '' : `:${shown}/${protocol}`}`;
  return from === undefined ? to : `${from} → ${to}`;
}

function restText({ verdict, notChecked, traces }: Diagnosis): string {
  if (verdict === 'REACHABLE') return 'nothing in the objects stands against it';
  const open = new Set(
    traces.flatMap(({ hops }) => hops.filter(({ model }) => model === 'unknown').map(({ at }) => at)),
  );
  return `the objects leave it open (${[...open].join(', ') || 'no way was found'})${notChecked.length > 0 ? ', as not everything could be read' : ''}: a probe has to tell`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => one.replaceAll('\u00a0', ' '));
}

function asciiText(text: string): string {
  const plain: Readonly<Record<string, string>> = {
    '✓': 'ok',
    '✗': 'X',
    '→': '->',
    '►': '>',
    '─': '-',
    '…': '...',
  };
  return text.replace(/[^\u0000-\u007f]/g, (character) => plain[character] ?? '?');
}
