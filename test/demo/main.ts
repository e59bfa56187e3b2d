/**
 * The main job, shown on the local cluster or, with `--context NAME`, on a real one: a debug container is injected,
 * ping and netstat are streamed, and a capture is written whose packets are then checked one by one.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkEchoes } from './check.js';
import { localPlace, realPlace, type Place } from './place.js';
import { Stage } from './stage.js';

const usage = `usage: npm run demo [-- --context NAME [--kubeconfig FILE]]

Without flags on the local cluster, which is started and removed. With --context on that cluster, in a namespace of its
own, which is removed at the end; this pulls images.`;

const packets = 5;
const root = fileURLToPath(new URL('../..', import.meta.url));

const { values } = parseArgs({
  options: {
    context: { type: 'string' },
    kubeconfig: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) {
  console.log(usage);
} else {
  process.exitCode = await main();
}

async function main(): Promise<number> {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
  let place: Place | undefined;
  try {
    place =
      values.context === undefined ? await localPlace() : await realPlace(values.context, values.kubeconfig);
    await demonstrate(place, interrupted.signal);
    console.log('\nAll packets are there. That was the main job; the README has more.');
    return 0;
  } catch (error) {
    console.error(`\nerror: ${error instanceof Error ? error.message : String(error)}`);
    return interrupted.signal.aborted ? 130 : 1;
  } finally {
    await place?.remove();
  }
}

async function demonstrate(place: Place, signal: AbortSignal): Promise<void> {
  const stage = new Stage(place, join(root, 'dist'), signal);
  console.log(`${place.name}: pods client and web in namespace ${place.namespace}\n`);
  const folder = join(root, 'dist/demo');
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'web.pcap');

  stage.say('Can client reach web? A debug container is injected into client, ping runs in it.');
  await stage.run(['ping', 'client', 'pod/web', '-c', '3']);

  stage.say('What listens in web?');
  await stage.run(['netstat', 'web', '--listening']);

  stage.say(`Capture in web while client sends ${packets} more.`);
  const capture = stage.start([
    'capture',
    'web',
    '-f',
    'icmp',
    '-w',
    file,
    '--packet-count',
    `${2 * packets}`,
  ]);
  await capture.listening;
  const sent = await stage.run(['ping', 'client', 'pod/web', '-c', `${packets}`, '-i', '0.2', '-o', 'json'], {
    quiet: true,
  });
  await writeFile(join(folder, 'ping.jsonl'), sent);
  await capture.ended;

  stage.say('The file, read by tshark:');
  console.log(await checkEchoes(file, packets));

  stage.say('What is still there, and its end:');
  await stage.run(['list']);
  await stage.run(['stop']);
}
