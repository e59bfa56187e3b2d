import { patchCommand } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { portProtocol, serverFirstOf } from '../mesh/protocol.js';
import type { Facts } from '../model/facts.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';

/** Ports whose protocol the mesh takes for another: servers that speak first behind a port that waits for the client, or that is called HTTP. */
export const meshPorts: Check = {
  name: 'mesh-ports',
  codes: ['ND704'],
  reads: [],
  concerns: ({ mesh, destination }) => mesh !== undefined && destination.service?.port !== undefined,
  find: (facts) => {
    const { mesh, destination } = facts;
    const { service } = destination;
    const port = service?.port;
    const object = service?.object;
    if (mesh === undefined || port === undefined || object === undefined) return [];
    const between = mesh.links.filter(
      ({ view, server }) => view.member.kind === 'sidecar' || server?.kind === 'sidecar',
    );
    const { protocol, by } = portProtocol(port);
    const pod = destination.endpoints.find((one) => one.pod !== undefined);
    if (between.length === 0 || pod?.pod === undefined || (protocol !== 'auto' && protocol !== 'http'))
      return [];
    const image = imageOf(pod.pod, pod.port);
    const byImage = serverFirstOf(image, undefined);
    // Of a port that says http a number proves nothing: anything may listen there.
    const first = byImage ?? (protocol === 'auto' ? serverFirstOf(undefined, port.port) : undefined);
    if (first === undefined) return [];
    const { namespace = '', name } = object.metadata;
    const index = (object.spec.ports ?? []).indexOf(port);
    const hung = hangs(facts);
    const closed = protocol === 'http' || hung !== undefined;
    const why =
      protocol === 'http'
        ? `is called ${by?.value ?? ''}, so that proxies read HTTP, and ${first} is behind it`
        : `says nothing of its protocol, so that proxies wait for the client's first bytes to find out; ${first} lets the server speak first: both wait`;
    return [
      {
        code: 'ND704',
        severity: closed ? 'error' : 'warning',
        confidence: hung !== undefined ? 'proven' : byImage === undefined ? 'possible' : 'likely',
        object: {
          kind: 'Service',
          namespace,
          name,
          fieldPath: `spec.ports[${Math.max(index, 0)}].${by?.field ?? 'name'}`,
          value: by?.value ?? port.name ?? '',
        },
        message: `port ${port.port}${port.name === undefined ? '' : ` (${port.name})`} of Service ${namespace}/${name} ${why}`,
        evidence: [
          fromApi(
            `service ${namespace}/${name}`,
            `port ${port.port}, name ${port.name ?? 'none'}, no appProtocol that says tcp`,
          ),
          ...(byImage === undefined ? [] : [fromApi(`pod ${pod.text}`, `image ${image ?? ''}`)]),
          ...(hung === undefined ? [] : [hung]),
        ],
        fix: {
          text: 'say that it is TCP',
          commands:
            index < 0
              ? []
              : [
                  patchCommand('service', { namespace, name }, [
                    { op: 'add', path: `/spec/ports/${index}/appProtocol`, value: 'tcp' },
                  ]),
                ],
        },
        hop: 'mesh',
        touches: [objectKey('service', object.metadata), pod.key],
        blocks: { model: closed ? 'fail' : 'unknown' },
      } satisfies Finding,
    ];
  },
};

/** The image of the container that declares the port; of a pod with a single one besides the proxy, that one. */
function imageOf({ spec }: SnapshotPod, port: number | undefined): string | undefined {
  const own = spec.containers.filter(({ name }) => name !== 'istio-proxy');
  const declares = own.find(
    ({ ports }) => ports?.some(({ containerPort }) => containerPort === port) === true,
  );
  return (declares ?? (own.length === 1 ? own[0] : undefined))?.image;
}

/** A probe that was connected and then heard nothing. */
function hangs({ observed, sources }: Facts): Finding['evidence'][number] | undefined {
  const keys = new Set(sources.map(({ key }) => key));
  const found = observed?.http.find(
    ({ from, to, failure }) =>
      keys.has(from) &&
      to.role === 'service' &&
      (failure?.phase === 'http' || failure?.phase === 'tls') &&
      /time|silence|no answer/i.test(failure.text),
  );
  return found?.failure === undefined
    ? undefined
    : {
        source: 'probe',
        about: `${found.from} to ${found.url}`,
        excerpt: `connected, then ${found.failure.text}`,
      };
}
