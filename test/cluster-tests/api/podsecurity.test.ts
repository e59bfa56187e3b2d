import { describe, expect, test } from '@jest/globals';
import { policyOf, violations, type Level } from '../../cluster/api/podsecurity/levels.js';
import type { PodSpec } from '../../cluster/api/pods/types.js';
import { createStore } from '../../cluster/api/store.js';

// The sentences of k8s.io/pod-security-admission/policy that the transcripts do not show.

const good = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

function said(level: Level, spec: PodSpec): string | undefined {
  const metadata = {} as never;
  return violations({ metadata, spec }, { level, version: 'latest' })?.replace(
    /^PodSecurity "[a-z:]+": /,
    '',
  );
}

describe('Pod Security', () => {
  test.each<[string, Level, PodSpec, string | undefined]>([
    ['nothing is asked of privileged', 'privileged', { hostNetwork: true }, undefined],
    ['a pod without wishes passes baseline', 'baseline', { containers: [{ name: 'a' }] }, undefined],
    [
      'restricted passes with all four fields',
      'restricted',
      { containers: [{ name: 'a', securityContext: good }] },
      undefined,
    ],
    [
      'several containers are named together',
      'baseline',
      {
        containers: [
          { name: 'a', securityContext: { privileged: true } },
          { name: 'b', securityContext: { privileged: true } },
        ],
      },
      'privileged (containers "a", "b" must not set securityContext.privileged=true)',
    ],
    [
      'host paths',
      'baseline',
      { containers: [], volumes: [{ name: 'v', hostPath: {} }] },
      'hostPath volumes (volume "v")',
    ],
    [
      'host paths under restricted',
      'restricted',
      { containers: [], volumes: [{ name: 'v', hostPath: {} }] },
      'hostPath volumes (volume "v"), restricted volume types (volume "v" uses restricted volume type "hostPath")',
    ],
    [
      'host ports',
      'baseline',
      { containers: [{ name: 'a', ports: [{ hostPort: 80 }, { hostPort: 443 }] }] },
      'hostPort (container "a" uses hostPorts 443, 80)',
    ],
    [
      'seccomp',
      'baseline',
      { containers: [{ name: 'a' }], securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'sysctls',
      'baseline',
      { containers: [], securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      'root by number, in pod and container',
      'restricted',
      {
        containers: [{ name: 'a', securityContext: { ...good, runAsUser: 0 } }],
        securityContext: { runAsUser: 0 },
      },
      'runAsUser=0 (pod and container "a" must not set runAsUser=0)',
    ],
    [
      'what a pod sets, its containers need not',
      'restricted',
      {
        containers: [
          {
            name: 'a',
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      },
      undefined,
    ],
    [
      'runAsNonRoot=false is worse than none',
      'restricted',
      { containers: [{ name: 'a', securityContext: { ...good, runAsNonRoot: false } }] },
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
    ],
  ])('%s', (_, level, spec, wanted) => {
    expect(said(level, spec)).toBe(wanted);
  });

  test('levels and versions come from the labels of the namespace', () => {
    const store = createStore();
    const labels = {
      'pod-security.kubernetes.io/enforce': 'baseline',
      'pod-security.kubernetes.io/enforce-version': 'v1.30',
      'pod-security.kubernetes.io/warn': 'nonsense',
    };
    const namespace = store.create(
      { group: '', resource: 'namespaces' },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n', labels } },
    );
    expect(policyOf(namespace, 'enforce')).toEqual({ level: 'baseline', version: 'v1.30' });
    expect(policyOf(namespace, 'warn')).toEqual({ level: 'privileged', version: 'latest' });
    expect(policyOf(undefined, 'enforce').level).toBe('privileged');
  });
});
