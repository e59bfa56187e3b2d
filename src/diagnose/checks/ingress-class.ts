import { nearNames } from '../../target/near.js';
import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { ageText, crashOf, readyCondition, statusesOf } from '../model/pods.js';
import { classesWithoutObject, servesAnnotation, takesClassless } from '../outside/controllers.js';
import type { IngressWay } from '../outside/facts.js';
import { statusAddresses } from '../outside/fronts.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { ingressAt, ingressWay, nameOf, say } from './outside-say.js';

/** Whether anybody makes a proxy of an Ingress: its class, and the controller of that class. */
export const ingressClass: Check = {
  name: 'ingress-class',
  codes: ['ND601', 'ND602'],
  reads: inputs('cluster', 'ingressclasses', 'pods'),
  mayRead: inputs('cluster', 'ingresses'),
  // Of manifests alone nobody knows which classes and controllers the cluster has.
  concerns: (facts) => facts.outside?.whole === true && ingressWay(facts) !== undefined,
  find: (facts) => {
    const way = ingressWay(facts);
    if (way === undefined) return [];
    const found = classless(facts, way);
    return found.length > 0 ? found : unserved(facts, way);
  },
};

function common(way: IngressWay): Pick<Finding, 'hop' | 'touches'> {
  const fronts = way.fronts.map(({ service }) => objectKey('service', service.metadata));
  return { hop: 'ingress-controller', touches: [objectKey('ingress', way.ingress.metadata), ...fronts] };
}

/** No such class, no class at all, or two default ones. */
function classless(facts: Facts, way: IngressWay): Finding[] {
  const { ingress, class: own } = way;
  const { namespace = '', name } = ingress.metadata;
  const pods = itemsOf(facts.read('pods'));
  const known = own.known ?? [];
  const list = known.length === 0 ? 'the cluster has none' : `there are ${known.slice(0, 8).join(', ')}`;
  const served = way.addresses.length > 0;
  const patch = (to: string): string[] => [
    kubectl(namespace, 'patch', 'ingress', name, '-p', JSON.stringify({ spec: { ingressClassName: to } })),
  ];
  const [near] = nearNames(own.name ?? '', known);
  const only = known.length === 1 ? known[0] : undefined;
  if (own.by === 'default' && own.defaults.length > 1) {
    return [
      say(
        'ND602',
        `Ingress ${namespace}/${name} names no class, and ${own.defaults.join(' and ')} are both default: which of them takes it is open, and the API server refuses new Ingresses without a class`,
        {
          severity: 'warning',
          object: {
            kind: 'IngressClass',
            name: own.defaults[1] ?? '',
            fieldPath: 'metadata.annotations[ingressclass.kubernetes.io/is-default-class]',
            value: 'true',
          },
          evidence: own.defaults
            .slice(0, 4)
            .map((one) => fromApi(`ingressclass ${one}`, 'is-default-class: "true"')),
          fix: {
            text: 'leave one default class, or name the class',
            commands: [
              kubectl(
                undefined,
                'annotate',
                'ingressclass',
                own.defaults[1] ?? '',
                'ingressclass.kubernetes.io/is-default-class-',
              ),
            ],
          },
          ...common(way),
        },
      ),
    ];
  }
  if (own.by === 'field' && own.object === undefined) {
    const meant = near ?? only;
    return [
      say(
        'ND602',
        `Ingress ${namespace}/${name} names the class ${own.name ?? ''}, which does not exist; ${list}`,
        {
          confidence: served ? 'likely' : 'proven',
          severity: served ? 'warning' : 'error',
          object: ingressAt(way, 'spec.ingressClassName', own.name ?? ''),
          evidence: [
            fromApi(`ingress ${namespace}/${name}`, `ingressClassName: ${own.name ?? ''}`),
            fromApi('ingressclasses', known.join(', ') || 'none'),
          ],
          fix: {
            text:
              meant === undefined ? 'install the controller that brings the class' : `did you mean ${meant}?`,
            commands: meant === undefined ? [] : patch(meant),
          },
          ...common(way),
          ...(served ? {} : { blocks: { model: 'fail' } as const }),
        },
      ),
    ];
  }
  if (own.by === 'annotation' && own.object === undefined && !served) {
    const builtIn = classesWithoutObject.includes(own.name ?? '') || servesAnnotation(own, pods);
    // Whoever serves a class that only an annotation names may be nobody that is known here.
    const [close] = nearNames(own.name ?? '', [...known, ...classesWithoutObject]);
    if (builtIn || close === undefined) return [];
    return [
      say(
        'ND602',
        `Ingress ${namespace}/${name} names the class ${own.name ?? ''} by the old annotation, and nothing here has this class; ${list}`,
        {
          object: ingressAt(way, 'metadata.annotations[kubernetes.io/ingress.class]', own.name ?? ''),
          evidence: [
            fromApi(`ingress ${namespace}/${name}`, `kubernetes.io/ingress.class: ${own.name ?? ''}`),
            fromApi('ingressclasses', known.join(', ') || 'none'),
          ],
          fix: {
            text: `did you mean ${close}? Name it in spec.ingressClassName`,
            commands: [
              kubectl(namespace, 'annotate', 'ingress', name, 'kubernetes.io/ingress.class-'),
              ...patch(close),
            ],
          },
          ...common(way),
          blocks: { model: 'fail' },
        },
      ),
    ];
  }
  if (own.by !== 'none' || served || takesClassless(pods).length > 0) return [];
  return [
    say('ND602', `Ingress ${namespace}/${name} names no class, and no class is the default; ${list}`, {
      object: ingressAt(way, 'spec.ingressClassName', ''),
      evidence: [
        fromApi(`ingress ${namespace}/${name}`, 'ingressClassName: (absent)'),
        fromApi('ingressclasses', known.join(', ') || 'none'),
      ],
      fix: {
        text:
          only === undefined
            ? 'name a class, or make one the default'
            : `name the class ${only}, or make it the default`,
        commands: only === undefined ? [] : patch(only),
      },
      ...common(way),
      blocks: { model: 'fail' },
    }),
  ];
}

