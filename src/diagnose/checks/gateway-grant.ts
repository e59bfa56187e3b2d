import { applyCommand } from '../command.js';
import type { Fix } from '../finding.js';

/** One end of a reference from one namespace into another. */
export interface GrantEnd {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

/** How to let a reference into another namespace: the ReferenceGrant that is missing there, ready to be applied. */
export function grantFix(from: GrantEnd, to: GrantEnd & { readonly name: string }): Fix {
  const grant = {
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'ReferenceGrant',
    metadata: { name: `${from.kind.toLowerCase()}s-of-${from.namespace}`, namespace: to.namespace },
    spec: { from: [from], to: [{ group: to.group, kind: to.kind, name: to.name }] },
  };
  return {
    text: `let the owners of namespace ${to.namespace} make a ReferenceGrant there, from ${from.kind} of ${from.namespace} to ${to.kind} ${to.name}`,
    commands: [applyCommand(grant)],
  };
}
