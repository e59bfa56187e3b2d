import { kubectl } from '../command.js';
import { fromApi, objectKey } from '../finding.js';
import { parseAddress } from '../policy/address.js';
import type { Reading } from '../reading.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** An ExternalName that is no name, or leads back to itself, or to a Service that does not exist. */
export const externalName: Check = {
  name: 'external-name',
  codes: ['ND320'],
  reads: inputs('destination', 'services'),
  mayRead: inputs('cluster', 'services'),
  concerns: ({ destination: { service } }) => service?.object?.spec.type === 'ExternalName',
  find: ({ read, destination: { service } }) => {
    const object = service?.object;
    if (object === undefined) return [];
    const { namespace = '', name } = object.metadata;
    const wrong = problemOf(object, read('services'));
    if (wrong === undefined) return [];
    const value = object.spec.externalName ?? '';
    return [
      {
        code: 'ND320',
        severity: 'error',
        confidence: 'proven',
        object: { kind: 'Service', namespace, name, fieldPath: 'spec.externalName', value },
        message: `externalName ${value} of Service ${namespace}/${name} ${wrong}`,
        evidence: [fromApi(`service ${namespace}/${name}`, `type: ExternalName, externalName: ${value}`)],
        fix: {
          text:
            parseAddress(value) === undefined
              ? 'name what is meant'
              : 'use a Service without a selector and an EndpointSlice with this address',
          commands: [kubectl(namespace, 'edit', 'service', name)],
        },
        hop: 'dns',
        touches: [objectKey('service', object.metadata)],
        blocks: { model: 'fail' },
      },
    ];
  },
};

function problemOf(start: SnapshotService, all: Reading<SnapshotService>): string | undefined {
  let at = start;
  const seen: SnapshotService[] = [];
  for (;;) {
    const value = (at.spec.externalName ?? '').replace(/\.$/, '');
    if (parseAddress(value) !== undefined)
      return at === start
        ? 'is an address, and DNS serves it as a name'
        : `leads to an address as a name (${value})`;
    const [, name, namespace] = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(\..*)?$/i.exec(value) ?? [];
    if (name === undefined || namespace === undefined || all.state !== 'there') return undefined;
    seen.push(at);
    const next = all.items.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
    if (next === undefined) return `leads to Service ${namespace}/${name}, which does not exist`;
    if (seen.includes(next))
      return `leads back to ${next.metadata.namespace ?? ''}/${next.metadata.name}: a loop`;
    if (next.spec.type !== 'ExternalName') return undefined;
    at = next;
  }
}
