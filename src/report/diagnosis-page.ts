import { htmlEscape } from 'escape-goat';
import { comparisonText } from '../diagnose/compare.js';
import { waysDrawing } from './diagnosis-drawing.js';
import type { PacketObject } from './diagnosis-packet.js';
import { observations, probeProof, probesText, secondsText } from './diagnosis-probes.js';
import type { DiagnosisDocument } from './diagnosis-schema.js';
import { diagnosisStyle } from './diagnosis-style.js';
import {
  decisive,
  type DocumentFinding,
  endpointsText,
  groupWays,
  objectName,
  stateOfHop,
  withoutFinding,
} from './diagnosis-ways.js';
import { plainLine as plain } from './plain.js';

/** What the page holds besides the document. */
export interface DiagnosisPageFacts {
  /** Of this program. */
  readonly version: string;
  readonly packet: readonly PacketObject[];
  /** How many objects more there are than the page holds. */
  readonly left: number;
}

const marks = { pass: '✓', fail: '✗', unknown: '?', none: '–' } as const;
const verdicts = {
  REACHABLE: { state: 'pass', mark: '✓' },
  UNREACHABLE: { state: 'fail', mark: '✗' },
  AMBIGUOUS: { state: 'unknown', mark: '!' },
  UNDETERMINED: { state: 'unknown', mark: '?' },
} as const;
const severityState = { error: 'fail', warning: 'unknown', info: 'info' } as const;

