/**
 * The smallest Role that lets this program start debug containers and tools in them; `watch` and the last rule are only for
 * speed and words (test/e2e/rbac.test.ts tries each). The same as manifests/rbac/debug.yaml, which a test compares.
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
