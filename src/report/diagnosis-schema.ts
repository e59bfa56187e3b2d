import { z } from 'zod';

/** The group and version of the documents that this describes; a change that takes something away needs another one. */
const documentVersion = 'netdebug/v1';

const list = <T extends z.ZodType>(one: T): z.ZodReadonly<z.ZodArray<T>> => z.array(one).readonly();
const state = z.enum(['pass', 'fail', 'unknown']);

const culprit = z.object({
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
  fieldPath: z.string().optional(),
  value: z.string().optional(),
});

const finding = z.object({
  code: z.string().regex(/^ND\d{3}$/),
  title: z.string(),
  severity: z.enum(['error', 'warning', 'info']),
  confidence: z.enum(['proven', 'likely', 'possible']),
  hop: z.string().describe('where on the way it stands: the `at` of a hop'),
  object: culprit,
  message: z.string(),
  evidence: list(
    z.object({ source: z.enum(['api', 'probe', 'log', 'event']), about: z.string(), excerpt: z.string() }),
  ),
  effects: list(z.string()).describe('codes of what follows from it'),
  causedBy: z.string().optional().describe('the code of its cause; absent for a root cause'),
  fix: z.object({ text: z.string(), commands: list(z.string()) }),
});

const hop = z.object({
  at: z.string(),
  what: z.string().describe('the object that it is about'),
  model: state.describe('what the objects say'),
  probe: z.enum(['pass', 'fail', 'unknown', 'none']).describe('what packets say; none: none was sent'),
  ms: z.number().optional().describe('how long it took a packet, in milliseconds'),
  codes: list(z.string()),
});

const compared = z.object({
  code: z.string(),
  title: z.string(),
  severity: z.enum(['error', 'warning', 'info']),
  object: z.object({ kind: z.string(), namespace: z.string().optional(), name: z.string() }),
  causedBy: z.string().optional(),
});

const to = z.object({
  role: z.string(),
  endpoint: z.string().optional(),
  node: z.string().optional(),
  address: z.string(),
  port: z.number(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']),
});

const observed = z
  .object({
    connects: list(
      z.object({
        from: z.string(),
        to,
        attempts: list(z.object({ outcome: z.string(), ms: z.number().optional() })),
        via: z.string(),
      }),
    ),
    dns: list(
      z.object({
        from: z.string(),
        name: z.string(),
        resolvConf: z.object({ nameservers: list(z.string()), search: list(z.string()), ndots: z.number() }),
        answers: list(
          z.object({
            name: z.string(),
            server: z.string(),
            type: z.string(),
            transport: z.string(),
            rcode: z.string().optional(),
            addresses: list(z.string()),
            ms: z.number().optional(),
            outcome: z.string(),
          }),
        ),
        libc: z.object({ addresses: list(z.string()), ms: z.number().optional() }),
      }),
    ),
    listeners: list(
      z.object({
        pod: z.string(),
        sockets: list(
          z.object({
            protocol: z.string(),
            address: z.string(),
            port: z.number(),
            process: z.string().optional(),
          }),
        ),
      }),
    ),
    http: list(
      z.object({
        from: z.string(),
        to,
        url: z.string(),
        status: z.number().optional(),
        headers: z.record(z.string(), z.string()).readonly(),
        failure: z.object({ phase: z.string(), text: z.string() }).optional(),
        tls: z
          .object({
            serverName: z.string().optional(),
            names: list(z.string()),
            notAfter: z.number().optional(),
            issuer: z.string().optional(),
            subject: z.string().optional(),
            error: z.string().optional(),
          })
          .optional(),
        ms: z.number().optional(),
      }),
    ),
    mtu: list(
      z.object({
        from: z.string(),
        endpoint: z.string(),
        localMtu: z.number().optional(),
        pathMtu: z.number().optional(),
        limit: z.string(),
        hop: z.string().optional(),
      }),
    ),
    kernel: list(
      z.object({
        pod: z.string(),
        node: z.string().optional(),
        values: z.record(z.string(), z.string()).readonly(),
      }),
    ),
    logs: list(
      z.object({
        pod: z.string(),
        container: z.string(),
        previous: z.boolean(),
        pattern: z.string(),
        codes: list(z.string()),
        peer: z.object({ host: z.string(), port: z.number().optional() }).optional(),
        count: z.number(),
        sample: z.string(),
      }),
    ),
    failed: list(z.object({ what: z.string(), why: z.string(), code: z.string().optional() })),
  })
  .describe('what probes and logs told; absent where nothing was probed');

/** A diagnosis as `-o json` prints it. docs/schema/diagnosis.schema.json is made from this. */
export const diagnosisSchema = z.object({
  apiVersion: z.literal(documentVersion),
  kind: z.literal('Diagnosis'),
  verdict: z.enum(['REACHABLE', 'UNREACHABLE', 'AMBIGUOUS', 'UNDETERMINED']),
  question: z.string().describe('in words'),
  namespace: z.string().describe('of references that carry none'),
  at: z.string().describe('when it was asked, ISO 8601'),
  from: z.object({ reference: z.string(), pods: list(z.string()) }).nullable(),
  to: z.object({
    reference: z.string(),
    service: z.object({ namespace: z.string(), name: z.string() }).optional(),
    port: z.union([z.number(), z.string()]).optional(),
    protocol: z.enum(['TCP', 'UDP', 'SCTP']),
    endpoints: list(
      z.object({
        name: z.string(),
        address: z.string().optional(),
        port: z.number().optional(),
        ready: z.boolean(),
        node: z.string().optional(),
      }),
    ),
  }),
  findings: list(finding).describe('root causes first, behind each what follows from it'),
  traces: list(z.object({ source: z.string().optional(), endpoint: z.string(), hops: list(hop) })).describe(
    'one for every source and endpoint',
  ),
  probes: z
    .object({
      ran: z.boolean(),
      why: z.string().optional().describe('why none ran'),
      ms: z.number().optional().describe('how long they took altogether, in milliseconds'),
    })
    .describe('whether packets were sent'),
  observed: observed.optional(),
  compared: z
    .object({
      before: z.object({
        verdict: z.enum(['REACHABLE', 'UNREACHABLE', 'AMBIGUOUS', 'UNDETERMINED']),
        at: z.string(),
        because: list(z.string()),
      }),
      gone: list(compared),
      fresh: list(compared),
      same: list(compared),
    })
    .optional()
    .describe('what changed since the answer before; with --verify and --baseline'),
  notChecked: list(
    z.object({
      what: z.string(),
      why: z.string(),
      code: z.string().optional(),
      hides: list(z.string()).optional().describe('codes of findings that this may have hidden'),
    }),
  ),
});

/** A document of kind Diagnosis: every format of a report is made from it. */
export type DiagnosisDocument = Readonly<z.infer<typeof diagnosisSchema>>;

/** The same as JSON Schema, for programs in other languages. */
export function diagnosisJsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(diagnosisSchema, { target: 'draft-7', io: 'input' });
  return {
    $schema,
    $id: 'https://github.com/kubectl-netdebug/kubectl-netdebug/blob/main/docs/schema/diagnosis.schema.json',
    title: 'kubectl netdebug diagnose -o json',
    ...schema,
  };
}
