import { nearNames } from '../../target/near.js';
import { kubectl, patchCommand, pointerTo } from '../command.js';
import type { Evidence, Finding, Fix } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { parentsOf } from '../outside/attach.js';
import type { Parent, RouteKind } from '../outside/facts.js';
import { allRoutes } from '../outside/gateway.js';
import {
  classOf,
  isYoung,
  programmed,
  quote,
  says,
  statusOfParent,
  told,
  type Told,
} from '../outside/gateway-status.js';
import { gatewayHostMatches } from '../outside/match.js';
import { itemsOf } from '../reading.js';
import type { Route } from '../snapshot/types-outside.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { listenerKey } from './gateway-listener.js';
import { gatewayText, nearestListener } from './gateway-nearest.js';
import { closing, pathOf, routeAt, routeWaysOf, waysToTell } from './gateway-say.js';
import { say } from './outside-say.js';

const routes = ['httproutes', 'grpcroutes', 'tlsroutes', 'tcproutes'] as const;

/** Routes that no Gateway takes: what their controllers say, and what the listeners say where no controller did. */
export const gatewayRoute: Check = {
  name: 'gateway-route',
  codes: ['ND654'],
  reads: [],
  mayRead: inputs('cluster', 'gateways', 'gatewayclasses', 'namespaces', ...routes),
  concerns: ({ outside }) => outside !== undefined && outside.target.kind !== 'Ingress',
  find: (facts) => concerned(facts).flatMap((one) => find(facts, one)),
};

interface Concerned {
  readonly kind: RouteKind;
  readonly route: Route;
  readonly parents: readonly Parent[];
}

/** The routes that the question is about: that were asked for, that name the Gateway or the host, or by which a way leads. */
function concerned({ read, outside }: Facts): readonly Concerned[] {
  if (outside === undefined) return [];
  const { target, url } = outside;
  const telling = waysToTell(outside);
  const known = new Set(telling.map(({ route }) => route));
  // What is beside the ways of the question the first leg tells.
  if (telling.length < routeWaysOf(outside).length)
    return telling.map(({ routeKind: kind, route }) => ({
      kind,
      route,
      parents: parentsOf(read, kind, route),
    }));
  return allRoutes(read).flatMap(({ kind, route }): Concerned[] => {
    const parents = parentsOf(read, kind, route);
    if (target.kind === 'Gateway') {
      const own = parents.filter(
        ({ gateway }) =>
          gateway?.metadata.name === target.name && gateway.metadata.namespace === target.namespace,
      );
      return own.length === 0 ? [] : [{ kind, route, parents: own }];
    }
    const asked =
      target.kind === kind &&
      target.name === route.metadata.name &&
      target.namespace === route.metadata.namespace;
    // A host that some way serves needs no other.
    const named =
      outside.ways.length === 0 &&
      outside.missed.length === 0 &&
      url !== undefined &&
      (route.spec?.hostnames ?? []).some((host) => gatewayHostMatches(host, url.host));
    return asked || named || known.has(route) ? [{ kind, route, parents }] : [];
  });
}

/** What became of a route at one of its parents. */
type State =
  | { readonly is: 'taken' | 'open' }
  | {
      readonly is: 'refused';
      readonly text: string;
      readonly proven: boolean;
      readonly evidence: readonly Evidence[];
      readonly fix: Fix;
      readonly touches: readonly string[];
      readonly field: string;
      readonly value: string;
      /** It was taken before it was changed, or nobody decided yet. */
      readonly perhaps?: boolean;
    };

