/** What a saved snapshot keeps of annotations and arguments: what checks read and no more, none of which holds a key or a password. */

/** What a pod or policy says to its mesh; ports, addresses, on and off. */
const ofMeshes: readonly string[] = [
  'sidecar.istio.io/inject',
  'ambient.istio.io/redirection',
  'istio.io/dry-run',
  ...['excludeInboundPorts', 'includeInboundPorts', 'excludeOutboundPorts'].map(trafficAnnotation),
  ...['excludeOutboundIPRanges', 'includeOutboundIPRanges'].map(trafficAnnotation),
];

function trafficAnnotation(name: string): string {
  return `traffic.sidecar.istio.io/${name}`;
}

/** Classes, protocols, ports, address ranges and host names of what stands in front of Services. */
const ofTheOutside: readonly string[] = [
  'kubernetes.io/ingress.class',
  'ingressclass.kubernetes.io/is-default-class',
  ...['backend-protocol', 'use-regex', 'rewrite-target', 'ssl-passthrough', 'canary'].map(
    (name) => `nginx.ingress.kubernetes.io/${name}`,
  ),
  'nginx.org/mergeable-ingress-type',
  'alb.ingress.kubernetes.io/group.name',
  'cert-manager.io/issuer',
  'cert-manager.io/cluster-issuer',
  ...['allow-shared-ip', 'loadBalancerIPs'].flatMap((name) => [
    `metallb.io/${name}`,
    `metallb.universe.tf/${name}`,
  ]),
  'metallb.io/ip',
  ...[
    'load-balancer-source-ranges',
    'aws-load-balancer-healthcheck-port',
    'aws-load-balancer-nlb-target-type',
    'azure-load-balancer-health-probe-port',
    'do-loadbalancer-healthcheck-port',
  ].map((name) => `service.beta.kubernetes.io/${name}`),
  'load-balancer.hetzner.cloud/health-check-port',
];
/** Also misspelt ones, which a check looks for. */
const ofExternalDns = /^[a-z0-9.-]*external-?dns[a-z0-9.-]*\//i;

/** The annotations that are kept; undefined where none is. */
export function keptAnnotations(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const kept = Object.entries(value).filter(
    ([name]) => ofMeshes.includes(name) || ofTheOutside.includes(name) || ofExternalDns.test(name),
  );
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** Flags of ExternalDNS and of controllers for Ingresses that say what they look at. */
const flags = new RegExp(
  `^--(${[
    'source|namespace|label-filter|annotation-filter|annotation-prefix|domain-filter|exclude-domains|policy|txt-owner-id',
    'publish-internal-services|service-type-filter|gateway-[a-z-]+|ingress-class(-by-name|-name)?|controller-class',
    'watch-ingress-without-class|watch-namespace|publish-service|providers\\.kubernetesingress(\\.[a-z]+)*',
  ].join('|')})(=|$)`,
  'i',
);

/** The arguments of a container that are kept, of its command as well; undefined where none is. */
export function keptArguments(...lists: readonly unknown[]): readonly string[] | undefined {
  const words = lists.flatMap((list) =>
    Array.isArray(list) ? list.filter((word): word is string => typeof word === 'string') : [],
  );
  const kept = words.filter((word, index) => {
    if (flags.test(word)) return true;
    // The value of a flag that was given as a word of its own.
    const before = words[index - 1] ?? '';
    return !word.startsWith('-') && flags.test(before) && !before.includes('=');
  });
  return kept.length === 0 ? undefined : kept;
}
