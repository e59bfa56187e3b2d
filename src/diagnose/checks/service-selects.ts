import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { itemsOf } from '../reading.js';
import type { SnapshotPod, SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** A selector that selects no pod. */
export const serviceSelects: Check = {
  name: 'service-selects',
  codes: ['ND302'],
  reads: inputs('destination', 'services', 'pods', 'endpointslices'),
  concerns: ({ destination: { service } }) => service?.object?.spec.selector != null,
  find: (facts) => {
    const { service } = facts.destination;
    const object = service?.object;
    if (service === undefined || object === undefined) return [];
    const selector = Object.entries(object.spec.selector ?? {});
    if (selector.length === 0 || object.spec.type === 'ExternalName') return [];
    // Somebody may keep slices by hand in spite of the selector.
    if (service.selected.length > 0 || service.endpoints.some(({ ready }) => ready)) return [];
    return [selectsNothing(facts, object, selector)];
  },
};

function selectsNothing(
  { read }: Facts,
  { metadata, spec }: SnapshotService,
  selector: readonly (readonly [string, string])[],
): Finding {
  const { namespace = '', name } = metadata;
  const text = selector.map(([key, value]) => `${key}=${value}`).join(',');
  const near = nearestPod(itemsOf(read('pods', namespace)), selector);
  const wrong = near?.differs.map(([key, , has]) => `${key}=${has ?? '(none)'}`).join(', ');
  return {
    code: 'ND302',
    severity: 'error',
    confidence: 'proven',
    object: { kind: 'Service', namespace, name, fieldPath: 'spec.selector', value: text },
    message: `the selector of Service ${namespace}/${name} (${text}) selects no pod${near === undefined ? '' : `; nearest is pod ${near.name}, which has ${wrong ?? ''}`}`,
    evidence: [fromApi(`pods of namespace ${namespace}`, `none with ${text}`)],
    fix: {
      text:
        near === undefined
          ? 'start pods with these labels, or correct the selector'
          : 'correct the selector, or the labels of the pods',
      commands:
        near === undefined
          ? [kubectl(namespace, 'get', 'pods', '--show-labels')]
          : [
              kubectl(
                namespace,
                'patch',
                'service',
                name,
                '-p',
                JSON.stringify({
                  spec: {
                    selector: {
                      ...spec.selector,
                      ...Object.fromEntries(near.differs.map(([key, , has]) => [key, has ?? null])),
                    },
                  },
                }),
              ),
            ],
    },
    hop: 'service',
    touches: [objectKey('service', metadata)],
    blocks: { model: 'fail' },
  };
}

/** The running pod that misses by one label, of a selector with others or with a value that is near. */
function nearestPod(
  pods: readonly SnapshotPod[],
  selector: readonly (readonly [string, string])[],
):
  | { readonly name: string; readonly differs: readonly (readonly [string, string, string | undefined])[] }
  | undefined {
  const found = pods.flatMap((pod) => {
    const differs = selector
      .map(([key, value]) => [key, value, pod.metadata.labels?.[key]] as const)
      .filter(([, value, has]) => value !== has);
    const [only, more] = differs;
    const alike = only?.[2] !== undefined && similar(only[1], only[2]);
    return more === undefined && only !== undefined && (selector.length > 1 || alike)
      ? [{ name: pod.metadata.name, differs }]
      : [];
  });
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))[0];
}

/** One begins with the other, or they differ in at most two characters at one place. */
function similar(a: string, b: string): boolean {
  if (a.startsWith(b) || b.startsWith(a)) return true;
  let head = 0;
  while (head < a.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  return Math.max(a.length, b.length) - head - tail <= 2 && head + tail >= 2;
}
