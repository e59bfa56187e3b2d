/** Documents of diagnoses as they might be, for the formats of the report. */
import type { DiagnosisDocument } from '../../src/report/diagnosis-schema.js';
import type { PacketObject } from '../../src/report/diagnosis-packet.js';

type Hop = DiagnosisDocument['traces'][number]['hops'][number];
type Finding = DiagnosisDocument['findings'][number];

function hop(at: string, what: string, more: Partial<Hop> = {}): Hop {
  return { at, what, model: 'pass', probe: 'pass', codes: [], ...more };
}

/** Two ways of three broken, one of them against what the policies say; probes of every kind ran. */
export function madeDocument(): DiagnosisDocument {
  const begin = [
    hop('source', 'shop/web-7d9f8b6c5-x2x4q'),
    hop('dns', 'api', { ms: 3.6 }),
    hop('egress', 'shop/web-7d9f8b6c5-x2x4q'),
    hop('service', 'shop/api', { probe: 'fail', ms: 12 }),
  ];
  const denied: Finding = {
    code: 'ND204',
    title: 'Rule lists the port of the Service',
    severity: 'error',
    confidence: 'proven',
    hop: 'ingress',
    object: {
      kind: 'NetworkPolicy',
      namespace: 'shop',
      name: 'allow-web',
      fieldPath: 'spec.ingress[0].ports',
      value: '80',
    },
    message:
      "NetworkPolicy shop/allow-web spec.ingress[0].ports lists 80, the port of the Service; policies see the pod's port, TCP 8080",
    evidence: [
      { source: 'api', about: 'NetworkPolicy shop/allow-web', excerpt: 'isolates shop/api-1 (ingress)' },
      {
        source: 'probe',
        about: 'connect from shop/web-7d9f8b6c5-x2x4q',
        excerpt: 'tcp timeout 3/3 to 10.1.2.7:8080',
      },
      {
        source: 'log',
        about: 'pod shop/web-7d9f8b6c5-x2x4q, container web',
        excerpt: 'dial tcp 10.96.0.20:80: i/o timeout',
      },
    ],
    effects: ['ND202'],
    fix: {
      text: 'let this through (tried on a copy: the verdict is then allow)',
      commands: [
        `kubectl -n shop patch networkpolicy allow-web --type=json -p '[{"op":"add","path":"/spec/ingress/0/ports/-","value":{"protocol":"TCP","port":8080}}]'`,
      ],
    },
  };
  return {
    apiVersion: 'netdebug/v1',
    kind: 'Diagnosis',
    verdict: 'AMBIGUOUS',
    question: 'shop/web-7d9f8b6c5-x2x4q → svc shop/api:80/TCP',
    namespace: 'shop',
    at: '2025-01-01T00:00:00.000Z',
    from: { reference: 'pod/web-7d9f8b6c5-x2x4q', pods: ['shop/web-7d9f8b6c5-x2x4q'] },
    to: {
      reference: 'service/api:80',
      service: { namespace: 'shop', name: 'api' },
      port: 80,
      protocol: 'TCP',
      endpoints: [
        { name: 'shop/api-1', address: '10.1.2.7', port: 8080, ready: true, node: 'worker-1' },
        { name: 'shop/api-2', address: '10.1.2.8', port: 8080, ready: true, node: 'worker-2' },
        { name: 'shop/api-3', address: '10.1.3.9', port: 8080, ready: true, node: 'worker-3' },
      ],
    },
    findings: [
      denied,
      {
        ...denied,
        code: 'ND202',
        title: 'Ingress of the destination isolated',
        message:
          'NetworkPolicy shop/allow-web isolates shop/api-1 for ingress, and no rule admits shop/web on TCP 8080',
        effects: [],
        causedBy: 'ND204',
      },
      {
        code: 'ND090',
        title: 'Objects and packets disagree',
        severity: 'warning',
        confidence: 'possible',
        hop: 'endpoint',
        object: { kind: 'Pod', namespace: 'shop', name: 'api-2' },
        message: 'the policies allow it, and packets are lost: look below the policies',
        evidence: [
          { source: 'probe', about: 'connect from shop/web', excerpt: 'tcp timeout 3/3 to 10.1.2.8:8080' },
        ],
        effects: [],
        fix: {
          text: 'look at the network between the two nodes',
          commands: ['kubectl netdebug mtu web api-2', 'kubectl netdebug trace web api-2'],
        },
      },
    ],
    traces: [
      {
        source: 'shop/web-7d9f8b6c5-x2x4q',
        endpoint: '10.1.2.7:8080',
        hops: [
          ...begin,
          hop('node', 'worker-1', { probe: 'none' }),
          hop('ingress', 'shop/api-1', { model: 'fail', probe: 'fail', codes: ['ND204', 'ND202'] }),
          hop('endpoint', 'shop/api-1', { probe: 'fail' }),
        ],
      },
      {
        source: 'shop/web-7d9f8b6c5-x2x4q',
        endpoint: '10.1.2.8:8080',
        hops: [
          ...begin,
          hop('node', 'worker-2', { model: 'unknown', probe: 'none' }),
          hop('ingress', 'shop/api-2', { probe: 'none' }),
          hop('endpoint', 'shop/api-2', { probe: 'fail', codes: ['ND090'] }),
        ],
      },
      {
        source: 'shop/web-7d9f8b6c5-x2x4q',
        endpoint: '10.1.3.9:8080',
        hops: [
          ...begin,
          hop('node', 'worker-3', { probe: 'none' }),
          hop('ingress', 'shop/api-3'),
          hop('endpoint', 'shop/api-3', { ms: 0.84 }),
        ],
      },
    ],
    probes: { ran: true, ms: 6240 },
    observed: {
      connects: [
        ...['10.1.2.7', '10.1.2.8'].map((address, at) => ({
          from: 'pod shop/web-7d9f8b6c5-x2x4q',
          to: {
            role: 'endpoint',
            endpoint: `pod shop/api-${at + 1}`,
            address,
            port: 8080,
            protocol: 'TCP' as const,
          },
          attempts: [{ outcome: 'timeout' }, { outcome: 'timeout' }, { outcome: 'timeout' }],
          via: 'bash',
        })),
        {
          from: 'pod shop/web-7d9f8b6c5-x2x4q',
          to: { role: 'service', address: '10.96.0.20', port: 80, protocol: 'TCP' },
          attempts: [{ outcome: 'connected', ms: 12 }, { outcome: 'timeout' }, { outcome: 'timeout' }],
          via: 'bash',
        },
      ],
      dns: [
        {
          from: 'pod shop/web-7d9f8b6c5-x2x4q',
          name: 'api',
          resolvConf: { nameservers: ['10.96.0.10'], search: ['shop.svc.cluster.local'], ndots: 5 },
          answers: [
            {
              name: 'api.shop.svc.cluster.local.',
              server: '10.96.0.10',
              type: 'A',
              transport: 'udp',
              rcode: 'NOERROR',
              addresses: ['10.96.0.20'],
              ms: 3.6,
              outcome: 'answered',
            },
          ],
          libc: { addresses: ['10.96.0.20'], ms: 4.1 },
        },
      ],
      listeners: [{ pod: 'pod shop/api-1', sockets: [{ protocol: 'TCP', address: '0.0.0.0', port: 8080 }] }],
      http: [],
      mtu: [],
      kernel: [],
      logs: [],
      failed: [{ what: 'listeners of shop/api-2', why: 'forbidden: create pods/exec', code: 'ND001' }],
    },
    notChecked: [
      { what: 'nodes', why: 'forbidden: list nodes', code: 'ND001', hides: ['ND801', 'ND802', 'ND803'] },
    ],
  };
}

