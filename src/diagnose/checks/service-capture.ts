import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Endpoint } from '../model/facts.js';
import { parseAddress } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** Addresses that the proxy of every node takes for a Service, whoever else has them. */
export const serviceCapture: Check = {
  name: 'service-capture',
  codes: ['ND321'],
  reads: inputs('cluster', 'services'),
  concerns: ({ destination: { service, endpoints } }) =>
    service?.object !== undefined ||
    endpoints.some((one) => one.pod === undefined && addressOf(one) !== undefined),
  find: ({ read, destination: { service, endpoints, protocol, outside } }) => {
    const own = service?.object;
    const aims =
      own === undefined
        ? endpoints.map((endpoint) => ({ address: addressOf(endpoint), port: endpoint.port, endpoint }))
        : [...new Set([own.spec.clusterIP, ...(own.spec.clusterIPs ?? [])])].map((text) => ({
            address: parseAddress(text ?? '')?.value.toString(),
            port: service?.port?.port,
            endpoint: undefined,
          }));
    return aims.flatMap(({ address, port, endpoint }): Finding[] => {
      const captor = itemsOf(read('services')).find(
        (one) =>
          one !== own &&
          (one.spec.externalIPs ?? []).some(
            (text) => address !== undefined && parseAddress(text)?.value.toString() === address,
          ) &&
          (one.spec.ports ?? []).some((each) => each.port === port && (each.protocol ?? 'TCP') === protocol),
      );
      if (captor === undefined || port === undefined) return [];
      const text =
        (captor.spec.externalIPs ?? []).find((one) => parseAddress(one)?.value.toString() === address) ?? '';
      const { namespace = '', name } = captor.metadata;
      // On a node of its own it is how bare clusters publish Services.
      const ofNode = endpoint?.pod === undefined && endpoint?.node !== undefined;
      return [
        {
          code: 'ND321',
          severity: ofNode ? 'info' : outside ? 'warning' : 'error',
          confidence: 'likely',
          object: { kind: 'Service', namespace, name, fieldPath: 'spec.externalIPs', value: text },
          message: `Service ${namespace}/${name} has ${text} among its externalIPs: every node sends what goes to ${text}:${port} to its endpoints, and not to ${endpoint?.text ?? `Service ${service?.namespace ?? ''}/${service?.name ?? ''}`}`,
          evidence: [
            fromApi(
              `service ${namespace}/${name}`,
              `externalIPs: ${(captor.spec.externalIPs ?? []).slice(0, 4).join(', ')}; port ${port}`,
            ),
          ],
          fix: {
            text: `take ${text} out of externalIPs`,
            commands: [kubectl(namespace, 'edit', 'service', name)],
          },
          // Where no Service was asked for, the way has no such stretch.
          hop: endpoint === undefined ? 'service' : 'endpoint',
          touches: [objectKey('service', captor.metadata)],
          ...(ofNode || endpoint === undefined
            ? {}
            : { blocks: { model: 'unknown', endpoints: [endpoint.key] } as const }),
        },
      ];
    });
  },
};

function addressOf({ end, address }: Endpoint): string | undefined {
  return (end.kind === 'address' ? end.address : parseAddress(address ?? ''))?.value.toString();
}
