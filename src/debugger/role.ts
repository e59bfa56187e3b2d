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

/**
 * The smallest Role for debug pods on nodes, and the ClusterRole beside it, as manifests/rbac/nodes.yaml has them (a test
 * compares; test/e2e/rbac-nodes.test.ts tries each right).
 */
export function nodeRole(namespace: string): string {
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: Role',
    `metadata: {name: netdebug-nodes, namespace: ${JSON.stringify(namespace)}}`,
    'rules:',
    '- {apiGroups: [""], resources: [pods], verbs: [create, get, list, watch, delete]}',
    '- {apiGroups: [""], resources: [pods/exec], verbs: [get, create]}',
    '- {apiGroups: [""], resources: [events], verbs: [list]}',
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: ClusterRole',
    'metadata: {name: netdebug-nodes}',
    'rules:',
    '- {apiGroups: [""], resources: [nodes], verbs: [get]}',
  ].join('\n');
}
