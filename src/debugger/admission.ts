import { ExitCode } from '../errors.js';
import type { ApiError } from '../kube/status.js';
import { cleanText } from '../kube/text.js';

/** One check of Pod Security that failed, and what it asks of which container. */
export interface Violation {
  /** `unrestricted capabilities` */
  readonly check: string;
  /** `container "x" must not include "NET_RAW" in securityContext.capabilities.add` */
  readonly fields: readonly string[];
}

/** Who refused an injection, as far as its words tell. */
export type Refusal =
  | {
      readonly kind: 'pod-security';
      /** Value of the namespace's label pod-security.kubernetes.io/enforce. */
      readonly level: string;
      readonly violations: readonly Violation[];
    }
  /** A ValidatingAdmissionPolicy, a webhook, a quota, or something else that speaks of `forbidden` or `denied`. */
  | { readonly kind: 'policy'; readonly by: string; readonly words: string }
  /** A webhook that did not answer and is set to refuse then. */
  | { readonly kind: 'webhook-broken'; readonly by: string; readonly words: string };

/**
 * Reads an admission refusal from the API server's answer. undefined when something else is wrong: RBAC, a conflict, an
 * invalid field, a server that fails. Sources of the texts: test/fixtures/transcripts/admission.json and inject-rejected.json.
 */
export function parseRefusal(error: ApiError): Refusal | undefined {
  if (error.forbidden) return undefined;
  const message = error.status.message ?? '';
  const security = /violates PodSecurity "([a-z]{1,20}):[^"]{0,40}": ([^]*)$/.exec(message);
  if (security) {
    const [, level = '', text = ''] = security;
    return { kind: 'pod-security', level, violations: parseViolations(text) };
  }
  const broken = /failed calling webhook "([^"]{1,253})": ([^]*)$/.exec(message);
  if (broken)
    return { kind: 'webhook-broken', by: `admission webhook ${broken[1] ?? ''}`, words: words(broken[2]) };
  const policy =
    /ValidatingAdmissionPolicy '([^']{1,253})' with binding '[^']{0,253}' denied request: ([^]*)$/.exec(
      message,
    );
  if (policy)
    return { kind: 'policy', by: `ValidatingAdmissionPolicy ${policy[1] ?? ''}`, words: words(policy[2]) };
  const webhook = /admission webhook "([^"]{1,253})" denied the request:? ?([^]*)$/.exec(message);
  if (webhook)
    return { kind: 'policy', by: `admission webhook ${webhook[1] ?? ''}`, words: words(webhook[2]) };
  // Something in between, or a server that takes us for nobody, also answers 403: those exit otherwise.
  if (error.code === 403 && error.exitCode === ExitCode.notAllowed)
    return { kind: 'policy', by: 'the API server', words: words(message) };
  return undefined;
}

/** `check (fields; fields), check (fields)`; parentheses do not nest in it, quoted names may hold anything else. */
export function parseViolations(text: string): readonly Violation[] {
  return [...text.slice(0, 4_000).matchAll(/([^()]+?) \(([^)]*)\)(?:, |$)/g)].map((match) => ({
    check: words(match[1]),
    fields: (match[2] ?? '').split('; ').map(words),
  }));
}

function words(text: string | undefined): string {
  return cleanText(text ?? '', 600);
}