/** A flow without anything to say, of which only objects were read. */
export function madeQuiet(): DiagnosisDocument {
  const document = madeDocument();
  delete (document as { observed?: unknown }).observed;
  const trace = document.traces[2];
  if (trace === undefined) throw new Error('there is no third way');
  return {
    ...document,
    verdict: 'REACHABLE',
    findings: [],
    notChecked: [],
    probes: { ran: false, why: 'objects were read, no packet was sent' },
    traces: [
      {
        ...trace,
        hops: trace.hops.map((one) => ({
          at: one.at,
          what: one.what,
          model: 'pass',
          probe: 'none',
          codes: [],
        })),
      },
    ],
  };
}

/** The document with every text that a cluster may choose made as hostile, and as long, as it can be. */
export function madeHostile(): DiagnosisDocument {
  const hostile = `"><img src=x onerror=alert(1)><script>alert(1)</script></svg>\u001b[31m\u202e${'x'.repeat(200)}`;
  const free = new Set([
    'what',
    'message',
    'excerpt',
    'about',
    'name',
    'text',
    'why',
    'question',
    'source',
    'value',
    'fieldPath',
    'sample',
  ]);
  const spoil = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return free.has(key) ? `${value} ${hostile}` : value;
    if (Array.isArray(value)) return value.map((one) => spoil(one, key === 'commands' ? 'text' : key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        name,
        spoil(one, name === 'source' && 'excerpt' in value ? 'kept' : name),
      ]),
    );
  };
  return spoil(madeDocument(), '') as DiagnosisDocument;
}

/** Two objects behind it. */
export const madePacket: readonly PacketObject[] = [
  {
    name: 'NetworkPolicy shop/allow-web',
    named: true,
    yaml: 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: allow-web\n  namespace: shop\nspec:\n  podSelector:\n    matchLabels:\n      app: api\n',
  },
  {
    name: 'Pod shop/api-1',
    named: false,
    yaml: 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: api-1 # <script>alert(1)</script>\n',
  },
];
