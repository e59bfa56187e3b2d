import { spawn } from 'node:child_process';
import type { TestCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { inTurn, median } from './measure.js';
import type { Programs } from './programs.js';
import type { Row } from './table.js';

const WARM_PAIRS = 7;
const COLD_PAIRS = 3;
const limitMs = 60_000;
/** Of a pcap file header, and of a record's header. */
const headerBytes = 24;
const recordBytes = 16;

/** From the start of the client to the first whole record header on its stdout, warm (container there) and cold. */
export async function firstPacket(cluster: TestCluster, programs: Programs, image: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, argv } of programs.ours) {
    const target = `warm-${name.toLowerCase().replaceAll(' ', '-')}`;
    await busyPod(cluster, target);
    const ours = [...argv, 'capture', target, '-i', 'eth0', '-w', '-', '--image', image];
    await untilFirstPacket(cluster, ours);
    const container = await debugContainerOf(cluster, target);
    const tcpdump = ['tcpdump', '-U', '--immediate-mode', '-i', 'eth0', '-w', '-'];
    const theirs = [programs.kubectl, 'exec', target, '-c', container, '--', ...tcpdump];
    const [mine, beside] = await inTurn(
      WARM_PAIRS,
      () => untilFirstPacket(cluster, ours),
      () => untilFirstPacket(cluster, theirs),
    );
    rows.push({
      what: `first packet, warm, ${name}`,
      unit: 'ms',
      ours: median(mine),
      kubectl: median(beside),
      reach: 'ratio under 1.5',
    });
  }
  rows.push(await cold(cluster, programs, image));
  return rows;
}

/** kubectl's side of a cold start is what a person would type: `kubectl debug`, then `kubectl exec` of tcpdump. */
async function cold(cluster: TestCluster, { kubectl, ours }: Programs, image: string): Promise<Row> {
  const argv = ours[0]?.argv ?? [];
  let round = 0;
  const [mine, beside] = await inTurn(
    COLD_PAIRS,
    async () => {
      const target = `cold-ours-${round++}`;
      await busyPod(cluster, target);
      return await untilFirstPacket(cluster, [
        ...argv,
        'capture',
        target,
        '-i',
        'eth0',
        '-w',
        '-',
        '--image',
        image,
      ]);
    },
    async () => {
      const target = `cold-kubectl-${round++}`;
      await busyPod(cluster, target);
      const script = `"$0" debug "$1" --image="$2" --profile=netadmin --container=d --quiet -- sleep 600 >&2 &&
        until "$0" exec "$1" -c d -- tcpdump -U --immediate-mode -i eth0 -w - 2>/dev/null; do :; done`;
      return await untilFirstPacket(cluster, ['sh', '-c', script, kubectl, target, image]);
    },
  );
  return { what: 'first packet, cold', unit: 'ms', ours: median(mine), kubectl: median(beside) };
}

/** A pod whose eth0 always has a packet on its way. */
async function busyPod(cluster: TestCluster, name: string): Promise<void> {
  const gateway = 'ip route | { read -r _ _ gateway _; exec ping -q -i 0.01 "$gateway"; }';
  await cluster.apply(pod({ name, command: ['sh', '-c', gateway] }));
  await cluster.ready('default', name);
}

async function debugContainerOf(cluster: TestCluster, name: string): Promise<string> {
  const object = await cluster.get('v1', 'Pod', 'default', name);
  const spec = object.spec as { ephemeralContainers?: { name: string }[] };
  const container = spec.ephemeralContainers?.[0]?.name;
  if (container === undefined) throw new Error(`${name} has no debug container`);
  return container;
}

async function untilFirstPacket(cluster: TestCluster, argv: readonly string[]): Promise<number> {
  const started = performance.now();
  const [program = '', ...args] = argv;
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  // A group of its own, so that a shell's children end with it.
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let complaint = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-2000)));
  const closed = new Promise((resolve) => child.on('close', resolve));
  try {
    return await new Promise<number>((resolve, reject) => {
      let bytes = 0;
      const fail = (why: string): void => reject(new Error(`${argv.join(' ')}: ${why} ${complaint}`));
      const timer = setTimeout(() => fail('no packet in time.'), limitMs);
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes < headerBytes + recordBytes) return;
        clearTimeout(timer);
        resolve(performance.now() - started);
      });
      child.on('error', reject).on('close', () => fail('ended without a packet.'));
    });
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
    await closed;
  }
}
