/** The controller's part that is objects: what it serves, and the address that it writes into Ingresses. */
import { isReady } from '../../api/controllers/owned.js';
import { objectOf, objectsOf, textOf } from '../../api/json.js';
import type { Store } from '../../types.js';
import { controllerObject, ingressNamespace } from './addon.js';
import { ingressState, ownIngresses, type IngressInput, type IngressState } from './routes.js';

/** What the controller's pods are to serve now. As long as one of them is ready, its Ingresses get the address of its Service. */
export function keepIngresses(store: Store): IngressState {
  const list = (group: string, resource: string) => store.list({ group, resource });
  const input: IngressInput = {
    classes: list('networking.k8s.io', 'ingressclasses'),
    ingresses: list('networking.k8s.io', 'ingresses'),
    services: list('', 'services'),
    slices: list('discovery.k8s.io', 'endpointslices'),
    secrets: list('', 'secrets'),
  };
  const runs = store
    .list({ group: '', resource: 'pods' }, ingressNamespace)
    .some((pod) => pod.metadata.name.startsWith(controllerObject) && isReady(pod));
  const service = input.services.find(
    ({ metadata }) => metadata.namespace === ingressNamespace && metadata.name === controllerObject,
  );
  const [given] = objectsOf(objectOf(objectOf(service?.status).loadBalancer).ingress);
  const address = textOf(given?.ip);
  if (runs && address !== undefined) {
    for (const { metadata, status } of ownIngresses(input)) {
      const [own] = objectsOf(objectOf(objectOf(status).loadBalancer).ingress);
      if (own?.ip === address) continue;
      const key = { group: 'networking.k8s.io', resource: 'ingresses' };
      store.update(key, metadata.namespace, metadata.name, (object) => {
        object.status = { loadBalancer: { ingress: [{ ip: address }] } };
      });
    }
  }
  return ingressState(input);
}
