import { kubectl } from '../command.js';
import type { Finding, Fix } from '../finding.js';
import { fromApi } from '../finding.js';
import { objectText } from '../mesh/text.js';
import type { ClientMode } from '../mesh/destination.js';
import type { MeshLink } from '../mesh/types.js';
import type { Check } from './check.js';
import {
  blocksOf,
  clientEvidence,
  culprit,
  groupLinks,
  inMesh,
  more,
  addFieldCommand,
  restartCommands,
  takesEvidence,
  takesText,
  touchesOf,
} from './mesh-say.js';

/** A client that sends what the server does not take: plain text where mutual TLS is asked for, or TLS that a rule sets and nobody ends. */
export const meshTls: Check = {
  name: 'mesh-tls',
  codes: ['ND701', 'ND702'],
  reads: [],
  concerns: inMesh,
  find: ({ mesh, outside }) =>
    groupLinks(
      (mesh?.links ?? []).filter(
        ({ accepted, view, endpoint }) =>
          accepted === 'no' &&
          (isPeer(view.end.end) || outside?.way?.kind === 'service') &&
          endpoint.pod !== undefined,
      ),
      ({ sending, takes, view }) => [
        sending.because,
        takes?.by?.object.metadata,
        takes?.by?.fieldPath,
        view.member.kind,
      ],
    ).map((links) => {
      const { because } = links[0].sending;
      return because.why === 'rule' ? ruled(links, because.rule) : plain(links, because.why);
    }),
};

/** Clients outside come through something that stands in front, which is the client that counts; but for node ports and load balancers. */
function isPeer(end: MeshLink['view']['end']['end']): boolean {
  return end.kind === 'pod' || end.role === 'node';
}

function plain(
  links: readonly [MeshLink, ...MeshLink[]],
  why: Exclude<MeshLink['sending']['because']['why'], 'rule'>,
): Finding {
  const [first] = links;
  const { view, endpoint, takes } = first;
  const who = view.end.text;
  const reason = {
    notInMesh:
      view.member.kind === 'none'
        ? `${who} has no proxy of the mesh and sends plain text`
        : `the proxy of ${who} is of another mesh, and what it sends is plain text to Istio`,
    directAddress: `${who} calls ${endpoint.text} by its address and not by a Service: its proxy hands that on as it is, in plain text`,
    outOfScope: `the Sidecar object of ${who} leaves the Service out, so that its proxy hands calls on as they are, in plain text`,
    excludedPort: `an annotation of ${who} takes the port around its proxy, so that it sends plain text`,
    autoMtlsOff: `enableAutoMtls is off in the mesh, and no DestinationRule asks for mutual TLS: ${who} sends plain text`,
    automatic: `${who} sends plain text`,
  }[why];
  const by = takes?.by;
  const object =
    by === undefined
      ? { kind: 'Pod', name: endpoint.text }
      : culprit('PeerAuthentication', by.object, by.fieldPath, takes?.mode ?? '');
  return {
    code: 'ND701',
    severity: 'error',
    confidence: 'likely',
    object,
    message: `${reason}; ${takesText(first)}${more(links)}`,
    evidence: [clientEvidence(first), takesEvidence(first)],
    fix: plainFix(first, why),
    hop: 'mesh',
    touches: by === undefined ? [view.end.key] : touchesOf(links, 'PeerAuthentication', by.object),
    blocks: blocksOf(links, 'fail'),
  };
}

function plainFix({ view, server, takes }: MeshLink, why: string): Fix {
  const by = takes?.by;
  const permit =
    by === undefined ? [] : [addFieldCommand('peerauthentication', by.object, by.fieldPath, 'PERMISSIVE')];
  if (why === 'directAddress')
    return { text: 'call the Service by its name, or let the port take both', commands: permit };
  if (why !== 'notInMesh' || view.end.pod === undefined)
    return { text: 'send mutual TLS, or let the port take both', commands: permit };
  const namespace = view.end.namespace ?? '';
  const expected = view.member.expected !== undefined;
  const join =
    server?.kind === 'ambient'
      ? [kubectl(undefined, 'label', 'namespace', namespace, 'istio.io/dataplane-mode=ambient')]
      : [
          ...(expected
            ? []
            : [kubectl(undefined, 'label', 'namespace', namespace, 'istio-injection=enabled')]),
          ...restartCommands(view.end.pod),
        ];
  return {
    text: 'take the client into the mesh; or (the last command) let all that this policy is about take plain text besides',
    commands: [...join, ...permit],
  };
}

function ruled(links: readonly [MeshLink, ...MeshLink[]], mode: ClientMode): Finding {
  const [first] = links;
  const { view, takes, endpoint } = first;
  const sends =
    { DISABLE: 'plain text', ISTIO_MUTUAL: "the mesh's mutual TLS", SIMPLE: 'TLS of its own' }[mode.mode] ??
    mode.mode;
  const wanted = takes?.mode === 'STRICT' ? 'ISTIO_MUTUAL' : 'DISABLE';
  const name = objectText('DestinationRule', mode.rule);
  return {
    code: 'ND702',
    severity: 'error',
    confidence: 'likely',
    object: culprit('DestinationRule', mode.rule, mode.fieldPath, mode.mode),
    message: `${name} ${mode.fieldPath}: ${mode.mode} makes ${view.end.text} send ${sends}; ${takesText(first)}${more(links)}`,
    evidence: [fromApi(name, `${mode.fieldPath}: ${mode.mode}`), takesEvidence(first)],
    fix: {
      text: `${takes === undefined ? `give ${endpoint.text} a proxy, or ` : ''}say what the server takes; without tls in the rule Istio finds out by itself`,
      commands: [addFieldCommand('destinationrule', mode.rule, mode.fieldPath, wanted)],
    },
    hop: 'mesh',
    touches: touchesOf(links, 'DestinationRule', mode.rule),
    blocks: blocksOf(links, 'fail'),
  };
}