function find(facts: Facts, one: Concerned): Finding[] {
  const { outside } = facts;
  const { kind, route, parents } = one;
  const way = outside?.way;
  const states = parents.map((parent) => ({ parent, state: stateOf(facts, one, parent) }));
  if ((route.spec?.parentRefs ?? []).length === 0) return [orphan(kind, route, closes(facts, route))];
  // By another parent clients get in.
  const elsewhere = states.some(({ parent, state }) => !parent.foreign && state.is !== 'refused');
  return states.flatMap(({ parent, state }): Finding[] => {
    if (state.is !== 'refused') return [];
    const own = way?.kind === 'route' && way.parent !== undefined ? way.parent.field === parent.field : true;
    return [
      say('ND654', `${kind} ${pathOf(route)} ${state.text}`, {
        confidence: state.proven ? 'proven' : 'likely',
        object: routeAt(kind, route, state.field, state.value),
        evidence: state.evidence,
        fix: state.fix,
        hop: 'route',
        touches: [objectKey(kind, route.metadata), ...state.touches],
        ...closing(own && !elsewhere && closes(facts, route), state.perhaps === true ? 'unknown' : 'fail'),
      }),
    ];
  });
}

/** Whether the leg goes by this route, or by none at all because of it. */
function closes({ outside }: Facts, route: Route): boolean {
  const way = outside?.way;
  return way === undefined || (way.kind === 'route' && way.route === route);
}

function orphan(kind: RouteKind, route: Route, closed: boolean): Finding {
  return say(
    'ND654',
    `${kind} ${pathOf(route)} names no Gateway: parentRefs is empty, and nobody serves it`,
    {
      confidence: 'proven',
      object: routeAt(kind, route, 'spec.parentRefs'),
      evidence: [fromApi(objectKey(kind, route.metadata), 'spec.parentRefs: (empty)')],
      fix: {
        text: 'name the Gateway in spec.parentRefs',
        commands: [kubectl(undefined, 'get', 'gateways', '-A')],
      },
      hop: 'route',
      touches: [objectKey(kind, route.metadata)],
      ...closing(closed),
    },
  );
}

/** Reasons of `Accepted: False` in words. Source: RouteConditionReason of Gateway API. */
const words: Readonly<Record<string, string>> = {
  NotAllowedByListeners: 'no listener lets it attach',
  NoMatchingListenerHostname: 'none of its hostnames is one of a listener',
  NoMatchingParent: 'no listener has the name or the port that its parentRefs ask for',
  UnsupportedValue: 'the controller does not support a value in it',
  IncompatibleFilters: 'filters of one of its rules exclude one another',
  UnsupportedProtocol: 'the controller does not support the protocol',
  Pending: 'the controller has not decided on it yet',
};

function stateOf(facts: Facts, { kind, route }: Concerned, parent: Parent): State {
  const { read, outside } = facts;
  const { gateway, ref, field, foreign } = parent;
  if (foreign) return { is: 'open' };
  const key = objectKey(kind, route.metadata);
  if (gateway === undefined) return missing(facts, kind, route, parent);
  const whole = outside?.whole === true;
  const own = classOf(read, gateway, whole);
  const { generation } = route.metadata;
  const conditions = statusOfParent(route, parent, own.object?.spec?.controllerName);
  const accepted = told(conditions, 'Accepted', generation);
  if (says(accepted, 'True')) return { is: 'taken' };
  const nearest = nearestListener(read, kind, route, parent, says(accepted, 'False') ? accepted.reason : '');
  const touches = [
    objectKey('gateway', gateway.metadata),
    ...(gateway.spec?.listeners ?? []).map((listener) => listenerKey(gateway, listener)),
  ];
  const common = { is: 'refused', field, value: ref.name, touches } as const;
  const by = gatewayText(gateway);
  if (says(accepted, 'False')) {
    const reason = words[accepted.reason] ?? accepted.reason;
    const why = nearest === undefined ? accepted.message : nearest.text;
    return {
      ...common,
      text: `is not accepted by ${by}: ${[reason, why].filter((one) => one !== '').join('; ')}`,
      proven: true,
      evidence: [
        fromApi(key, quote('Accepted', accepted)),
        ...(nearest === undefined ? [] : [fromApi(by.toLowerCase(), nearest.excerpt)]),
      ],
      fix: nearest?.fix ?? look(kind, route),
      ...(accepted.reason === 'Pending' ? { perhaps: true } : {}),
    };
  }
  if (nearest !== undefined)
    return {
      ...common,
      text: `does not attach to ${by}: ${nearest.text}`,
      proven: false,
      evidence: [
        fromApi(by.toLowerCase(), nearest.excerpt),
        ...(accepted.status === 'none' ? [] : [fromApi(key, staleText(accepted, generation))]),
      ],
      fix: nearest.fix,
    };
  // Whether the route is looked at at all only a cluster tells, and only where its Gateway is.
  const served = (own.state === 'open' || own.state === 'unread') && says(programmed(gateway), 'True');
  if (!whole || !served || isYoung(route.metadata, facts.now)) return { is: 'open' };
  if (accepted.status === 'none')
    return {
      ...common,
      text: `fits ${by}, and its controller has said nothing about it${conditions === undefined ? ': status.parents has no entry' : ''}; it may not take ${kind}s, or not look at namespace ${route.metadata.namespace ?? ''}`,
      proven: false,
      evidence: [
        fromApi(key, 'status.parents: no entry of this Gateway'),
        fromApi(by.toLowerCase(), quote('Programmed', programmed(gateway))),
      ],
      fix: look(kind, route),
    };
  return {
    ...common,
    text: accepted.fresh
      ? `is not decided on by the controller of ${by}${accepted.message === '' ? '' : `: ${accepted.message}`}`
      : `was changed, and the controller of ${by} has not looked at it since: ${staleText(accepted, generation)}`,
    proven: false,
    evidence: [fromApi(key, accepted.fresh ? quote('Accepted', accepted) : staleText(accepted, generation))],
    fix: look(kind, route),
    perhaps: true,
  };
}

