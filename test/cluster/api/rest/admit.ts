import type { Stored } from '../../types.js';
import { at, objectOf } from '../json.js';
import { policyOf, violations } from '../podsecurity/levels.js';
import { podOf } from '../pods/types.js';
import { forbidden, notFound, StatusError } from '../status.js';
import type { Exchange, ResourceExchange } from './exchange.js';

const namespaces = { group: '', resource: 'namespaces' };

function theNamespace({ api, wanted }: ResourceExchange): Stored | undefined {
  return wanted.namespace === undefined ? undefined : api.store.get(namespaces, undefined, wanted.namespace);
}

/** Nothing is created in a namespace that is absent (404) or going (403). */
export function admitIntoNamespace(exchange: ResourceExchange, name: string): void {
  const { type, wanted } = exchange;
  if (!type.namespaced || wanted.namespace === undefined) return;
  const namespace = theNamespace(exchange);
  if (namespace === undefined) throw notFound(namespaces, wanted.namespace);
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const words = `unable to create new content in namespace ${wanted.namespace} because it is being terminated`;
  const refused = forbidden(type, name, words);
  const causes = [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${wanted.namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ];
  throw new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: refused.message,
    details: { ...refused.status.details, causes },
  });
}

function warnOf(exchange: Exchange, pod: unknown, namespace: Stored | undefined): void {
  const warned = violations(podOf(pod), policyOf(namespace, 'warn'));
  if (warned !== undefined) exchange.warnings.push(`would violate ${warned}`);
}

/** Pod Security for a pod that is to be stored: 403 by the enforce label, a warning by the warn label. */
export function admitPod(exchange: ResourceExchange, pod: unknown, name: string): void {
  const namespace = theNamespace(exchange);
  const enforced = violations(podOf(pod), policyOf(namespace, 'enforce'));
  if (enforced !== undefined) throw forbidden(exchange.type, name, `violates ${enforced}`);
  warnOf(exchange, pod, namespace);
}

/** Pod Security only warns about pod templates: their pods are judged when they come. */
export function warnOfTemplate(exchange: ResourceExchange, object: unknown): void {
  const template = at(object, 'spec', 'template');
  if (exchange.type.group !== 'apps' && exchange.type.resource !== 'jobs') return;
  const spec = objectOf(at(template, 'spec'));
  warnOf(exchange, { metadata: {}, spec }, theNamespace(exchange));
}
