import { isDeepStrictEqual } from 'node:util';
import { copy } from '../json.js';
import { field, type FieldError } from '../status.js';
import { defaultPodSpec, isMirrorPod } from './defaults.js';
import { ephemeralDifference, specDifference } from './dump.js';
import type { Container, Pod } from './types.js';
import { containerErrors, labelErrors, volumeNames } from './validate.js';

const notSettable = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
] as const;

function isSet(container: Container, name: string): boolean {
  const value = (container as Record<string, unknown>)[name];
  if (name === 'resources') return value !== undefined && Object.keys(value as object).length > 0;
  return value !== undefined;
}

function subPathErrors(path: string, container: Container): FieldError[] {
  return (container.volumeMounts ?? []).flatMap((mount, index) =>
    (['subPath', 'subPathExpr'] as const)
      .filter((name) => mount[name] !== undefined)
      .map((name) =>
        field.forbidden(`${path}.volumeMounts[${index}].${name}`, 'cannot be set for an Ephemeral Container'),
      ),
  );
}

function oneErrors(path: string, container: Container, pod: Pod, seen: Set<string>): FieldError[] {
  const { spec } = pod;
  const name = container.name ?? '';
  const ordinary = new Set(
    [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((item) => item.name),
  );
  const errors: FieldError[] = [
    ...labelErrors(`${path}.name`, container.name),
    ...containerErrors(path, container, volumeNames(spec)),
  ];
  if (seen.has(name)) errors.push(field.duplicate(`${path}.name`, name));
  seen.add(name);
  const target = container.targetContainerName;
  if (target !== undefined && !ordinary.has(target))
    errors.push(field.missing(`${path}.targetContainerName`, target));
  for (const item of notSettable) {
    if (isSet(container, item))
      errors.push(field.forbidden(`${path}.${item}`, 'cannot be set for an Ephemeral Container'));
  }
  return [...errors, ...subPathErrors(path, container)];
}

/** What is wrong with a pod's ephemeral containers, as `inject-rejected.json` has it. */
function ephemeralErrors(pod: Pod): FieldError[] {
  const { spec } = pod;
  const names = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((item) => item.name ?? '');
  const seen = new Set(names);
  return (spec.ephemeralContainers ?? []).flatMap((container, index) =>
    oneErrors(`spec.ephemeralContainers[${index}]`, container, pod, seen),
  );
}

/** Existing ephemeral containers may be neither changed nor removed. */
function keptErrors(before: Pod, after: Pod): FieldError[] {
  const path = 'spec.ephemeralContainers';
  return (before.spec.ephemeralContainers ?? []).flatMap((old) => {
    const now = after.spec.ephemeralContainers?.find((item) => item.name === old.name);
    const existing = `existing ephemeral containers "${old.name ?? ''}" may not be`;
    if (now === undefined) return [field.forbidden(path, `${existing} removed\n`)];
    if (isDeepStrictEqual(now, old)) return [];
    return [field.forbidden(path, `${existing} changed\n${ephemeralDifference(old, now)}`)];
  });
}

/** An update through pods/ephemeralcontainers. `uid` is what the request says metadata.uid is. */
export function ephemeralUpdateErrors(before: Pod, after: Pod, uid: string | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (uid !== undefined && uid !== before.metadata.uid) {
    // The real server checks metadata twice on this path, and says so twice.
    const wrong = field.invalid('metadata.uid', uid, 'field is immutable');
    errors.push(wrong, wrong);
  }
  if (isMirrorPod(before))
    return [...errors, field.forbidden('[]', 'static pods do not support ephemeral containers')];
  return [...errors, ...ephemeralErrors(after), ...keptErrors(before, after)];
}

const mayChange =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** An update through pods: the spec is all but immutable. */
export function podUpdateErrors(stored: Pod, after: Pod): FieldError[] {
  // A pod that was stored past the API may lack defaults, which are no change.
  const before = copy(stored);
  defaultPodSpec(before.spec);
  const allowed = copy(after);
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (allowed.spec[list] ?? []).entries()) {
      const image = before.spec[list]?.[index]?.image;
      if (image !== undefined) container.image = image;
    }
  }
  for (const name of ['activeDeadlineSeconds', 'tolerations'] as const) {
    if (before.spec[name] === undefined) Reflect.deleteProperty(allowed.spec, name);
    else Object.assign(allowed.spec, { [name]: before.spec[name] });
  }
  if (isDeepStrictEqual(allowed.spec, before.spec)) return [];
  return [field.forbidden('spec', `${mayChange}\n${specDifference(before, allowed)}`)];
}