function look(kind: RouteKind, { metadata }: Route): Fix {
  return {
    text: 'see what the controller says of the route',
    commands: [kubectl(metadata.namespace, 'describe', kind.toLowerCase(), metadata.name)],
  };
}

function staleText({ observed, status }: Told, generation: number | undefined): string {
  return `its status (Accepted: ${status}) is for generation ${observed ?? ''}, its spec is ${generation ?? ''}`;
}

/** A Gateway that is not there. Of manifests alone nobody knows which Gateways the cluster has. */
function missing({ read, outside }: Facts, kind: RouteKind, route: Route, { ref, field }: Parent): State {
  const home = route.metadata.namespace ?? '';
  const namespace = ref.namespace ?? home;
  const reading = read('gateways', namespace);
  if (outside?.whole !== true || reading.state !== 'there') return { is: 'open' };
  if (reading.items.some(({ metadata }) => metadata.name === ref.name)) return { is: 'open' };
  const all = itemsOf(read('gateways'));
  const [elsewhere] = all.filter(({ metadata }) => metadata.name === ref.name);
  const [near] = nearNames(
    ref.name,
    reading.items.map(({ metadata }) => metadata.name),
  );
  const patch = (value: object): string =>
    patchCommand(kind.toLowerCase(), { namespace: home, name: route.metadata.name }, [
      {
        op: 'replace',
        path: pointerTo(field),
        value,
      },
    ]);
  const there = elsewhere?.metadata.namespace ?? '';
  return {
    is: 'refused',
    field: elsewhere === undefined ? `${field}.name` : `${field}.namespace`,
    value: elsewhere === undefined ? ref.name : (ref.namespace ?? '(absent)'),
    text: `names Gateway ${namespace}/${ref.name}, which does not exist${elsewhere === undefined ? '' : `; there is one of this name in namespace ${there}`}`,
    proven: true,
    evidence: [
      fromApi(objectKey(kind, route.metadata), `${field}: ${namespace}/${ref.name}`),
      fromApi('gateways', all.slice(0, 8).map(pathOf).join(', ') || 'none'),
    ],
    fix:
      elsewhere !== undefined
        ? { text: `name its namespace ${there}`, commands: [patch({ ...ref, namespace: there })] }
        : near === undefined
          ? {
              text: 'make the Gateway, or correct the name',
              commands: [kubectl(undefined, 'get', 'gateways', '-A')],
            }
          : { text: `did you mean ${near}?`, commands: [patch({ ...ref, name: near })] },
    touches: [`gateway ${namespace}/${ref.name}`],
  };
}
