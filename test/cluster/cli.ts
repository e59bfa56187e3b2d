/** A local cluster by hand: `npx tsx test/cluster/cli.ts [--network]`. Prints its kubeconfig and runs until Ctrl-C. */
import { startCluster } from './harness.js';
import { deployment, pod, service } from './manifests.js';

const cluster = await startCluster({
  // Services, policies and DNS as well.
  network: process.argv.includes('--network') ? { dns: true } : false,
  objects: [
    pod({ name: 'client' }),
    pod({
      name: 'web',
      image: 'registry.example/web:1',
      command: ['httpd', '-f', '-p', '80'],
      labels: { app: 'web' },
    }),
    service({ name: 'web', selector: { app: 'web' }, ports: [{ port: 80 }] }),
    deployment({ name: 'api', replicas: 2 }),
  ],
});
process.stdout.write(
  [
    `started in ${Math.round(cluster.startedInMs)} ms, log in ${cluster.dir}/cluster.log`,
    `export KUBECONFIG=${cluster.kubeconfig}`,
    'kubectl get pods -o wide',
    '',
  ].join('\n'),
);
await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
await cluster.stop();
