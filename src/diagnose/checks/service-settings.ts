import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { slicesOf } from '../model/endpoints.js';
import type { Endpoint, Facts } from '../model/facts.js';
import { isManifest, readyCondition } from '../model/pods.js';
import { itemsOf } from '../reading.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

const zoneLabel = 'topology.kubernetes.io/zone';

/** Settings of a Service that give some clients other endpoints than the healthy ones: unready pods, affinity, topology. */
export const serviceSettings: Check = {
  name: 'service-settings',
  codes: ['ND312', 'ND314', 'ND316'],
  reads: inputs('destination', 'services', 'pods', 'endpointslices'),
  mayRead: inputs('cluster', 'nodes'),
  concerns: ({ destination: { service } }) => service?.object !== undefined,
  find: (facts) => {
    const object = facts.destination.service?.object;
    // Without an address of its own nobody stands between a client and the pods: peers that look for each other want all of them.
    if (object === undefined || object.spec.clusterIP === 'None') return [];
    return [...unready(facts, object), ...pinned(facts, object), ...skewed(facts, object)];
  },
};

function base({ metadata }: SnapshotService): Pick<Finding, 'hop' | 'touches'> {
  return { hop: 'service', touches: [objectKey('service', metadata)] };
}

/** Endpoints of pods that run and are not Ready. */
function unreadyOf({ destination: { service } }: Facts): readonly Endpoint[] {
  return (service?.endpoints ?? []).filter(
    ({ pod, terminating }) => pod !== undefined && !terminating && !isManifest(pod) && !readyCondition(pod),
  );
}

function unready(facts: Facts, object: SnapshotService): Finding[] {
  const all = facts.destination.service?.endpoints ?? [];
  const bad = unreadyOf(facts);
  if (object.spec.publishNotReadyAddresses !== true || bad.length === 0) return [];
  const { namespace = '', name } = object.metadata;
  return [
    {
      ...base(object),
      code: 'ND312',
      severity: 'warning',
      confidence: 'likely',
      object: { kind: 'Service', namespace, name, fieldPath: 'spec.publishNotReadyAddresses', value: 'true' },
      message: `Service ${namespace}/${name} gives connections to pods that are not Ready, as publishNotReadyAddresses says: ${bad.length} of ${all.length} endpoints (${bad
        .slice(0, 3)
        .map(({ text }) => text)
        .join(', ')})`,
      evidence: [
        fromApi(`service ${namespace}/${name}`, 'publishNotReadyAddresses: true'),
        ...bad.slice(0, 3).map(({ text }) => fromApi(`pod ${text}`, 'Ready is not True')),
      ],
      fix: {
        text: 'take publishNotReadyAddresses away, unless pods have to find each other before they are Ready (then use a headless Service for that)',
        commands: [
          kubectl(namespace, 'patch', 'service', name, '-p', '{"spec":{"publishNotReadyAddresses":false}}'),
        ],
      },
      blocks: { model: 'unknown', endpoints: bad.map(({ key }) => key) },
    },
  ];
}

/** ClientIP affinity, and endpoints of which some are cut off from this client: it has all of its connections at one of them. */
function pinned(facts: Facts, object: SnapshotService): Finding[] {
  const { spec, metadata } = object;
  if (spec.sessionAffinity !== 'ClientIP') return [];
  const denied = facts.links
    .filter(({ verdict }) => verdict?.verdict === 'deny')
    .map(({ endpoint }) => endpoint);
  const published = spec.publishNotReadyAddresses === true ? unreadyOf(facts) : [];
  const bad = new Map([...denied, ...published].map((one) => [one.key, one]));
  const good = facts.destination.endpoints.filter(({ key, ready }) => ready && !bad.has(key));
  if (bad.size === 0 || good.length === 0) return [];
  const { namespace = '', name } = metadata;
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  const names = [...bad.values()].slice(0, 3).map(({ text }) => text);
  return [
    {
      ...base(object),
      code: 'ND316',
      severity: 'info',
      confidence: 'possible',
      object: { kind: 'Service', namespace, name, fieldPath: 'spec.sessionAffinity', value: 'ClientIP' },
      message: `Service ${namespace}/${name} keeps a client at one endpoint for ${seconds} s (sessionAffinity ClientIP): one that got ${names.join(' or ')} fails every time, and others never`,
      evidence: [
        fromApi(`service ${namespace}/${name}`, `sessionAffinity: ClientIP, timeoutSeconds: ${seconds}`),
        ...names.map((text) =>
          fromApi(`endpoint ${text}`, 'does not answer every client, as the other findings say'),
        ),
      ],
      fix: { text: 'mend that endpoint; a shorter timeoutSeconds lets clients go on sooner', commands: [] },
    },
  ];
}

/** Hints that leave the zone of the client with far less than its share of the endpoints. */
function skewed({ read, sources }: Facts, object: SnapshotService): Finding[] {
  const { namespace = '', name } = object.metadata;
  const endpoints = slicesOf(object, read('endpointslices', namespace))
    .filter(({ addressType }) => addressType !== 'IPv6')
    .flatMap((slice) => slice.endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false);
  // Where one endpoint has no hint kube-proxy uses none.
  const zonesOf = ({ hints }: (typeof endpoints)[number]): readonly string[] =>
    (hints?.forZones ?? []).map((zone) => zone.name);
  if (endpoints.length === 0 || endpoints.some((one) => zonesOf(one).length === 0)) return [];
  const zones = new Set(endpoints.flatMap(zonesOf));
  const nodes = new Map(
    itemsOf(read('nodes')).map(({ metadata }) => [metadata.name, metadata.labels?.[zoneLabel]]),
  );
  const clients = new Set(sources.flatMap(({ pod }) => nodes.get(pod?.spec.nodeName ?? '') ?? []));
  return [...clients].flatMap((zone): Finding[] => {
    const own = endpoints.filter((one) => zonesOf(one).includes(zone)).length;
    // Half of an even share is still ordinary.
    if (own === 0 || zones.size < 2 || own * zones.size * 2 >= endpoints.length) return [];
    const setting = object.spec.trafficDistribution ?? 'topology hints';
    return [
      {
        ...base(object),
        code: 'ND314',
        severity: 'info',
        confidence: 'possible',
        object: {
          kind: 'Service',
          namespace,
          name,
          fieldPath: 'spec.trafficDistribution',
          value: setting,
        },
        message: `clients in zone ${zone} are given ${own} of the ${endpoints.length} endpoints of Service ${namespace}/${name} (${setting}): all that the zone asks comes to ${own === 1 ? 'it' : 'them'}`,
        evidence: [
          fromApi(
            `endpoints of service ${namespace}/${name}`,
            `${own} of ${endpoints.length} with hints for ${zone}`,
          ),
        ],
        fix: {
          text: `run more replicas in zone ${zone} (topologySpreadConstraints), or drop the setting`,
          commands: [],
        },
      },
    ];
  });
}
