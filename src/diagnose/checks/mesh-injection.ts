import { isFinished } from '../../target/pods.js';
import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Expectation } from '../mesh/membership.js';
import type { Facts } from '../model/facts.js';
import { isManifest } from '../model/pods.js';
import { itemsOf } from '../reading.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { inMesh, restartCommands } from './mesh-say.js';

/** Pods that labels say should be in the mesh, and that are not. */
export const meshInjection: Check = {
  name: 'mesh-injection',
  codes: ['ND703'],
  reads: [],
  mayRead: inputs('cluster', 'mutatingwebhookconfigurations'),
  concerns: inMesh,
  find: (facts) => {
    const ends = [...facts.sources, ...facts.destination.endpoints];
    const seen = new Set<string>();
    return ends.flatMap(({ key, pod }): Finding[] => {
      const member = facts.mesh?.members.get(key);
      if (pod === undefined || member?.kind !== 'none' || member.expected === undefined || seen.has(key))
        return [];
      seen.add(key);
      return isManifest(pod) || isFinished(pod) ? [] : [absent(facts, key, pod, member.expected)];
    });
  },
};

function absent(facts: Facts, key: string, pod: SnapshotPod, expected: Expectation): Finding {
  const { namespace = '', name } = pod.metadata;
  const { label, of, mode, revision } = expected;
  const refused = (facts.mesh?.links ?? []).some(
    ({ accepted, view }) => accepted === 'no' && view.end.key === key,
  );
  const where = of === 'namespace' ? `namespace ${namespace}` : `the pod`;
  const known = revisions(facts);
  const unserved = mode === 'sidecar' && known !== undefined && !known.includes(revision);
  const what =
    mode === 'sidecar'
      ? `has no container istio-proxy`
      : 'was not taken into the ambient mesh (no annotation ambient.istio.io/redirection)';
  const why = unserved
    ? `no injector serves revision ${revision}; there are ${known.join(', ')}`
    : mode === 'sidecar'
      ? 'it was made before the label, or its injection failed'
      : 'istio-cni does not run on its node, or failed there';
  return {
    code: 'ND703',
    severity: refused ? 'error' : 'warning',
    confidence: 'likely',
    object: {
      kind: of === 'namespace' ? 'Namespace' : 'Pod',
      ...(of === 'namespace' ? {} : { namespace }),
      name: of === 'namespace' ? namespace : name,
      fieldPath: 'metadata.labels',
      value: label,
    },
    message: `${where} says ${label}, and pod ${namespace}/${name} ${what}: ${why}`,
    evidence: [
      fromApi(of === 'namespace' ? `namespace ${namespace}` : `pod ${namespace}/${name}`, label),
      fromApi(
        `pod ${namespace}/${name}`,
        `containers ${pod.spec.containers.map((one) => one.name).join(', ')}`,
      ),
    ],
    fix: unserved
      ? {
          text: 'name a revision that is installed, then make the pods anew',
          commands: [
            kubectl(
              undefined,
              'label',
              'namespace',
              namespace,
              `istio.io/rev=${known[0] ?? 'default'}`,
              '--overwrite',
            ),
            ...restartCommands(pod),
          ],
        }
      : mode === 'sidecar'
        ? { text: 'make its pods anew: injection happens when a pod is made', commands: restartCommands(pod) }
        : {
            text: 'see whether istio-cni runs on its node',
            commands: [kubectl('istio-system', 'get', 'pods', '-l', 'k8s-app=istio-cni-node', '-o', 'wide')],
          },
    hop: 'mesh',
    touches: [key, objectKey('namespace', { name: namespace })],
  };
}

/** Revisions and tags that some injector of Istio serves; undefined where it is not known of any. */
function revisions({ read }: Facts): readonly string[] | undefined {
  const found = itemsOf(read('mutatingwebhookconfigurations')).flatMap(
    ({ metadata: { labels = {}, name } }) => {
      const ours = labels.app === 'sidecar-injector' || name.startsWith('istio-');
      const named = [labels['istio.io/rev'], labels['istio.io/tag']].filter((one) => one !== undefined);
      return ours ? (named.length === 0 ? ['default'] : named) : [];
    },
  );
  return found.length === 0 ? undefined : [...new Set(found)].sort();
}
