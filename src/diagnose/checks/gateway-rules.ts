import { kubectl, patchCommand } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { RouteWay } from '../outside/facts.js';
import { frontOf } from '../outside/fronts.js';
import { quote, says, statusOfParent, told } from '../outside/gateway-status.js';
import type { RouteBackend } from '../snapshot/types-outside.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { clientsMeet, closing, pathOf, routeAt, routeWaysOf, waysToTell } from './gateway-say.js';
import { say } from './outside-say.js';

/** A route of which the controller carries out only a part. */
export const gatewayPartial: Check = {
  name: 'gateway-partial',
  codes: ['ND656'],
  reads: [],
  concerns: ({ outside }) => routeWaysOf(outside).length > 0,
  find: (facts) =>
    [...new Map(waysToTell(facts.outside).map((way) => [way.route, way])).values()].flatMap((way) =>
      partial(facts, way),
    ),
};

function partial({ outside }: Facts, way: RouteWay): Finding[] {
  const { route, routeKind, parent } = way;
  if (parent === undefined) return [];
  const said = told(statusOfParent(route, parent), 'PartiallyInvalid', route.metadata.generation);
  if (!says(said, 'True')) return [];
  const rules = route.spec?.rules ?? [];
  const back = /fall(ing|s)? ?back/i.test(said.message);
  const named = namedRules(said.message).filter((index) => index < rules.length);
  const list = named.map((index) => `spec.rules[${index}]`).join(', ');
  const own = outside?.way;
  const mine = own?.kind === 'route' && own.route === route;
  // What a rule was before it was changed is still carried out after a fall back.
  const hit = mine && !back && (named.length === 0 || named.includes(own.rule));
  return [
    say(
      'ND656',
      `part of ${routeKind} ${pathOf(route)} is not carried out${list === '' ? '' : ` (${list})`}: ${said.message === '' ? said.reason : `"${said.message}"`}${back ? '; what it was before the last change is' : ''}`,
      {
        confidence: 'proven',
        object: routeAt(
          routeKind,
          route,
          named[0] === undefined ? 'spec.rules' : `spec.rules[${named[0]}]`,
          said.reason,
        ),
        evidence: [fromApi(objectKey(routeKind, route.metadata), quote('PartiallyInvalid', said))],
        fix: {
          text: 'mend the rule that the controller names',
          commands: [
            kubectl(route.metadata.namespace, 'describe', routeKind.toLowerCase(), route.metadata.name),
          ],
        },
        hop: 'route',
        touches: [objectKey(routeKind, route.metadata)],
        ...closing(hit, named.length === 0 ? 'unknown' : 'fail'),
      },
    ),
  ];
}

