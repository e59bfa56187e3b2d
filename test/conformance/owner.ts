/** Run by lifecycle.test.ts as a process of its own: owns a cluster, captures a packet in it, says so, and waits to be killed. */
import { startCluster } from '../cluster/harness.js';
import { pod, service } from '../cluster/manifests.js';
import { execRequest, record } from './recorder.js';

const cluster = await startCluster({
  network: true,
  objects: [
    pod({ name: 'one' }),
    pod({ name: 'two' }),
    service({ name: 'none', selector: { app: 'none' }, ports: [{ port: 80 }] }),
  ],
});
const access = { server: cluster.server, kubeconfig: cluster.kubeconfig };
const two = await cluster.get('v1', 'Pod', 'default', 'two');
const { podIP } = two.status as { podIP: string };
const none = await cluster.get('v1', 'Service', 'default', 'none');
const { clusterIP } = none.spec as { clusterIP: string };
// Refused only by rules for Services: else there is nobody to refuse.
const met = await cluster.run(['bash', '-c', `</dev/tcp/${clusterIP}/80`], {
  in: { namespace: 'default', pod: 'one' },
});
const command = [
  'sh',
  '-c',
  `tcpdump -i eth0 -n -c 1 'icmp[icmptype] == icmp-echo' & p=$!; ping -c 10 -i 0.2 -W 1 ${podIP} >/dev/null & wait $p`,
];
const session = await record(access, execRequest({ pod: 'one' }, command));
await session.until('a packet', () => session.over, 15_000);
process.stdout.write(
  `${JSON.stringify({
    dir: cluster.dir,
    service: /Connection refused/.exec(met.stderr)?.[0] ?? met.stderr,
    isRoot: String(process.getuid?.() === 0),
    tcpdump: session.data(3).toString().includes('Success') ? '0' : session.data(3).toString(),
    packets: session.data(1).toString() + session.data(2).toString(),
  })}\n`,
);
// The test's end is ours, should it not get to kill us.
process.stdin.on('end', () => process.exit()).resume();
