/** The objects of kube-proxy, as kubeadm makes them. Its pods only stand for the rules, which the cluster process keeps. */

/** A directory of a node; the pod there is ready as long as the file `running` is in it. */
export const proxyDir = '/run/kube-proxy';

/** ConfigMap and DaemonSet of kube-system. */
export function proxyAddon(): object[] {
  const labels = { 'k8s-app': 'kube-proxy' };
  const namespace = 'kube-system';
  const config = [
    'apiVersion: kubeproxy.config.k8s.io/v1alpha1',
    'kind: KubeProxyConfiguration',
    'clusterCIDR: 10.244.0.0/16',
    'mode: nftables',
    'nodePortAddresses: null',
    '',
  ].join('\n');
  const container = {
    name: 'kube-proxy',
    image: 'registry.k8s.io/kube-proxy:v1.36.2',
    readinessProbe: {
      exec: { command: ['test', '-e', `${proxyDir}/running`] },
      periodSeconds: 1,
      failureThreshold: 1,
    },
    volumeMounts: [{ name: 'run', mountPath: proxyDir }],
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-proxy', namespace, labels: { app: 'kube-proxy' } },
      data: { 'config.conf': config },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'kube-proxy', namespace, labels },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            hostNetwork: true,
            terminationGracePeriodSeconds: 1,
            tolerations: [{ operator: 'Exists' }],
            containers: [container],
            volumes: [{ name: 'run', hostPath: { path: proxyDir } }],
          },
        },
      },
    },
  ];
}