/** The rules that a message names by their index: `Dropped Rule 1`, `Dropped Rule(s) 0, 2`, `spec.rules[3].matches`. */
function namedRules(message: string): readonly number[] {
  const lists = message.matchAll(/\brule(?:\(s\)|s)?:?\s*[[#]?(\d{1,3}(?:(?:\s*,\s*|\s+and\s+)\d{1,3})*)/gi);
  const found = [...lists].flatMap(([, list = '']) => list.split(/\D+/).map(Number));
  return [...new Set(found)].sort((a, b) => a - b);
}

/** Weights of a rule that lead nowhere: all zero, or all on backends without a ready endpoint. */
export const gatewayWeights: Check = {
  name: 'gateway-weights',
  codes: ['ND657'],
  reads: inputs('destination', 'services', 'endpointslices', 'pods'),
  mayRead: inputs('cluster', 'services'),
  concerns: ({ outside }) => routeWaysOf(outside).some(({ declared }) => declared !== undefined),
  find: (facts) =>
    [
      ...new Map(
        waysToTell(facts.outside).map((way) => [
          `${objectKey(way.routeKind, way.route.metadata)} ${way.field}`,
          way,
        ]),
      ).values(),
    ].flatMap((way) => weights(facts, way)),
};

/** `live`: somebody ready stands behind it. `open`: nobody knows. */
type State = 'live' | 'dead' | 'missing' | 'open';

function weights(facts: Facts, { route, routeKind, rule, field }: RouteWay): Finding[] {
  const home = route.metadata.namespace ?? '';
  const refs = (route.spec?.rules?.[rule]?.backendRefs ?? []).map((ref, at) => ({
    ref,
    at,
    text: `${ref.namespace ?? home}/${ref.name}`,
    weight: ref.weight ?? 1,
    state: stateOf(facts, ref, home),
  }));
  if (refs.length === 0) return [];
  const weighted = refs.filter(({ weight }) => weight > 0);
  const idle = refs.filter(({ weight, state }) => weight === 0 && state === 'live');
  const dead = weighted.every(({ state }) => state === 'dead' || state === 'missing');
  if (!dead) return [];
  // Of Services that are not there another finding tells.
  if (idle.length === 0 && weighted.some(({ state }) => state === 'missing')) return [];
  const [first] = weighted.length === 0 ? refs : weighted;
  const names = weighted.map(({ text, weight }) => `${text} (weight ${weight})`).join(', ');
  const way = facts.outside?.way;
  const closes = way?.kind === 'route' && way.route === route && way.rule === rule;
  const spare = idle[0];
  return [
    say(
      'ND657',
      weighted.length === 0
        ? `every backend of ${field} of ${routeKind} ${pathOf(route)} has weight 0: nothing gets to one, ${clientsMeet(routeKind, 500)}`
        : `${field} of ${routeKind} ${pathOf(route)} sends everything to ${names}, where no endpoint is ready: ${clientsMeet(routeKind, 503)}${spare === undefined ? '' : `; ${spare.text}, the only live backend, has weight 0`}`,
      {
        confidence: weighted.length === 0 ? 'proven' : 'likely',
        object: routeAt(
          routeKind,
          route,
          `${field}.backendRefs[${(spare ?? first)?.at ?? 0}].weight`,
          String((spare ?? first)?.weight ?? 0),
        ),
        evidence: [
          fromApi(
            objectKey(routeKind, route.metadata),
            refs
              .slice(0, 6)
              .map(({ text, weight, state }) => `${text}: weight ${weight}${words[state]}`)
              .join('; '),
          ),
        ],
        fix:
          weighted.length === 0 || spare !== undefined
            ? {
                text: `give ${spare?.text ?? first?.text ?? ''} a weight`,
                commands: [
                  patchCommand(routeKind.toLowerCase(), { namespace: home, name: route.metadata.name }, [
                    {
                      op: 'add',
                      path: `/spec/rules/${rule}/backendRefs/${(spare ?? first)?.at ?? 0}/weight`,
                      value: 1,
                    },
                  ]),
                ],
              }
            : {
                text: 'bring the pods behind the Service up',
                commands: weighted
                  .slice(0, 3)
                  .map(({ ref }) =>
                    kubectl(
                      ref.namespace ?? home,
                      'get',
                      'endpointslices',
                      '-l',
                      `kubernetes.io/service-name=${ref.name}`,
                    ),
                  ),
              },
        hop: 'route',
        touches: [objectKey(routeKind, route.metadata), ...weighted.map(({ text }) => `service ${text}`)],
        ...closing(closes),
      },
    ),
  ];
}

const words: Readonly<Record<State, string>> = {
  live: ', ready endpoints',
  dead: ', no ready endpoint',
  missing: ', no such Service',
  open: '',
};

function stateOf(facts: Facts, ref: RouteBackend, home: string): State {
  const { read, model, outside } = facts;
  // Of manifests nobody knows what is ready, and of other kinds only the controller.
  if ((ref.kind ?? 'Service') !== 'Service' || (ref.group ?? '') !== '' || outside?.whole !== true)
    return 'open';
  const namespace = ref.namespace ?? home;
  const reading = read('services', namespace);
  if (reading.state !== 'there') return 'open';
  const service = reading.items.find(({ metadata }) => metadata.name === ref.name);
  if (service === undefined) return 'missing';
  const { type, publishNotReadyAddresses } = service.spec;
  if (type === 'ExternalName' || publishNotReadyAddresses === true) return 'open';
  const own = facts.destination.service;
  // Those that end may still serve.
  const ending =
    own?.object === service &&
    own.endpoints.some(({ serving, terminating, ready }) => !ready && serving && terminating);
  if (ending) return 'open';
  const { ready } = frontOf(read, model, service, []);
  if (ready === undefined) return 'open';
  return ready.length > 0 ? 'live' : 'dead';
}