/** No controller of this class, or none that works. */
function unserved(facts: Facts, way: IngressWay): Finding[] {
  const { ingress, class: own, controller } = way;
  const { namespace = '', name } = ingress.metadata;
  const pods = controller.pods;
  // What runs outside the cluster, or is not known here, is left alone.
  if (controller.place !== 'pods' || pods === undefined) return [];
  const ready = pods.filter((pod) => readyCondition(pod));
  if (ready.length > 0) return elsewhere(way, namespace);
  if (way.addresses.length > 0 && pods.length === 0) return [];
  const [first] = pods;
  const why =
    first === undefined
      ? undefined
      : statusesOf(first)
          .map(crashOf)
          .find((one) => one !== undefined);
  const age = ageText(ingress.metadata.creationTimestamp, facts.now);
  return [
    say(
      'ND601',
      first === undefined
        ? `no controller serves class ${own.name ?? ''} (${own.controller ?? controller.product ?? ''}): no pod of ${controller.product ?? 'it'} runs, and Ingress ${namespace}/${name} has no address${age === undefined ? '' : ` since ${age}`}`
        : `no pod of ${controller.product ?? 'the controller'}, which serves class ${own.name ?? ''}, is Ready${why === undefined ? '' : `: ${nameOf(first)} ${why}`}`,
      {
        object:
          first === undefined
            ? ingressAt(way, 'status.loadBalancer.ingress', '')
            : { kind: 'Pod', namespace: first.metadata.namespace ?? '', name: first.metadata.name },
        evidence: [
          fromApi(`ingressclass ${own.name ?? ''}`, `controller: ${own.controller ?? '(no object)'}`),
          ...pods.slice(0, 3).map((pod) => fromApi(`pod ${nameOf(pod)}`, 'Ready: False')),
          fromApi(
            `ingress ${namespace}/${name}`,
            `status.loadBalancer.ingress: ${statusAddresses(ingress.status).join(', ') || '(empty)'}`,
          ),
        ],
        fix: {
          text:
            first === undefined
              ? 'install the controller, or start it'
              : 'see why its pods do not become Ready',
          commands:
            first === undefined
              ? [kubectl(undefined, 'get', 'pods', '-A', '-l', 'app.kubernetes.io/component=controller')]
              : [kubectl(first.metadata.namespace, 'describe', 'pod', first.metadata.name)],
        },
        ...common(way),
        blocks: { model: 'fail' },
      },
    ),
  ];
}

/** A controller that was told to look at one other namespace only. */
function elsewhere(way: IngressWay, namespace: string): Finding[] {
  const { controller, ingress } = way;
  const arg = controller.args.find((one) => one.startsWith('--watch-namespace='));
  const wanted = arg?.slice('--watch-namespace='.length) ?? '';
  if (wanted === '' || wanted.includes('$(') || wanted === namespace || way.addresses.length > 0) return [];
  const [pod] = controller.pods ?? [];
  return [
    say(
      'ND601',
      `${controller.product ?? 'the controller'} looks at namespace ${wanted} only (--watch-namespace), and Ingress ${namespace}/${ingress.metadata.name} is in ${namespace}`,
      {
        object: ingressAt(way, 'metadata.namespace', namespace),
        evidence: [fromApi(`pod ${pod === undefined ? '' : nameOf(pod)}`, arg ?? '')],
        fix: {
          text: 'let it look at this namespace too, or make the Ingress in the one it looks at',
          commands: [],
        },
        ...common(way),
        blocks: { model: 'fail' },
      },
    ),
  ];
}