/** A diagnosis as one page that needs nothing else: no script, no font, no picture; it may be sent, archived and printed. */
export function diagnosisPage(document: DiagnosisDocument, facts: DiagnosisPageFacts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
${htmlEscape`<title>${document.verdict}: ${plain(document.question)}</title>`}
<style>${diagnosisStyle}</style>
</head>
<body>
<main>
${head(document, facts)}${path(document)}${findings(document)}${observed(document)}${notChecked(document)}${objects(facts)}</main>
</body>
</html>
`;
}

function head(document: DiagnosisDocument, { version }: DiagnosisPageFacts): string {
  const { verdict, question, at, namespace } = document;
  const { state, mark } = verdicts[verdict];
  const cause = decisive(document);
  const because =
    cause === undefined
      ? htmlEscape`<p class="cause">${plain(withoutFinding(document))}</p>`
      : htmlEscape`<p class="cause"><strong>${plain(objectName(cause.object))}</strong>: ${plain(cause.title)} <span class="faint">(${cause.code}, ${cause.confidence})</span></p>`;
  return `${htmlEscape`<header class="verdict ${state}">
<span class="badge ${state}">${mark} ${verdict}</span>
<h1>${plain(question)}</h1>`}
${because}${changed(document)}
${htmlEscape`<p class="faint small">asked ${at.slice(0, 19).replace('T', ' ')} UTC · namespace ${plain(namespace)} · probes: ${plain(probesText(document))} · kubectl-netdebug ${version}</p>`}
</header>
`;
}

function changed(document: DiagnosisDocument): string {
  const { compared } = document;
  if (compared === undefined) return '';
  const told = (word: string, all: typeof compared.gone): string[] =>
    all.map(
      ({ code, title, object }) =>
        htmlEscape`<li>${word}: ${code} ${plain(objectName(object))}: ${plain(title)}</li>`,
    );
  const items = [
    ...told('gone', compared.gone),
    ...told('new', compared.fresh),
    ...told('same', compared.same),
  ];
  return `\n${htmlEscape`<p>${plain(comparisonText(compared, document))}</p>`}\n<ul class="plain small">${items.join('')}</ul>`;
}

function path({ traces }: DiagnosisDocument): string {
  const ways = groupWays(traces);
  if (ways.length === 0) return '';
  const rows = ways.flatMap(({ source, more, endpoints, hops }) =>
    hops.map((hop, index) => {
      const state = stateOfHop(hop);
      const way = `${source ?? ''}${more > 0 ? ` (and ${more} more)` : ''} → ${endpointsText(endpoints)}`;
      const time = hop.ms === undefined ? '' : `, ${secondsText(hop.ms)}`;
      return htmlEscape`<tr><td>${index === 0 ? plain(way) : ''}</td><td>${plain(hop.at)}</td><td class="mono">${plain(hop.what)}</td><td class="state ${state}">model ${marks[hop.model]} ${hop.model}</td><td class="state ${state}">probe ${marks[hop.probe]} ${hop.probe}${time}</td><td>${hop.codes.join(', ')}</td></tr>\n`;
    }),
  );
  return `<h2>Path</h2>
<div class="card path">
${waysDrawing(ways)}</div>
<details><summary>The path in words</summary>
<div class="card"><table><thead><tr><th scope="col">Way</th><th scope="col">Hop</th><th scope="col">Object</th><th scope="col">Model</th><th scope="col">Probe</th><th scope="col">Findings</th></tr></thead>
<tbody>
${rows.join('')}</tbody></table></div></details>
`;
}

function findings(document: DiagnosisDocument): string {
  const roots = document.findings.filter(({ causedBy }) => causedBy === undefined);
  if (roots.length === 0)
    return htmlEscape`<h2>Findings</h2>\n<p>None: ${plain(withoutFinding(document))}.</p>\n`;
  return `<h2>Findings</h2>\n${roots.map((root) => article(root, document)).join('')}`;
}

function article(root: DocumentFinding, document: DiagnosisDocument): string {
  const { code, title, severity, confidence, message, object, evidence, fix, effects } = root;
  const state = severityState[severity];
  const proof = probeProof(document, root);
  const items = [
    ...(proof === undefined ? [] : [htmlEscape`<li>${plain(proof.replace('  ', ' · '))}</li>`]),
    ...evidence.map(
      ({ source, about, excerpt }) =>
        htmlEscape`<li><span class="faint small">${source}: ${plain(about)}</span><br>${plain(excerpt)}</li>`,
    ),
  ];
  const field =
    object.fieldPath === undefined
      ? ''
      : htmlEscape` <code>${plain(object.fieldPath)}${object.value === undefined ? '' : ` = ${plain(object.value)}`}</code>`;
  const consequences = document.findings
    .filter((one) => one.causedBy === code && effects.includes(one.code))
    .map((one) => htmlEscape`<li><strong>${one.code}</strong> ${plain(one.message)}</li>`);
  const folded =
    consequences.length === 0
      ? ''
      : `<details class="consequences"><summary>${consequences.length === 1 ? 'One consequence' : `${consequences.length} consequences`}</summary><ul>${consequences.join('')}</ul></details>\n`;
  const commands = fix.commands.map(
    (command) => htmlEscape`<pre class="command" tabindex="0">${plain(command)}</pre>\n`,
  );
  const copy = commands.length === 0 ? '' : '<p class="faint small">One click selects a whole command.</p>\n';
  return `<article class="card finding ${severity}">
${htmlEscape`<header><span class="badge ${state}">${code}</span><h3>${plain(title)}</h3><span class="faint small">${severity} · ${confidence}</span></header>
<p>${plain(message)}</p>
<p class="small"><span class="faint">at</span> ${plain(objectName(object))}`}${field}</p>
<h4>Evidence</h4>
<ul class="plain evidence">${items.join('')}</ul>
${folded}<h4>Fix</h4>
${htmlEscape`<p>${plain(fix.text)}</p>\n`}${commands.join('')}${copy}</article>
`;
}

function observed(document: DiagnosisDocument): string {
  const rows = observations(document).map(
    ({ what, about, told, state }) =>
      htmlEscape`<tr><td class="state ${state}">${marks[state]} ${what}</td><td class="mono">${plain(about)}</td><td class="mono">${plain(told)}</td></tr>\n`,
  );
  const words = htmlEscape`<p class="faint">Probes: ${plain(probesText(document))}</p>\n`;
  if (rows.length === 0) return `<h2>Observations</h2>\n${words}`;
  return `<h2>Observations</h2>\n${words}<div class="card"><table class="observed"><thead><tr><th scope="col">What</th><th scope="col">From and to</th><th scope="col">Told</th></tr></thead>
<tbody>
${rows.join('')}</tbody></table></div>
`;
}

function notChecked({ notChecked: gaps }: DiagnosisDocument): string {
  if (gaps.length === 0) return '';
  const items = gaps.map(({ what, why, hides = [] }) => {
    const hidden =
      hides.length === 0
        ? ''
        : htmlEscape`<br><span class="faint small">may hide ${hides.slice(0, 12).join(', ')}${hides.length > 12 ? ` and ${hides.length - 12} more` : ''}</span>`;
    return `${htmlEscape`<li><strong>${plain(what)}</strong>: ${plain(why)}`}${hidden}</li>`;
  });
  return `<h2>Not checked</h2>\n<div class="card"><ul class="plain">${items.join('')}</ul></div>\n`;
}

function objects({ packet, left }: DiagnosisPageFacts): string {
  if (packet.length === 0) return '';
  const items = packet.map(
    ({ name, yaml, named }) =>
      htmlEscape`<details><summary>${plain(name)}${named ? ' · named by a finding' : ''}</summary><pre>${lines(yaml)}</pre></details>\n`,
  );
  const more = left === 0 ? '' : htmlEscape`<p class="faint">and ${left} more</p>`;
  return `<h2>Objects behind it</h2>
<p class="faint small">Without environment, commands, annotations and whatever else may be secret, as --save writes them.</p>
<div class="card objects">
${items.join('')}${more}</div>
`;
}

function lines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}
