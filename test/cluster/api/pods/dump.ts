import { structuredPatch } from 'diff';
import type { Container, Pod, SecurityContext } from './types.js';

/** Field names and order of the API server's internal structs, in which it prints objects in 422 answers. */
type Print = (value: unknown) => unknown;
type Names = readonly (readonly [json: string, go: string, print?: Print])[];

const goNames: Readonly<Record<string, string>> = {
  tty: 'TTY',
  dnsPolicy: 'DNSPolicy',
  dnsConfig: 'DNSConfig',
};

function goName(json: string): string {
  return goNames[json] ?? json.charAt(0).toUpperCase() + json.slice(1);
}

/** A value whose struct is not spelt out here: names capitalised, what is absent stays so. */
function general(value: unknown): unknown {
  if (Array.isArray(value)) return (value as unknown[]).map(general);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [goName(name), general(item)]));
}

function struct(names: Names): Print {
  return (value) => {
    const from = (value ?? {}) as Record<string, unknown>;
    return Object.fromEntries(names.map(([json, go, print = general]) => [go, print(from[json])]));
  };
}

/** A pointer to a struct, or a list of structs: null when absent. */
function optional(print: Print): Print {
  return (value) => {
    if (value === undefined || value === null) return null;
    return Array.isArray(value) ? (value as unknown[]).map(print) : print(value);
  };
}

const plain = (...names: string[]): Names => names.map((name) => [name, goName(name)]);
const text = (name: string): Names[number] => [name, goName(name), (value) => value ?? ''];
const flag = (name: string): Names[number] => [name, goName(name), (value) => value ?? false];

const securityContext = struct(
  [
    ['capabilities', 'Capabilities', optional(struct(plain('add', 'drop')))],
    ...plain('privileged', 'seLinuxOptions', 'windowsOptions', 'runAsUser', 'runAsGroup', 'runAsNonRoot'),
    ...plain(
      'readOnlyRootFilesystem',
      'allowPrivilegeEscalation',
      'procMount',
      'seccompProfile',
      'appArmorProfile',
    ),
  ].map(
    ([json, go, print]) => [json, go === 'SeLinuxOptions' ? 'SELinuxOptions' : go, print] as const,
  ) as Names,
);

const containerNames: Names = [
  text('name'),
  text('image'),
  ...plain('command', 'args'),
  text('workingDir'),
  ...plain('ports', 'envFrom', 'env'),
  ['resources', 'Resources', struct(plain('limits', 'requests', 'claims'))],
  ...plain('resizePolicy', 'restartPolicy', 'restartPolicyRules', 'volumeMounts', 'volumeDevices'),
  ...plain('livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'),
  text('terminationMessagePath'),
  text('terminationMessagePolicy'),
  text('imagePullPolicy'),
  ['securityContext', 'SecurityContext', optional(securityContext)],
  flag('stdin'),
  flag('stdinOnce'),
  flag('tty'),
];

const container = struct(containerNames);
const ephemeral = struct([...containerNames, text('targetContainerName')]);

const podSpec = struct([
  ...plain('volumes'),
  ['initContainers', 'InitContainers', optional(container)],
  ['containers', 'Containers', optional(container)],
  ['ephemeralContainers', 'EphemeralContainers', optional(ephemeral)],
  ...plain(
    'restartPolicy',
    'terminationGracePeriodSeconds',
    'activeDeadlineSeconds',
    'dnsPolicy',
    'nodeSelector',
  ),
  text('serviceAccountName'),
  ...plain('automountServiceAccountToken'),
  text('nodeName'),
  ...plain('securityContext', 'imagePullSecrets'),
  text('hostname'),
  text('subdomain'),
  ...plain('affinity'),
  text('schedulerName'),
  ...plain('tolerations', 'hostAliases'),
  text('priorityClassName'),
  ...plain(
    'priority',
    'preemptionPolicy',
    'dnsConfig',
    'readinessGates',
    'runtimeClassName',
    'overhead',
    'enableServiceLinks',
  ),
  ...plain(
    'topologySpreadConstraints',
    'os',
    'schedulingGates',
    'resourceClaims',
    'resources',
    'hostnameOverride',
  ),
]);

function printed(value: unknown): string {
  // Go escapes these three in JSON.
  const escapes: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };
  return `${JSON.stringify(value, null, 1)}\n`.replace(/[<>&]/g, (found) => escapes[found] ?? found);
}

function difference(before: unknown, after: unknown): string {
  const { hunks } = structuredPatch('', '', printed(before), printed(after), '', '', { context: 3 });
  return hunks
    .map((hunk) => {
      const head = `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@\n`;
      return head + hunk.lines.map((line) => `${line}\n`).join('');
    })
    .join('');
}

/** The unified diff in "existing ephemeral containers ... may not be changed". */
export function ephemeralDifference(before: Container, after: Container): string {
  return difference(ephemeral(before), ephemeral(after));
}

/** The unified diff in "pod updates may not change fields other than ...". */
export function specDifference(before: Pod, after: Pod): string {
  return difference(podSpec(before.spec), podSpec(after.spec));
}

/** A securityContext as it is quoted in an "Invalid value". */
export function printedSecurityContext(value: SecurityContext): unknown {
  return securityContext(value);
}
