import type { CatalogueEntry } from './entry.js';

/** Codes about the tool itself. */
export const toolCodes: readonly CatalogueEntry[] = [
  {
    code: 'ND001',
    title: 'Permission missing',
    means:
      'Objects that would have been looked at may not be read. What they would show stays unknown, and the verdict is UNDETERMINED where they decide.',
    mend: 'Ask for the verb and the resource that the report names; `manifests/rbac/` holds Roles to hand to an administrator.',
    evidence: ['objects'],
  },
  {
    code: 'ND002',
    title: 'API did not answer in time',
    means:
      'A list or an object could not be read, because the API server or something before it did not answer or failed.',
    mend: 'Try again; raise --request-timeout when the cluster is large or far away.',
    evidence: ['objects'],
  },
  {
    code: 'ND003',
    title: 'Kind not in the cluster',
    means:
      'The cluster has no such kind (its CRD is not installed). That is an answer: there are no such objects.',
    mend: 'Nothing; it is named only where somebody would expect the kind.',
    evidence: ['objects'],
  },
  {
    code: 'ND004',
    title: 'exec refused',
    means:
      'Admission or RBAC does not let this program run a command in a container, so that no probe can start.',
    mend: 'Ask for pods/exec, or use --no-probe.',
    evidence: ['probe'],
  },
  {
    code: 'ND005',
    title: 'Debug container refused',
    means: 'No ephemeral container may be added to the pod: RBAC (pods/ephemeralcontainers) or Pod Security.',
    mend: 'Ask for the Role in `manifests/rbac/debug.yaml`; see `kubectl netdebug doctor`.',
    evidence: ['probe'],
  },
  {
    code: 'ND006',
    title: 'Network plugin not recognised',
    means: 'Which network plugin runs is not known, and something that decides is left to it by Kubernetes.',
    mend: 'Nothing is wrong; the verdict is settled by a probe.',
    evidence: ['objects'],
  },
  {
    code: 'ND007',
    title: 'No tool for the probe',
    means: 'Neither the container nor the debug container has a program that could send the probe.',
    mend: 'Use an image with the usual tools (--image).',
    evidence: ['probe'],
  },
  {
    code: 'ND008',
    title: 'Clocks apart',
    means:
      'The clock here and that of the cluster differ so much that ages and certificates cannot be judged.',
    mend: 'Set the clock by NTP.',
    evidence: ['objects'],
  },
  {
    code: 'ND009',
    title: 'Partial result',
    means: 'Something ended before it was complete: the report shows what there was.',
    mend: 'Try again.',
    evidence: ['probe'],
  },
  {
    code: 'ND090',
    title: 'Model and probe disagree',
    means:
      'The objects say one thing and packets another. The model allows and the packet is lost: look below the policies (ND8xx). The model denies and the packet passes: the network plugin does not enforce (ND215).',
    mend: 'Follow the code that the report names with it.',
    evidence: ['objects', 'probe'],
  },
];
