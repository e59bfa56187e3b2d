import { catalogueEntry } from '../diagnose/catalogue/all.js';
import type { Comparison } from '../diagnose/compare.js';
import type { Diagnosis } from '../diagnose/diagnose.js';
import type { Facts } from '../diagnose/model/facts.js';
import type { DiagnosisDocument } from './diagnosis-schema.js';
import { hopMs } from './diagnosis-times.js';

/** What is known besides the diagnosis: of its probes, and of the answer before. */
export interface ReportFacts {
  /** Why no packet was sent; absent where probes ran. */
  readonly unprobed?: string;
  /** How long they took altogether, in milliseconds. */
  readonly probesMs?: number;
  /** What changed since the answer before. */
  readonly compared?: Comparison;
}

/** A diagnosis as a document, with what is not there left out: what every format says is in here, and nothing else. */
export function diagnosisDocument(
  { verdict, facts, findings, traces, notChecked }: Diagnosis,
  { unprobed, probesMs, compared }: ReportFacts = {},
): DiagnosisDocument {
  const { destination, sources, asked, observed } = facts;
  const { service } = destination;
  return {
    apiVersion: 'netdebug/v1',
    kind: 'Diagnosis',
    verdict,
    question: questionText(facts),
    namespace: facts.namespace,
    at: new Date(facts.now).toISOString(),
    from: asked.from === undefined ? null : { reference: asked.from, pods: sources.map(({ text }) => text) },
    to: {
      reference: asked.to,
      ...(service === undefined ? {} : { service: { namespace: service.namespace, name: service.name } }),
      ...(destination.port === undefined ? {} : { port: destination.port }),
      protocol: destination.protocol,
      endpoints: destination.endpoints.map(({ text, address, port, ready, node }) => ({
        name: text,
        ...(address === undefined ? {} : { address }),
        ...(port === undefined ? {} : { port }),
        ready,
        ...(node === undefined ? {} : { node }),
      })),
    },
    findings: findings.map(
      ({ code, severity, confidence, hop, object, message, evidence, effects, causedBy, fix }) => ({
        code,
        title: catalogueEntry(code)?.title ?? code,
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
    traces: traces.map((trace) => ({
      ...trace,
      hops: trace.hops.map((hop) => {
        const ms = observed === undefined ? undefined : hopMs(hop, trace, facts, observed);
        return { ...hop, ...(ms === undefined ? {} : { ms }) };
      }),
    })),
    probes:
      observed === undefined || unprobed !== undefined
        ? { ran: false, why: unprobed ?? 'objects were read, no packet was sent' }
        : { ran: true, ...(probesMs === undefined ? {} : { ms: probesMs }) },
    ...(observed === undefined ? {} : { observed }),
    ...(compared === undefined ? {} : { compared }),
    notChecked,
  };
}

function questionText({ asked, sources, destination, outside }: Facts): string {
  // The pods of a controller are on the way, they do not ask.
  if (outside?.client === 'outside' && asked.from !== undefined) return `a client outside → ${asked.to}`;
  if (outside !== undefined && outside.target.kind !== 'Service')
    return asked.from === undefined ? asked.to : `${asked.from} → ${asked.to}`;
  const { service, protocol, port } = destination;
  const from = sources.length === 1 ? sources[0]?.text : asked.from;
  const shown = service?.port?.port ?? port;
  const to =
    service === undefined || service.host !== undefined
      ? asked.to
      : `svc ${service.namespace}/${service.name}${shown === undefined ? '' : `:${shown}/${protocol}`}`;
  return from === undefined ? to : `${from} → ${to}`;
}
