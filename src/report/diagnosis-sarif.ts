import { createHash } from 'node:crypto';
import type { Location, Log, ReportingDescriptor, Result, ThreadFlow } from 'sarif';
import { catalogueEntry } from '../diagnose/catalogue/all.js';
import type { DiagnosisDocument } from './diagnosis-schema.js';
import {
  type DocumentFinding,
  endpointsText,
  groupWays,
  objectName,
  stateOfHop,
  type Way,
  withoutFinding,
} from './diagnosis-ways.js';
import { plainLine } from './plain.js';

/** Where the object of a finding stands: a relative URI or a file URL, the line from 1. */
export interface SarifPlace {
  readonly uri: string;
  readonly line?: number;
}

/** What stands in a log of SARIF besides the document. */
export interface SarifFacts {
  /** Of this program. */
  readonly version: string;
  /** The place of each finding of the document, in their order; undefined where it came from a cluster. */
  readonly places: readonly (SarifPlace | undefined)[];
}

const pages = 'https://github.com/kubectl-netdebug/kubectl-netdebug/blob/main/docs/findings/';
const levels = { error: 'error', warning: 'warning', info: 'note' } as const;
/** The rule of the flow itself: whether what was asked for is possible. */
const flowRule = 'flow';
/** Ways that one result is told by: a result of a hundred says no more. */
const mostWays = 10;

/**
 * A diagnosis as SARIF 2.1.0 (OASIS): a result for each finding (`fail`), for each gap (`open`), and one for the flow itself
 * (`pass`, `open`, or `fail` where no finding says why). The way hop by hop is the code flow.
 */
export function diagnosisSarif(document: DiagnosisDocument, { version, places }: SarifFacts): Log {
  const { findings, traces } = document;
  const ways = groupWays(traces);
  const results = [
    flowResult(document, ways),
    ...findings.map((finding, index) => findingResult(finding, ways, places[index])),
    ...document.notChecked.map(({ what, why, code = 'ND001', hides = [] }): Result => ({
      ruleId: code,
      kind: 'open',
      level: 'none',
      message: { text: plainLine(`not checked: ${what} (${why})`) },
      partialFingerprints: fingerprint(code, what, ''),
      properties: { hides: [...hides] },
    })),
  ].flat();
  const codes = [...new Set(results.map(({ ruleId = flowRule }) => ruleId))];
  return {
    version: '2.1.0',
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    runs: [
      {
        tool: {
          driver: {
            name: 'kubectl-netdebug',
            version,
            informationUri: 'https://github.com/kubectl-netdebug/kubectl-netdebug',
            rules: codes.map(rule),
          },
        },
        results: results.map((result) => ({
          ...result,
          ruleIndex: codes.indexOf(result.ruleId ?? flowRule),
        })),
        columnKind: 'utf16CodeUnits',
        properties: { question: document.question, verdict: document.verdict },
      },
    ],
  };
}

function rule(code: string): ReportingDescriptor {
  const entry = catalogueEntry(code);
  if (entry === undefined)
    return {
      id: code,
      shortDescription: { text: 'The flow is possible' },
      helpUri: `${pages}README.md`,
    };
  return {
    id: code,
    shortDescription: { text: entry.title },
    fullDescription: { text: entry.means },
    help: { text: entry.mend },
    helpUri: `${pages}${code}.md`,
  };
}

function flowResult(document: DiagnosisDocument, ways: readonly Way[]): Result[] {
  const { verdict, question, findings } = document;
  const broken = verdict === 'UNREACHABLE' || verdict === 'AMBIGUOUS';
  // What is wrong is told by its findings; twice would count twice.
  if (broken && findings.some(({ severity }) => severity === 'error')) return [];
  const kind = broken ? 'fail' : verdict === 'REACHABLE' ? 'pass' : 'open';
  return [
    {
      ruleId: flowRule,
      kind,
      level: kind === 'fail' ? 'error' : 'none',
      message: { text: plainLine(`${verdict}: ${question}: ${withoutFinding(document)}`) },
      partialFingerprints: fingerprint(flowRule, question, ''),
      ...codeFlows(ways),
    },
  ];
}

function findingResult(
  finding: DocumentFinding,
  ways: readonly Way[],
  place: SarifPlace | undefined,
): Result {
  const { code, severity, confidence, message, object, evidence, fix, effects, causedBy } = finding;
  const own = ways.filter(({ hops }) => hops.some(({ codes }) => codes.includes(code)));
  return {
    ruleId: code,
    kind: 'fail',
    level: levels[severity],
    message: { text: plainLine(message) },
    locations: [locationOf(object, place)],
    ...codeFlows(own),
    partialFingerprints: fingerprint(code, objectName(object), object.fieldPath ?? ''),
    properties: {
      confidence,
      effects: [...effects],
      ...(causedBy === undefined ? {} : { causedBy }),
      evidence: evidence.map(({ source, about, excerpt }) => plainLine(`${source}: ${about}: ${excerpt}`)),
      fix: { text: plainLine(fix.text), commands: fix.commands.map(plainLine) },
    },
  };
}

function locationOf(object: DocumentFinding['object'], place: SarifPlace | undefined): Location {
  const { kind, name, fieldPath } = object;
  const { uri, line } = place ?? {};
  return {
    ...(uri === undefined
      ? {}
      : {
          physicalLocation: {
            artifactLocation: { uri },
            ...(line === undefined ? {} : { region: { startLine: line } }),
          },
        }),
    logicalLocations: [
      {
        name: plainLine(name),
        kind: 'object',
        fullyQualifiedName: plainLine(
          `${objectName(object)}${fieldPath === undefined ? '' : `#${fieldPath}`}`,
        ),
        properties: { kind: plainLine(kind) },
      },
    ],
  };
}

function codeFlows(ways: readonly Way[]): Pick<Result, 'codeFlows'> {
  if (ways.length === 0) return {};
  return { codeFlows: ways.slice(0, mostWays).map((way) => ({ threadFlows: [threadFlow(way)] })) };
}

function threadFlow({ source, endpoints, hops }: Way): ThreadFlow {
  const name = `${source === undefined ? '' : `${source} → `}${endpointsText(endpoints)}`;
  return {
    message: { text: plainLine(name) },
    locations: hops.map((hop) => ({
      importance: stateOfHop(hop) === 'pass' ? 'unimportant' : 'essential',
      location: {
        logicalLocations: [
          { name: hop.at, fullyQualifiedName: plainLine(`${hop.at} ${hop.what}`), kind: 'hop' },
        ],
        message: {
          text: plainLine([`${hop.at}: model ${hop.model}, probe ${hop.probe}`, ...hop.codes].join(' ')),
        },
      },
    })),
  };
}

/** The same finding about the same field of the same object has the same fingerprint in every run. */
function fingerprint(code: string, object: string, field: string): Record<string, string> {
  const text = JSON.stringify([code, object, field]);
  return { 'codeObjectField/v1': createHash('sha256').update(text).digest('hex') };
}
