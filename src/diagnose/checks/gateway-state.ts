import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { ageText } from '../model/pods.js';
import {
  classOf,
  isAnswered,
  isYoung,
  programmed,
  quote,
  says,
  told,
  type Told,
} from '../outside/gateway-status.js';
import type { Gateway } from '../snapshot/types-outside.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { closing, gatewayAt, gatewayTouches, passes, pathOf, routeWaysOf } from './gateway-say.js';
import { brokenListeners, listenerKey } from './gateway-listener.js';
import { say } from './outside-say.js';

/** What the controller says of a Gateway: refused, not carried out, of an older spec, or nothing at all. */
export const gatewayState: Check = {
  name: 'gateway-state',
  codes: ['ND652'],
  reads: [],
  mayRead: inputs('cluster', 'gatewayclasses', 'secrets', 'referencegrants'),
  concerns: ({ outside }) => outside?.whole === true && outside.gateways.length > 0,
  find: (facts) => (facts.outside?.gateways ?? []).flatMap((gateway) => find(facts, gateway)),
};

/** Reasons in words. Source: GatewayConditionReason of Gateway API. */
const words: Readonly<Record<string, string>> = {
  NoResources: 'the controller has nothing to carry it out with',
  AddressNotAssigned: 'it has got no address',
  AddressNotUsable: 'the address that it asks for cannot be used',
  UnsupportedAddress: 'it asks for a kind of address that the controller does not support',
  ListenersNotValid: 'no listener of it is valid',
  InvalidParameters: 'its infrastructure.parametersRef is wrong or cannot be read',
  Invalid: 'it is not valid',
  Pending: 'the controller is not done with it',
  NotReconciled: 'no controller has looked at it',
};

function find(facts: Facts, gateway: Gateway): Finding[] {
  // Of a class that nobody serves there is nothing to expect.
  const { state } = classOf(facts.read, gateway, true);
  if (state !== 'open' && state !== 'unread') return [];
  const { metadata, status } = gateway;
  const accepted = told(status?.conditions, 'Accepted', metadata.generation);
  const carried = programmed(gateway);
  const known = [accepted, carried].filter((one) => one.status === 'True' || one.status === 'False');
  if (known.length === 0)
    return state === 'unread' || isAnswered(gateway) || isYoung(metadata, facts.now)
      ? []
      : [untouched(facts, gateway, accepted)];
  if (known.every(({ fresh }) => !fresh)) return [stale(facts, gateway, accepted, carried)];
  if (says(accepted, 'False')) return [refused(facts, gateway, 'Accepted', accepted)];
  if (says(carried, 'False')) return [refused(facts, gateway, 'Programmed', carried)];
  return [];
}

function common(facts: Facts, gateway: Gateway): Pick<Finding, 'hop' | 'touches'> {
  return { hop: 'gateway', touches: gatewayTouches(facts, gateway) };
}

function describe({ metadata }: Gateway): string {
  return kubectl(metadata.namespace, 'describe', 'gateway', metadata.name);
}

function untouched(facts: Facts, gateway: Gateway, accepted: Told): Finding {
  const own = classOf(facts.read, gateway, true);
  const age = ageText(gateway.metadata.creationTimestamp, facts.now);
  const controller = own.object?.spec?.controllerName ?? undefined;
  return say(
    'ND652',
    `no controller has written a status of Gateway ${pathOf(gateway)}${age === undefined ? '' : `, which is ${age} old`}: ${controller ?? 'that of its class'} does not run, or leaves it out`,
    {
      object: gatewayAt(gateway, 'status.conditions'),
      evidence: [
        fromApi(`gateway ${pathOf(gateway)}`, quote('Accepted', accepted)),
        ...(controller === undefined
          ? []
          : [
              fromApi(
                `gatewayclass ${own.name ?? ''}`,
                `controllerName: ${controller}, ${quote('Accepted', own.accepted)}`,
              ),
            ]),
      ],
      fix: {
        text: 'see whether the controller runs and which namespaces it looks at',
        commands: [describe(gateway)],
      },
      ...common(facts, gateway),
      ...closing(passes(facts, gateway)),
    },
  );
}

function stale(facts: Facts, gateway: Gateway, accepted: Told, carried: Told): Finding {
  const { generation } = gateway.metadata;
  const seen = Math.max(accepted.observed ?? 0, carried.observed ?? 0);
  return say(
    'ND652',
    `the status of Gateway ${pathOf(gateway)} is for generation ${seen}, its spec is ${generation ?? ''}: the controller is behind or dead, and what was changed since is not carried out`,
    {
      object: gatewayAt(gateway, 'status.conditions[].observedGeneration', String(seen)),
      evidence: [
        fromApi(
          `gateway ${pathOf(gateway)}`,
          `metadata.generation: ${generation ?? ''}, observedGeneration: ${seen}`,
        ),
        fromApi(
          `gateway ${pathOf(gateway)}`,
          `${quote('Accepted', accepted)}, ${quote('Programmed', carried)}`,
        ),
      ],
      fix: { text: 'see why the controller does not look at the Gateway', commands: [describe(gateway)] },
      ...common(facts, gateway),
      // What ran before goes on; whether it does for this client nobody has said.
      ...closing(passes(facts, gateway), carried.status === 'True' ? 'unknown' : 'fail'),
    },
  );
}

function refused(facts: Facts, gateway: Gateway, type: string, said: Told): Finding {
  const why = [words[said.reason] ?? said.reason, said.message].filter((one) => one !== '').join(': ');
  const broken = brokenListeners(facts, gateway).map((listener) => listenerKey(gateway, listener));
  const touches = [...gatewayTouches(facts, gateway), ...(said.reason === 'ListenersNotValid' ? broken : [])];
  // Without an address of its own a Gateway may be reached by those of its Service.
  const other =
    said.reason.startsWith('Address') &&
    routeWaysOf(facts.outside).some(
      ({ parent, entries }) => parent?.gateway === gateway && entries.length > 0,
    );
  const pending = said.reason === 'Pending';
  return say(
    'ND652',
    `Gateway ${pathOf(gateway)} is not ${type === 'Accepted' ? 'accepted by its controller' : 'carried out'}: ${why}`,
    {
      confidence: 'proven',
      object: gatewayAt(gateway, 'status.conditions', said.reason),
      evidence: [fromApi(`gateway ${pathOf(gateway)}`, quote(type, said))],
      fix: {
        text:
          said.reason === 'AddressNotAssigned'
            ? 'see why its Service gets no address: a load balancer, or a free address of its pool, may be missing'
            : said.reason === 'ListenersNotValid'
              ? 'mend the listeners'
              : 'mend what the controller says',
        commands: [describe(gateway)],
      },
      hop: 'gateway',
      touches,
      ...closing(passes(facts, gateway) && !other, pending ? 'unknown' : 'fail'),
    },
  );
}
