import { isFinished } from '../../target/pods.js';
import type { Reading } from '../reading.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { ClassFacts, Controller } from './facts.js';

/** How a product is recognised. Only what it says of itself counts: spec.controller, images, labels of its charts. */
interface Product {
  readonly name: string;
  /** spec.controller of IngressClass, or controllerName of GatewayClass. */
  readonly controller: RegExp;
  readonly place: Controller['place'];
  /** Images of the pods that connect to backends. */
  readonly image?: RegExp;
  /** Labels that such a pod has besides. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Classes that the annotation names without an IngressClass. */
  readonly classes?: readonly string[];
}

const products: readonly Product[] = [
  {
    name: 'ingress-nginx',
    controller: /^k8s\.io\/.*nginx/,
    place: 'pods',
    image: /ingress-nginx\/controller|nginx-ingress-controller/,
    classes: ['nginx'],
  },
  {
    name: 'NGINX Ingress Controller',
    controller: /^nginx\.org\//,
    place: 'pods',
    image: /nginx\/nginx-(plus-)?ingress|nginx-ic\//,
  },
  {
    name: 'NGINX Gateway Fabric',
    controller: /^gateway\.nginx\.org\//,
    place: 'pods',
    image: /nginx-gateway-fabric/,
  },
  {
    name: 'Traefik',
    controller: /^traefik\.io\//,
    place: 'pods',
    image: /(^|[/-])traefik(:|@|$)/,
    classes: ['traefik'],
  },
  {
    name: 'HAProxy',
    controller: /^haproxy(\.org|-ingress\.github\.io|tech)/,
    place: 'pods',
    image: /haproxy.*ingress/,
    classes: ['haproxy'],
  },
  {
    name: 'Contour',
    controller: /^projectcontour\.io\//,
    place: 'pods',
    image: /envoy/,
    labels: { app: 'envoy' },
    classes: ['contour'],
  },
  {
    name: 'Kong',
    controller: /konghq\.com\//,
    place: 'pods',
    image: /(^|\/)kong(-gateway)?(:|@|$)/,
    classes: ['kong'],
  },
  { name: 'Envoy Gateway', controller: /^gateway\.envoyproxy\.io\//, place: 'pods', image: /envoy/ },
  { name: 'Istio', controller: /^istio\.io\//, place: 'pods', image: /proxyv2/, classes: ['istio'] },
  { name: 'Cilium', controller: /^(cilium\.io|io\.cilium)\//, place: 'nodes', classes: ['cilium'] },
  { name: 'OpenShift router', controller: /^openshift\.io\//, place: 'pods', image: /haproxy-router/ },
  {
    name: 'AWS Load Balancer Controller',
    controller: /^(ingress\.k8s|gateway\.k8s|eks\.amazonaws)\..*(aws|com)|^eks\.amazonaws\.com\//,
    place: 'cloud',
    classes: ['alb'],
  },
  {
    name: 'GKE Ingress',
    controller: /^(k8s\.io\/ingress-gce|networking\.gke\.io\/|.*ingress-gce)/,
    place: 'cloud',
    classes: ['gce', 'gce-internal'],
  },
  {
    name: 'Azure Application Gateway',
    controller: /^azure\/application-gateway|alb\.networking\.azure\.io/,
    place: 'cloud',
    classes: ['azure-application-gateway', 'azure/application-gateway'],
  },
];

/** Classes that the annotation may name though there is no IngressClass of this name. */
export const classesWithoutObject: readonly string[] = products.flatMap(({ classes }) => classes ?? []);

/** The controller of an IngressClass or GatewayClass, with the pods that connect to backends. */
export function controllerOf(
  named: { readonly controller?: string | undefined; readonly className?: string | undefined },
  pods: Reading<SnapshotPod>,
): Controller {
  const { controller, className } = named;
  const product =
    controller === undefined
      ? products.find(({ classes }) => className !== undefined && classes?.includes(className) === true)
      : products.find((one) => one.controller.test(controller));
  if (product === undefined) return { place: 'unknown', args: [] };
  const known = { product: product.name, place: product.place };
  if (product.image === undefined || pods.state !== 'there') return { ...known, args: [] };
  const own = pods.items.filter((pod) => !isFinished(pod) && isOf(product, pod));
  // Several of one product tell themselves apart by arguments; those that name another controller are not this one's.
  const mine = own.filter((pod) => {
    const wanted = valuesOf(argsOf(pod), 'controller-class')[0];
    return wanted === undefined || controller === undefined || wanted === controller;
  });
  return { ...known, pods: mine, args: mine[0] === undefined ? [] : argsOf(mine[0]) };
}

/** Controllers for Ingresses that run in pods and take those without a class. */
export function takesClassless(pods: readonly SnapshotPod[]): readonly SnapshotPod[] {
  return pods.filter((pod) => {
    if (isFinished(pod)) return false;
    const product = products.find((one) => isOf(one, pod));
    if (product === undefined) return false;
    const args = argsOf(pod);
    if (product.name === 'ingress-nginx')
      return valuesOf(args, 'watch-ingress-without-class').some((value) => value !== 'false');
    // Traefik and Contour take them unless they were given a class of their own.
    return (
      ['Traefik', 'Contour'].includes(product.name) &&
      !args.some((arg) => /^--(providers\.kubernetesingress\.ingressclass|ingress-class-name)=/i.test(arg))
    );
  });
}

/** Whether some controller among these pods could serve this class by its annotation alone. */
export function servesAnnotation({ name }: ClassFacts, pods: readonly SnapshotPod[]): boolean {
  return pods.some((pod) => {
    const args = argsOf(pod);
    return [
      'ingress-class',
      'ingress-class-by-name',
      'providers.kubernetesingress.ingressclass',
      'ingress-class-name',
    ].some((flag) => valuesOf(args, flag).includes(name ?? ''));
  });
}

/** Arguments of all containers of a pod. */
function argsOf({ spec }: SnapshotPod): readonly string[] {
  return spec.containers.flatMap(({ command, args }) => [...(command ?? []), ...(args ?? [])]);
}

/** Values of a flag, `--name=value` or `--name value`; `true` for one that has none. */
function valuesOf(args: readonly string[], name: string): string[] {
  return args.flatMap((arg, index) => {
    if (arg.toLowerCase().startsWith(`--${name}=`)) return [arg.slice(name.length + 3)];
    if (arg.toLowerCase() !== `--${name}`) return [];
    const next = args[index + 1];
    return [next === undefined || next.startsWith('-') ? 'true' : next];
  });
}

function isOf({ image, labels = {} }: Product, pod: SnapshotPod): boolean {
  if (image === undefined) return false;
  const own = pod.metadata.labels ?? {};
  return (
    pod.spec.containers.some((container) => image.test(container.image ?? '')) &&
    Object.entries(labels).every(([key, value]) => own[key] === value)
  );
}

/** The pods of a Gateway's own proxy, by the label that Gateway API gives them or that of Envoy Gateway. */
export function gatewayPods(
  gateway: { readonly namespace: string; readonly name: string },
  pods: readonly SnapshotPod[],
): readonly SnapshotPod[] {
  return pods.filter(({ metadata: { labels = {}, namespace }, ...pod }) => {
    if (isFinished({ metadata: { name: '' }, ...pod })) return false;
    const envoy =
      labels['gateway.envoyproxy.io/owning-gateway-name'] === gateway.name &&
      labels['gateway.envoyproxy.io/owning-gateway-namespace'] === gateway.namespace;
    const standard =
      labels['gateway.networking.k8s.io/gateway-name'] === gateway.name && namespace === gateway.namespace;
    return envoy || standard;
  });
}
