/**
 * Run by lifeline.cluster.test.ts as a process of its own: starts captures in one pod, says `ready` when every one has
 * delivered its header, and waits to be killed. Arguments: kubeconfig, pod, how many.
 */
import { once } from 'node:events';
import { ensureDebugContainer } from '../../src/debugger/ensure.js';
import { runTool } from '../../src/debugger/lifeline.js';
import { connect } from '../../src/kube/connect.js';
import { realClock } from './fakes.js';

const [, , kubeconfig = '', pod = '', count = '1'] = process.argv;
const api = await connect({ kubeconfig, env: {}, homeDir: '/nonexistent' });
const container = await ensureDebugContainer(api, {
  namespace: 'default',
  pod,
  need: 'raw',
  options: {
    image: 'nicolaka/netshoot:v0.13',
    profile: 'auto',
    fresh: false,
    ttlSeconds: 900,
    startTimeoutMs: 30_000,
  },
  onProgress: () => undefined,
  clock: realClock,
  random: Math.random,
});
await Promise.all(
  Array.from({ length: Number(count) }, async () => {
    const argv = ['tcpdump', '-U', '--immediate-mode', '-Z', 'root', '-i', 'eth0', '-w', '-', 'icmp'];
    const tool = await runTool(api, container, argv, { clock: realClock });
    tool.stderr.resume();
    await once(tool.stdout, 'data');
    tool.stdout.resume();
  }),
);
process.stdout.write('ready\n');
setInterval(() => undefined, 60_000);
