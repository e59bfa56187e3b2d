import { field, type FieldError } from '../status.js';
import { printedSecurityContext } from './dump.js';
import type { Container, Pod, PodSpec } from './types.js';

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const labelWords =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomainWords =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** A DNS label (container names, namespaces): at most 63 characters. */
export function labelErrors(path: string, value: string | undefined): FieldError[] {
  if (value === undefined || value === '') return [field.required(path)];
  const errors: FieldError[] = [];
  if (!label.test(value)) errors.push(field.invalid(path, value, labelWords));
  if (value.length > 63) errors.push(field.invalid(path, value, 'must be no more than 63 characters'));
  return errors;
}

/** A DNS subdomain (names of most objects): at most 253 characters. */
export function subdomainErrors(path: string, value: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!subdomain.test(value)) errors.push(field.invalid(path, value, subdomainWords));
  if (value.length > 253) errors.push(field.invalid(path, value, 'must be no more than 253 characters'));
  return errors;
}

function oneOf(path: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [field.unsupported(path, value, supported)];
}

function imageErrors(path: string, image: string | undefined): FieldError[] {
  if (image === undefined || image === '') return [field.required(path)];
  return image.trim() === image
    ? []
    : [field.invalid(path, image, 'must not have leading or trailing whitespace')];
}

function envErrors(path: string, env: Container['env'] = []): FieldError[] {
  return env.flatMap(({ name }, index) => {
    const here = `${path}.env[${index}].name`;
    if (name === undefined || name === '') return [field.required(here)];
    const printable = /^[ -<>-~]+$/.test(name);
    const words =
      "a valid environment variable name must consist only of printable ASCII characters other than '='";
    return printable ? [] : [field.invalid(here, name, words)];
  });
}

function mountErrors(
  path: string,
  mounts: Container['volumeMounts'] = [],
  volumes: ReadonlySet<string>,
): FieldError[] {
  return mounts.flatMap(({ name, mountPath }, index) => {
    const here = `${path}.volumeMounts[${index}]`;
    const errors: FieldError[] = [];
    if (name === undefined) errors.push(field.required(`${here}.name`));
    else if (!volumes.has(name)) errors.push(field.missing(`${here}.name`, name));
    if (mountPath === undefined) errors.push(field.required(`${here}.mountPath`));
    return errors;
  });
}

function securityErrors(path: string, context: Container['securityContext']): FieldError[] {
  if (context === undefined) return [];
  const here = `${path}.securityContext`;
  const errors: FieldError[] = [];
  for (const name of ['runAsUser', 'runAsGroup'] as const) {
    const id = context[name];
    if (id !== undefined && (id < 0 || id > 2147483647)) {
      errors.push(field.invalid(`${here}.${name}`, id, 'must be between 0 and 2147483647, inclusive'));
    }
  }
  if (context.allowPrivilegeEscalation === false) {
    const quoted = printedSecurityContext(context);
    const never = 'cannot set `allowPrivilegeEscalation` to false and';
    if (context.privileged) errors.push(field.invalid(here, quoted, `${never} \`privileged\` to true`));
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      errors.push(field.invalid(here, quoted, `${never} \`capabilities.Add\` CAP_SYS_ADMIN`));
    }
  }
  return errors;
}

/** What is asked of every container. `volumes` are the names of the pod's volumes. */
export function containerErrors(
  path: string,
  container: Container,
  volumes: ReadonlySet<string>,
): FieldError[] {
  return [
    ...imageErrors(`${path}.image`, container.image),
    ...oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      'File',
      'FallbackToLogsOnError',
    ]),
    ...(container.ports ?? []).flatMap(({ containerPort }, index) => {
      const here = `${path}.ports[${index}].containerPort`;
      if (containerPort === undefined) return [field.required(here)];
      const valid = containerPort >= 1 && containerPort <= 65535;
      return valid ? [] : [field.invalid(here, containerPort, 'must be between 1 and 65535, inclusive')];
    }),
    ...envErrors(path, container.env),
    ...mountErrors(path, container.volumeMounts, volumes),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']),
    ...securityErrors(path, container.securityContext),
  ];
}

/** The names of a pod's volumes. */
export function volumeNames(spec: PodSpec): Set<string> {
  return new Set((spec.volumes ?? []).map((volume) => volume.name ?? ''));
}

function containersErrors(
  path: string,
  containers: readonly Container[],
  seen: Set<string>,
  volumes: ReadonlySet<string>,
): FieldError[] {
  return containers.flatMap((container, index) => {
    const here = `${path}[${index}]`;
    const name = container.name ?? '';
    const errors = [...labelErrors(`${here}.name`, container.name)];
    if (name !== '' && seen.has(name)) errors.push(field.duplicate(`${here}.name`, name));
    seen.add(name);
    return [...errors, ...containerErrors(here, container, volumes)];
  });
}

/** A PodSpec, in a pod (`spec`) or in a template (`spec.template.spec`). */
function podSpecErrors(path: string, spec: PodSpec): FieldError[] {
  const volumes = volumeNames(spec);
  const seen = new Set<string>();
  const containers = spec.containers ?? [];
  return [
    ...(spec.volumes ?? []).flatMap(({ name }, index) => labelErrors(`${path}.volumes[${index}].name`, name)),
    ...(containers.length === 0 ? [field.required(`${path}.containers`)] : []),
    ...containersErrors(`${path}.containers`, containers, seen, volumes),
    ...containersErrors(`${path}.initContainers`, spec.initContainers ?? [], seen, volumes),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, [
      'ClusterFirstWithHostNet',
      'ClusterFirst',
      'Default',
      'None',
    ]),
    ...(spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds < 1
      ? [
          field.invalid(
            `${path}.activeDeadlineSeconds`,
            spec.activeDeadlineSeconds,
            'must be between 1 and 2147483647, inclusive',
          ),
        ]
      : []),
  ];
}

/** A pod that is to be created. */
export function newPodErrors(pod: Pod): FieldError[] {
  const errors = podSpecErrors('spec', pod.spec);
  if (pod.spec.ephemeralContainers !== undefined) {
    errors.push(field.forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  }
  return errors;
}
