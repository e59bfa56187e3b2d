/**
 * The smallest Role that lets this program start debug containers and tools in them; the last two rules are only for speed
 * and words (found by trying, test/fixtures/transcripts/access.json). The same as manifests/rbac.
 */
export function debugRole(namespace: string): string {
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: Role',
    `metadata: {name: netdebug, namespace: ${JSON.stringify(namespace)}}`,
    'rules:',
    '- {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}',
    '- {apiGroups: [""], resources: [pods/ephemeralcontainers], verbs: [patch]}',
    '- {apiGroups: [""], resources: [pods/exec], verbs: [get, create]}',
    '- {apiGroups: [""], resources: [events], verbs: [list]}',
  ].join('\n');
}
