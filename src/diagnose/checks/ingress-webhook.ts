import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { slicesOf } from '../model/endpoints.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { ingressWay, say } from './outside-say.js';

/** An admission webhook that has to agree to every change of an Ingress, and is not there. */
export const ingressWebhook: Check = {
  name: 'ingress-webhook',
  codes: ['ND613'],
  reads: inputs('cluster', 'validatingwebhookconfigurations', 'services'),
  mayRead: inputs('cluster', 'endpointslices'),
  concerns: (facts) => facts.outside?.whole === true && ingressWay(facts) !== undefined,
  find: (facts) =>
    itemsOf(facts.read('validatingwebhookconfigurations')).flatMap((configuration) =>
      (configuration.webhooks ?? []).flatMap((webhook, index) => {
        const service = webhook.clientConfig?.service;
        const ingresses = (webhook.rules ?? []).some(
          ({ apiGroups = [], resources = [] }) =>
            apiGroups.some((group) => group === 'networking.k8s.io' || group === '*') &&
            resources.some((one) => one === 'ingresses'),
        );
        if (service == null || !ingresses || webhook.failurePolicy === 'Ignore') return [];
        const why = deadBy(facts, service.namespace, service.name);
        return why === undefined
          ? []
          : [
              finding(
                configuration.metadata.name,
                index,
                `${service.namespace}/${service.name}`,
                why,
                ingressWay(facts)?.ingress,
              ),
            ];
      }),
    ),
};

/** Why nobody answers; undefined where somebody does, or where it could not be read. */
function deadBy({ read }: Facts, namespace: string, name: string): string | undefined {
  const services = itemsOf(read('services'));
  const service = services.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  if (service === undefined) return 'its Service does not exist';
  const slices = read('endpointslices', namespace);
  if (slices.state !== 'there') return undefined;
  const own = slicesOf(service, slices);
  const ready = own.some(({ endpoints }) =>
    (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false),
  );
  return ready ? undefined : 'its Service has no ready endpoint';
}

function finding(
  name: string,
  index: number,
  service: string,
  why: string,
  ingress: { readonly metadata: { readonly name: string; readonly namespace?: string } } | undefined,
): Finding {
  const [namespace = '', own = ''] = service.split('/');
  return say(
    'ND613',
    `webhook ${name} has to agree to every change of an Ingress (failurePolicy Fail), and nobody answers: ${why}. What runs goes on; changes are refused`,
    {
      severity: 'warning',
      object: {
        kind: 'ValidatingWebhookConfiguration',
        name,
        fieldPath: `webhooks[${index}].clientConfig.service`,
        value: service,
      },
      evidence: [
        fromApi(
          `validatingwebhookconfiguration ${name}`,
          `webhooks[${index}]: service ${service}, failurePolicy: Fail`,
        ),
        fromApi(`service ${service}`, why),
      ],
      fix: {
        text: 'bring the controller back; if it was uninstalled, delete the configuration that it left',
        commands: [
          kubectl(namespace, 'get', 'endpointslices', '-l', `kubernetes.io/service-name=${own}`),
          kubectl(undefined, 'delete', 'validatingwebhookconfiguration', name),
        ],
      },
      hop: 'ingress-controller',
      touches: [
        objectKey('service', { namespace, name: own }),
        ...(ingress === undefined ? [] : [objectKey('ingress', ingress.metadata)]),
      ],
    },
  );
}
