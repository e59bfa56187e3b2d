/** `npm run bench`: what the tool costs beside stock kubectl doing the same, in the same run, on the local cluster. Reports; judges nothing. */
import { startCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { completion } from './completion.js';
import { captureDrops } from './capture-drops.js';
import { manyPods } from './capture.js';
import { diagnose } from './diagnose.js';
import { firstPacket } from './first-packet.js';
import { matrix } from './matrix.js';
import { pcap } from './pcap.js';
import { policy } from './policy.js';
import { logs } from './logs.js';
import { machine, programs } from './programs.js';
import { firstCall, startup } from './startup.js';
import { stream } from './stream.js';
import { markdown, type Row } from './table.js';

const image = 'docker.io/nicolaka/netshoot:v0.13';

const compared = await programs();
const cluster = await startCluster({ objects: [pod({ name: 'bulk' })] });
try {
  const rows: Row[] = [];
  const add = async (title: string, work: () => Promise<Row[]>): Promise<void> => {
    console.error(`measuring ${title}`);
    rows.push(...(await work()));
  };
  await add('start-up', () => startup(compared));
  await add('completion', () => completion(compared));
  await add('first API call', () => firstCall(cluster, compared));
  await add('time to the first packet', () => firstPacket(cluster, compared, image));
  await add('policy over a large cluster', () => policy(compared));
  await add('diagnosis in a large cluster', () => diagnose(compared));
  await add('logs of 1 GiB', () => logs(compared));
  await add('a matrix of 30 pods', () => matrix(compared));
  await add('captures as pcapng', () => pcap(compared));
  await add('streams of 1 GiB (several minutes)', () => stream(cluster, compared, 'bulk'));
  await add('twenty pods at once (several minutes)', () => manyPods(compared, image));
  console.error('measuring what is dropped at which rate (several minutes)');
  const drops = await captureDrops(compared, image);
  console.log(`Machine: ${machine()}\n\n${markdown(rows)}\n\n${drops}`);
} finally {
  await cluster.stop();
}
