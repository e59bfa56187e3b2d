import { isFinished } from '../../target/pods.js';
import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { slicesOf } from '../model/endpoints.js';
import { addressesOf } from '../model/pods.js';
import { contains, parseAddress, parseCidr } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

const serviceNameLabel = 'kubernetes.io/service-name';

/** A Service without a selector: somebody has to write its slices, with the label that ties them to it, and with addresses that live. */
export const serviceSlices: Check = {
  name: 'service-slices',
  codes: ['ND311'],
  reads: inputs('destination', 'services', 'endpointslices'),
  mayRead: inputs('cluster', 'pods', 'nodes'),
  concerns: ({ destination: { service } }) => service?.object !== undefined,
  find: (facts) => {
    const { read, destination } = facts;
    const object = destination.service?.object;
    if (object === undefined || object.spec.type === 'ExternalName') return [];
    if (Object.keys(object.spec.selector ?? {}).length > 0) return [];
    const { namespace = '', name } = object.metadata;
    const slices = slicesOf(object, read('endpointslices', namespace));
    if (slices.length > 0)
      return dead(
        facts,
        slices.map(({ metadata }) => metadata.name),
      );
    const stray = itemsOf(read('endpointslices', namespace)).find(
      ({ metadata }) =>
        metadata.labels?.[serviceNameLabel] === undefined &&
        (metadata.name === name || metadata.name.startsWith(`${name}-`)),
    );
    return [
      {
        code: 'ND311',
        severity: 'error',
        confidence: 'proven',
        object:
          stray === undefined
            ? { kind: 'Service', namespace, name, fieldPath: 'spec.selector', value: '' }
            : {
                kind: 'EndpointSlice',
                namespace,
                name: stray.metadata.name,
                fieldPath: `metadata.labels['${serviceNameLabel}']`,
                value: '',
              },
        message: `Service ${namespace}/${name} has no selector, and no EndpointSlice has the label ${serviceNameLabel}=${name}${stray === undefined ? '' : `; ${stray.metadata.name} looks like its own and lacks it`}`,
        evidence: [
          fromApi(`endpointslices of namespace ${namespace}`, `none labelled ${serviceNameLabel}=${name}`),
        ],
        fix: {
          text:
            stray === undefined
              ? 'write an EndpointSlice with this label, or give the Service a selector'
              : 'label the slice',
          commands:
            stray === undefined
              ? []
              : [
                  kubectl(
                    namespace,
                    'label',
                    'endpointslice',
                    stray.metadata.name,
                    `${serviceNameLabel}=${name}`,
                  ),
                ],
        },
        hop: 'service',
        touches: [objectKey('service', object.metadata)],
        blocks: { model: 'fail' },
      },
    ];
  },
};

/** Addresses of the pod network that no pod has. Addresses outside it are nobody's business here. */
function dead({ read, destination }: Parameters<Check['find']>[0], slices: readonly string[]): Finding[] {
  const { service, endpoints } = destination;
  const [pods, nodes] = [read('pods'), read('nodes')];
  const object = service?.object;
  if (object === undefined || pods.state !== 'there' || nodes.state !== 'there') return [];
  const blocks = nodes.items
    .flatMap(({ spec }) => [
      ...(spec?.podCIDRs ?? []),
      ...(spec?.podCIDR === undefined ? [] : [spec.podCIDR]),
    ])
    .flatMap((text) => parseCidr(text) ?? []);
  const alive = new Set(pods.items.filter((pod) => !isFinished(pod)).flatMap(addressesOf));
  const lost = endpoints.filter(({ pod, address }) => {
    const parsed = address === undefined ? undefined : parseAddress(address);
    return (
      pod === undefined &&
      parsed !== undefined &&
      !alive.has(parsed.text) &&
      blocks.some((block) => contains(block, parsed))
    );
  });
  const [first] = lost;
  if (first === undefined) return [];
  const { namespace = '', name } = object.metadata;
  return [
    {
      code: 'ND311',
      severity: lost.length === endpoints.length ? 'error' : 'warning',
      confidence: 'likely',
      object: {
        kind: 'EndpointSlice',
        namespace,
        name: slices[0] ?? name,
        fieldPath: 'endpoints[].addresses',
        value: first.address ?? '',
      },
      message: `${lost.map(({ address }) => address).join(', ')} in the slices of Service ${namespace}/${name} ${lost.length === 1 ? 'is an address' : 'are addresses'} of the pod network that no pod has`,
      evidence: [fromApi(`endpointslice ${namespace}/${slices[0] ?? ''}`, `address ${first.address ?? ''}`)],
      fix: {
        text: 'write the address that the server has now, or use a selector',
        commands: [kubectl(namespace, 'edit', 'endpointslice', slices[0] ?? '')],
      },
      hop: 'service',
      touches: [objectKey('service', object.metadata)],
      blocks: { model: 'fail', endpoints: lost.map(({ key }) => key) },
    },
  ];
}
