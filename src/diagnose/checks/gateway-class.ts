import { nearNames } from '../../target/near.js';
import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { ageText } from '../model/pods.js';
import {
  classOf,
  isYoung,
  programmed,
  quote,
  says,
  type GatewayClassFacts,
} from '../outside/gateway-status.js';
import type { Gateway } from '../snapshot/types-outside.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { closing, gatewayAt, gatewayTouches, passes, pathOf } from './gateway-say.js';
import { say } from './outside-say.js';

/** The class of a Gateway: not there, refused by its controller, or taken up by nobody. */
export const gatewayClass: Check = {
  name: 'gateway-class',
  codes: ['ND651'],
  reads: inputs('cluster', 'gatewayclasses'),
  // Of manifests alone nobody knows which classes the cluster has.
  concerns: ({ outside }) => outside?.whole === true && outside.gateways.length > 0,
  find: (facts) => (facts.outside?.gateways ?? []).flatMap((gateway) => find(facts, gateway)),
};

/** Reasons of `Accepted: False` in words. Source: GatewayClassConditionReason of Gateway API. */
const words: Readonly<Record<string, string>> = {
  InvalidParameters: 'its parametersRef is wrong or cannot be read',
  UnsupportedVersion:
    'the installed version of the Gateway API definitions is none that the controller supports',
  Unsupported: 'the controller does not support it',
};

function find(facts: Facts, gateway: Gateway): Finding[] {
  const own = classOf(facts.read, gateway, true);
  switch (own.state) {
    case 'missing':
      return [missing(facts, gateway, own)];
    case 'refused':
      return [refused(facts, gateway, own)];
    case 'waiting':
      return own.object !== undefined && isYoung(own.object.metadata, facts.now)
        ? []
        : [waiting(facts, gateway, own)];
    case 'open':
    case 'unread':
      return [];
  }
}

function common(
  facts: Facts,
  gateway: Gateway,
  { name = '' }: GatewayClassFacts,
): Pick<Finding, 'hop' | 'touches'> {
  return { hop: 'gateway', touches: [`gatewayclass ${name}`, ...gatewayTouches(facts, gateway)] };
}

function missing(facts: Facts, gateway: Gateway, own: GatewayClassFacts): Finding {
  const { name = '', known } = own;
  const { namespace = '', name: gatewayName } = gateway.metadata;
  const [near] = nearNames(name, known);
  const meant = near ?? (known.length === 1 ? known[0] : undefined);
  // What was set up before the class went may still run.
  const runs = says(programmed(gateway), 'True');
  return say(
    'ND651',
    `Gateway ${pathOf(gateway)} names GatewayClass ${name}, which does not exist; ${known.length === 0 ? 'the cluster has none' : `available: ${known.slice(0, 8).join(', ')}`}`,
    {
      confidence: runs ? 'likely' : 'proven',
      object: gatewayAt(gateway, 'spec.gatewayClassName', name),
      evidence: [
        fromApi(`gateway ${pathOf(gateway)}`, `gatewayClassName: ${name}`),
        fromApi('gatewayclasses', known.slice(0, 10).join(', ') || 'none'),
      ],
      fix: {
        text:
          meant === undefined
            ? 'install the controller that brings the class, or name another one'
            : near === undefined
              ? `name the class ${meant}`
              : `did you mean ${meant}?`,
        commands:
          meant === undefined
            ? [kubectl(undefined, 'get', 'gatewayclasses')]
            : [
                kubectl(
                  namespace,
                  'patch',
                  'gateway',
                  gatewayName,
                  '--type=merge',
                  '-p',
                  JSON.stringify({ spec: { gatewayClassName: meant } }),
                ),
              ],
      },
      ...common(facts, gateway, own),
      ...closing(!runs && passes(facts, gateway)),
    },
  );
}

function refused(facts: Facts, gateway: Gateway, own: GatewayClassFacts): Finding {
  const { name = '', accepted, object } = own;
  const why = words[accepted.reason] ?? accepted.reason;
  return say(
    'ND651',
    `GatewayClass ${name} of Gateway ${pathOf(gateway)} is not accepted by its controller ${object?.spec?.controllerName ?? ''}: ${[why, accepted.message].filter((one) => one !== '').join(': ')}`,
    {
      confidence: accepted.fresh ? 'proven' : 'likely',
      object: { kind: 'GatewayClass', name, fieldPath: 'status.conditions', value: accepted.reason },
      evidence: [fromApi(`gatewayclass ${name}`, quote('Accepted', accepted))],
      fix: {
        text:
          accepted.reason === 'UnsupportedVersion'
            ? 'install the version of the Gateway API definitions that the controller asks for, or a controller that supports this one'
            : accepted.reason === 'InvalidParameters'
              ? 'correct spec.parametersRef of the class, or what it names'
              : 'mend what the controller says of the class',
        commands: [kubectl(undefined, 'describe', 'gatewayclass', name)],
      },
      ...common(facts, gateway, own),
      ...closing(passes(facts, gateway)),
    },
  );
}

function waiting(facts: Facts, gateway: Gateway, own: GatewayClassFacts): Finding {
  const { name = '', accepted, object } = own;
  const age = ageText(object?.metadata.creationTimestamp, facts.now);
  const controller = object?.spec?.controllerName ?? '';
  return say(
    'ND651',
    `no controller has taken up GatewayClass ${name} of Gateway ${pathOf(gateway)}${age === undefined ? '' : `, which is ${age} old`}: ${controller} does not run, or does not know it`,
    {
      object: { kind: 'GatewayClass', name, fieldPath: 'spec.controllerName', value: controller },
      evidence: [
        fromApi(`gatewayclass ${name}`, `controllerName: ${controller}, ${quote('Accepted', accepted)}`),
      ],
      fix: {
        text: `install or start the controller ${controller}, or name a class that one serves`,
        commands: [kubectl(undefined, 'get', 'gatewayclasses')],
      },
      ...common(facts, gateway, own),
      ...closing(passes(facts, gateway)),
    },
  );
}
