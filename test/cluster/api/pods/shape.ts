/**
 * The fields of a pod, for what the API server does while it decodes: unknown fields are reported and dropped, wrong
 * types refused, empty values left out as `omitempty` does. Source: k8s.io/api/core/v1/types.go.
 */

/** `bool` and `int` are dropped when zero; with `?` they are pointers in Go and kept. `any` is taken as it is. */
export type Shape = 'string' | 'int' | 'int?' | 'bool' | 'bool?' | 'any' | ListOf | Fields | MapOf;
export interface Fields {
  readonly fields: Readonly<Record<string, Shape>>;
}
export interface MapOf {
  readonly map: Shape;
}
export interface ListOf {
  readonly list: Shape;
}

function named(kind: Shape, names: string): Record<string, Shape> {
  return Object.fromEntries(names.split(' ').map((name) => [name, kind]));
}

const strings: MapOf = { map: 'string' };

const objectMeta: Fields = {
  fields: {
    ...named('string', 'name generateName namespace selfLink uid resourceVersion'),
    ...named('any', 'creationTimestamp deletionTimestamp managedFields ownerReferences'),
    generation: 'int',
    deletionGracePeriodSeconds: 'int?',
    labels: strings,
    annotations: strings,
    finalizers: { list: 'string' },
  },
};

const securityContext: Fields = {
  fields: {
    capabilities: { fields: { add: { list: 'string' }, drop: { list: 'string' } } },
    ...named('bool?', 'privileged runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation'),
    ...named('int?', 'runAsUser runAsGroup'),
    ...named('any', 'seLinuxOptions windowsOptions procMount seccompProfile appArmorProfile'),
  },
};

const port: Fields = {
  fields: { ...named('string', 'name protocol hostIP'), ...named('int', 'containerPort hostPort') },
};

const mount: Fields = {
  fields: {
    ...named('string', 'name mountPath subPath subPathExpr'),
    ...named('any', 'mountPropagation recursiveReadOnly'),
    readOnly: 'bool',
  },
};

const container: Fields = {
  fields: {
    ...named(
      'string',
      'name image workingDir terminationMessagePath terminationMessagePolicy imagePullPolicy restartPolicy',
    ),
    ...named('bool', 'stdin stdinOnce tty'),
    ...named(
      'any',
      'livenessProbe readinessProbe startupProbe lifecycle resizePolicy volumeDevices envFrom restartPolicyRules',
    ),
    command: { list: 'string' },
    args: { list: 'string' },
    env: { list: { fields: { name: 'string', value: 'string', valueFrom: 'any' } } },
    ports: { list: port },
    resources: { fields: { limits: { map: 'any' }, requests: { map: 'any' }, claims: 'any' } },
    volumeMounts: { list: mount },
    securityContext,
  },
};

const ephemeral: Fields = { fields: { ...container.fields, targetContainerName: 'string' } };

const podSpec: Fields = {
  fields: {
    ...named(
      'string',
      'restartPolicy dnsPolicy serviceAccountName serviceAccount nodeName hostname subdomain schedulerName priorityClassName',
    ),
    ...named('bool', 'hostNetwork hostPID hostIPC'),
    ...named(
      'bool?',
      'automountServiceAccountToken shareProcessNamespace setHostnameAsFQDN enableServiceLinks hostUsers',
    ),
    ...named('int?', 'terminationGracePeriodSeconds activeDeadlineSeconds priority'),
    ...named(
      'any',
      'affinity tolerations hostAliases dnsConfig readinessGates runtimeClassName preemptionPolicy overhead',
    ),
    ...named(
      'any',
      'topologySpreadConstraints os schedulingGates resourceClaims resources imagePullSecrets volumes hostnameOverride workloadRef',
    ),
    nodeSelector: strings,
    securityContext: {
      fields: {
        ...named('int?', 'runAsUser runAsGroup fsGroup'),
        ...named(
          'any',
          'seLinuxOptions windowsOptions supplementalGroups supplementalGroupsPolicy sysctls fsGroupChangePolicy',
        ),
        ...named('any', 'seccompProfile appArmorProfile seLinuxChangePolicy'),
        runAsNonRoot: 'bool?',
      },
    },
    containers: { list: container },
    initContainers: { list: container },
    ephemeralContainers: { list: ephemeral },
  },
};

export const pod: Fields = {
  fields: { apiVersion: 'string', kind: 'string', metadata: objectMeta, spec: podSpec, status: 'any' },
};

const template: Fields = { fields: { metadata: objectMeta, spec: podSpec } };

/** Deployment, ReplicaSet, DaemonSet, StatefulSet and Job: only their pod template is known field by field. */
export const workload: Fields = {
  fields: {
    apiVersion: 'string',
    kind: 'string',
    metadata: objectMeta,
    spec: {
      fields: {
        ...named(
          'any',
          'selector strategy updateStrategy volumeClaimTemplates persistentVolumeClaimRetentionPolicy ordinals podFailurePolicy successPolicy',
        ),
        ...named(
          'int?',
          'replicas revisionHistoryLimit progressDeadlineSeconds parallelism completions activeDeadlineSeconds backoffLimit',
        ),
        ...named('int?', 'ttlSecondsAfterFinished backoffLimitPerIndex maxFailedIndexes'),
        ...named('bool?', 'suspend manualSelector'),
        ...named('string', 'serviceName podManagementPolicy'),
        ...named('any', 'completionMode podReplacementPolicy managedBy'),
        minReadySeconds: 'int',
        paused: 'bool',
        template,
      },
    },
    status: 'any',
  },
};

/** Objects of any other kind: their metadata is known. */
export const other: Fields = { fields: { metadata: objectMeta } };
