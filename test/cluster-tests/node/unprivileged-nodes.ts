/** Runs inside of the sandbox as a program of its own: nodes without an API server. Prints what it saw as one line of JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { completePod } from '../../cluster/api/pods/defaults.js';
import { createStore } from '../../cluster/api/store.js';
import { pod, type PodInput } from '../../cluster/manifests.js';
import { startNodes } from '../../cluster/node/nodes.js';
import { asPod, pods } from '../../cluster/node/pod.js';

/** What a command in a pod said. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the test looks at. */
export interface Report {
  readonly uid: number;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

const dir = mkdtempSync(path.join(tmpdir(), 'netdebug-cluster-'));
const store = createStore();
const nodes = await startNodes({ store, nodeCount: 2, dir });

function create(input: PodInput): Promise<string> {
  const object = structuredClone(pod(input)) as Record<string, unknown>;
  completePod(object);
  store.create(pods, object);
  return new Promise((resolve) => {
    const stop = store.subscribe(({ key, object: changed }) => {
      if (key.resource !== 'pods') return;
      const { metadata, status } = asPod(changed);
      const ready = status.conditions?.some((item) => item.type === 'Ready' && item.status === 'True');
      if (metadata.name === input.name && ready) {
        stop();
        resolve(status.podIP ?? '');
      }
    });
  });
}

async function run(name: string, ...argv: string[]): Promise<Outcome> {
  const { metadata, spec } = asPod(store.get(pods, 'default', name) ?? ({} as never));
  const target = { podUid: metadata.uid, container: 'main', stdin: false, tty: false };
  const process = await nodes.kubelet(spec.nodeName ?? '')?.exec({ ...target, argv });
  if (!process?.stderr) throw new Error(`no node for ${name}`);
  const [stdout, stderr, { code }] = await Promise.all([
    text(process.stdout),
    text(process.stderr),
    process.exit,
  ]);
  return { stdout, stderr, code };
}

const [other] = await Promise.all([
  create({ name: 'other', nodeName: 'node-2' }),
  create({ name: 'plain', nodeName: 'node-1' }),
  create({ name: 'dropped', securityContext: { capabilities: { drop: ['ALL'] } } }),
  create({ name: 'nonroot', image: 'registry.example/toolbox-nonroot:1' }),
]);
const capture = 'timeout 5 tcpdump -i eth0 -c 1 -U --immediate-mode -w /dev/null icmp';
const report: Report = {
  uid: process.getuid?.() ?? -1,
  outcomes: {
    ping: await run('plain', 'ping', '-c', '1', '-W', '5', other),
    capture: await run(
      'plain',
      'sh',
      '-c',
      `${capture} & sleep 0.5; ping -c 1 -q ${other} >/dev/null; wait $!`,
    ),
    refused: await run('dropped', 'sh', '-c', capture),
    capabilities: await run('plain', 'grep', '-E', '^Cap(Eff|Bnd)', '/proc/self/status'),
    nonroot: await run('nonroot', 'sh', '-c', 'id -u; id -g; grep CapEff /proc/self/status; ps -o pid= -p 1'),
    written: await run(
      'plain',
      'sh',
      '-c',
      'echo x > /usr/bin/mine && cat /usr/bin/mine && echo y > /dev/null',
    ),
    terminals: await run('plain', 'sh', '-c', 'ls /dev/pts/ptmx /dev/ptmx'),
  },
};
process.stdout.write(`${JSON.stringify(report)}\n`);
await nodes.stop();
rmSync(path.join(dir, 'node', 'pods'), { recursive: true, force: true });
process.exit(0);
