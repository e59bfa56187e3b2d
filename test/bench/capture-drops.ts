import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { median, startMeasured } from './measure.js';
import type { Programs } from './programs.js';
import { send, sentFilter } from './sender.js';

const RATES = [10e6, 50e6, 100e6, 200e6];
const SECONDS = 5;
const ROUNDS = 3;
const SETTLE_MS = 3000;

/** The share of packets that one pod sent and that are missing in the capture, in percent, as a Markdown table of medians. */
export async function captureDrops({ kubectl, ours }: Programs, image: string): Promise<string> {
  await using cluster = await startCluster({ nodes: 1, objects: [pod({ name: 'load' })] });
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-bench-drops-'));
  try {
    const file = join(folder, 'out');
    const ourCommand = (...more: readonly string[]): string[] => [
      ...(ours[0]?.argv ?? []),
      ...['capture', 'load', '-i', 'eth0', '-f', sentFilter, '-w', file, '--image', image, ...more],
    ];
    await packetsOf(cluster, ourCommand(), 1e6);
    const object = await cluster.get('v1', 'Pod', 'default', 'load');
    const container = (object.spec as { ephemeralContainers: { name: string }[] }).ephemeralContainers[0]
      ?.name;
    const tcpdump = [
      'timeout',
      '-s',
      'INT',
      String(SECONDS + 3),
      'tcpdump',
      '-U',
      '--immediate-mode',
      '-Z',
      'root',
      '-n',
      '-B',
      '32768',
      '-i',
      'eth0',
    ];
    const theirs = [kubectl, 'exec', 'load', '-c', container ?? '', '--', ...tcpdump, '-w', '-', sentFilter];
    const inPod = [
      kubectl,
      'exec',
      'load',
      '-c',
      container ?? '',
      '--',
      ...tcpdump,
      '-w',
      '/tmp/out',
      sentFilter,
    ];
    const ways: readonly (readonly [string, readonly string[]])[] = [
      ['`capture`', ourCommand()],
      ['`capture --spool 100MB`', ourCommand('--spool', '100MB')],
      ['tcpdump to a file in the pod', inPod],
      ['`kubectl exec tcpdump -w -`', theirs],
    ];
    const lines = [
      `| MB/s sent | ${ways.map(([name]) => name).join(' | ')} |`,
      '| ---: | ---: | ---: | ---: | ---: |',
    ];
    for (const rate of RATES) {
      const shares = ways.map((): number[] => []);
      const reached: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        for (const [at, [, command]] of ways.entries()) {
          const { share, bytesPerSecond } = await packetsOf(cluster, command, rate);
          shares[at]?.push(share);
          reached.push(bytesPerSecond);
        }
      }
      const cells = shares.map((all) => `${(median(all) * 100).toFixed(1)} %`);
      lines.push(`| ${(median(reached) / 1e6).toFixed(0)} | ${cells.join(' | ')} |`);
    }
    return lines.join('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a capture while the pod sends; every tcpdump, and our summary, says at its end how many packets it captured. */
async function packetsOf(
  cluster: TestCluster,
  command: readonly string[],
  bytesPerSecond: number,
): Promise<{ share: number; bytesPerSecond: number }> {
  const capture = startMeasured(command, { env: { KUBECONFIG: cluster.kubeconfig } });
  await Promise.race([capture.says(/listening on /), capture.ended]);
  const sent = await send(cluster, 'load', { bytesPerSecond, seconds: SECONDS });
  // A tcpdump that is stopped leaves behind what it has not read yet. The one of kubectl, which hands no Ctrl-C on, ends by itself.
  if (!command.includes('exec')) {
    await setTimeout(SETTLE_MS);
    capture.interrupt();
  }
  const { stderr } = await capture.ended;
  const said = [...stderr.matchAll(/([\d,]+) (?:packets? )?captured/g)].at(-1)?.[1];
  if (said === undefined) throw new Error(`${command.join(' ')} did not say what it captured: ${stderr}`);
  const captured = Number(said.replaceAll(',', ''));
  return { share: 1 - captured / sent.packets, bytesPerSecond: sent.bytesPerSecond };
}
