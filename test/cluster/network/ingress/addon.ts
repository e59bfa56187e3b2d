/** The objects of an ingress controller, as the manifests of ingress-nginx make them. */

/** The directory of a node where the controller's pods find what the API would tell them. */
export const ingressDir = '/var/lib/ingress-nginx';
/** What an IngressClass names the controller by. */
export const controllerName = 'k8s.io/ingress-nginx';
export const ingressNamespace = 'ingress-nginx';
/** Of the Deployment and of the Service. */
export const controllerObject = 'ingress-nginx-controller';

/** Namespace, IngressClass, Deployment and Service, to be applied in this order. */
export function ingressAddon(): object[] {
  const labels = {
    'app.kubernetes.io/name': 'ingress-nginx',
    'app.kubernetes.io/instance': 'ingress-nginx',
    'app.kubernetes.io/component': 'controller',
  };
  const metadata = { name: controllerObject, namespace: ingressNamespace, labels };
  const container = {
    name: 'controller',
    image: 'registry.k8s.io/ingress-nginx/controller:v1.12.1',
    args: [
      '/nginx-ingress-controller',
      `--controller-class=${controllerName}`,
      '--ingress-class=nginx',
      `--publish-service=$(POD_NAMESPACE)/${controllerObject}`,
    ],
    ports: [
      { name: 'http', containerPort: 80, protocol: 'TCP' },
      { name: 'https', containerPort: 443, protocol: 'TCP' },
    ],
    readinessProbe: { httpGet: { path: '/healthz', port: 10_254 }, periodSeconds: 1 },
    // Stands for the API, which the real one reads.
    volumeMounts: [{ name: 'state', mountPath: ingressDir, readOnly: true }],
  };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ingressNamespace } },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'nginx', labels },
      spec: { controller: controllerName },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [container],
            volumes: [{ name: 'state', hostPath: { path: ingressDir } }],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        type: 'LoadBalancer',
        selector: labels,
        ports: [
          { name: 'http', port: 80, targetPort: 'http', appProtocol: 'http' },
          { name: 'https', port: 443, targetPort: 'https', appProtocol: 'https' },
        ],
      },
    },
  ];
}
