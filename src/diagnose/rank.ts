import { distinctBy } from './distinct.js';
import type { Finding, HopName } from './finding.js';
import { outsideConsequences } from './outside/consequences.js';

/** A finding with those that follow from it, which are never told as its equals. */
export interface Ranked extends Finding {
  /** Codes of its consequences that were found, too. */
  readonly effects: readonly string[];
  /** The code of the finding that it follows from; undefined for a root cause. */
  readonly causedBy?: string;
}

/** What each cause brings about, as far as the objects show it too. */
const consequences: Readonly<Record<string, readonly string[]>> = {
  ND101: ['ND107', 'ND303'],
  ND102: ['ND303'],
  ND103: ['ND102', 'ND303', 'ND307'],
  ND107: ['ND102', 'ND303', 'ND307'],
  ND108: ['ND102', 'ND107', 'ND303', 'ND307'],
  ND109: ['ND303'],
  ND111: ['ND107', 'ND815', 'ND303'],
  ND203: ['ND201', 'ND403', 'ND412', 'ND413'],
  ND204: ['ND201', 'ND202'],
  ND205: ['ND201', 'ND202'],
  ND206: ['ND201', 'ND202', 'ND205', 'ND207'],
  ND207: ['ND201', 'ND202'],
  ND209: ['ND201', 'ND202'],
  ND210: ['ND201', 'ND202'],
  ND211: ['ND201', 'ND202'],
  ND213: ['ND201', 'ND202', 'ND204', 'ND205', 'ND207', 'ND209', 'ND210', 'ND211'],
  ND214: ['ND201', 'ND202'],
  ND215: [
    'ND201',
    'ND202',
    'ND203',
    'ND204',
    'ND205',
    'ND206',
    'ND207',
    'ND209',
    'ND210',
    'ND211',
    'ND213',
    'ND217',
  ],
  ND302: ['ND415'],
  ND303: ['ND415'],
  ND304: ['ND303'],
  ND305: ['ND415'],
  ND307: ['ND102'],
  ND309: ['ND102', 'ND307'],
  ND318: ['ND102'],
  ND324: ['ND302', 'ND303', 'ND815'],
  ND401: ['ND402'],
  ND403: ['ND406', 'ND412'],
  ND404: ['ND403'],
  ND407: ['ND403', 'ND405'],
  ND408: ['ND403', 'ND412'],
  ND416: ['ND412'],
  ND701: ['ND605', 'ND611'],
  ND702: ['ND605', 'ND611'],
  ND703: ['ND701', 'ND706'],
  ND705: ['ND605'],
  ND706: ['ND605'],
  ND707: ['ND701'],
  ND708: ['ND303', 'ND605'],
  ND710: ['ND201', 'ND202', 'ND708'],
  ND801: ['ND303', 'ND803', 'ND807', 'ND812'],
  ND802: ['ND803', 'ND815', 'ND303'],
  ND803: ['ND807', 'ND814', 'ND815', 'ND303'],
  ND804: ['ND815', 'ND303'],
  ND807: ['ND814'],
  ND808: ['ND325'],
  ND811: ['ND807', 'ND812', 'ND814'],
  ND812: ['ND403'],
};

const hops: readonly HopName[] = [
  ...(['client', 'name', 'address', 'ingress-controller', 'gateway', 'route'] as const),
  ...(['source', 'dns', 'egress', 'service', 'node', 'ingress', 'mesh', 'endpoint'] as const),
];
const severities = ['error', 'warning', 'info'];
const confidences = ['proven', 'likely', 'possible'];

/** Orders findings: every root cause, the worst and surest first, then in the order of the way; behind each what follows from it. */
export function rankFindings(findings: readonly Finding[]): readonly Ranked[] {
  const ordered = distinct(findings).toSorted(
    (a, b) =>
      // Without a pod there is nothing else to say: it comes first.
      Number(b.code === 'ND815') - Number(a.code === 'ND815') ||
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      confidences.indexOf(a.confidence) - confidences.indexOf(b.confidence) ||
      hops.indexOf(a.hop) - hops.indexOf(b.hop) ||
      (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
  );
  const causes = new Map<Finding, Finding>();
  for (const effect of ordered) {
    const cause = ordered.find((one) => one !== effect && follows(one, effect));
    if (cause !== undefined) causes.set(effect, cause);
  }
  const below = (cause: Finding): readonly Finding[] =>
    ordered.filter((one) => causes.get(one) === cause).flatMap((one) => [one, ...below(one)]);
  return ordered
    .filter((finding) => !causes.has(finding))
    .flatMap((root) => {
      const own = below(root);
      const effects = [...new Set(own.map(({ code }) => code))];
      return [{ ...root, effects }, ...own.map((one) => ({ ...one, effects: [], causedBy: root.code }))];
    });
}

function follows(cause: Finding, effect: Finding): boolean {
  // What packets refuted is told of under the finding that says so.
  const refuted = cause.code === 'ND090' && cause.severity === 'warning' && effect.confidence === 'possible';
  const known = [consequences, outsideConsequences].some(
    (table) => table[cause.code]?.includes(effect.code) === true,
  );
  return (
    (known || (refuted && effect.code !== 'ND090')) &&
    cause.touches.some((one) => effect.touches.includes(one))
  );
}

/** The same about the same, found twice: once. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  return distinctBy(findings, ({ code, object }) => JSON.stringify([code, object]));
}
