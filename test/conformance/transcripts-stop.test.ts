import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { replay } from './channels.js';
import type { Recording } from './recording.js';
import { applyRecorded } from './recorded-pods.js';
import { payloadOf, transcript } from './transcripts.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
  await applyRecorded(cluster, ['shell', 'slowp'], ['shell', 'slowp']);
  const other = await cluster.get('v1', 'Pod', 'rec', 'slowp');
  const { podIP } = other.status as { podIP: string };
  const endless = { in: { namespace: 'rec', pod: 'shell' }, timeoutMs: 600_000 };
  cluster.run(['ping', '-i', '0.1', podIP], endless).catch(() => undefined);
}, 60_000);

afterAll(() => cluster.stop());

/** pcap's magic number in host order (pcap-savefile(5)), as latin1. */
const pcapMagic = '\xd4\xc3\xb2\xa1';

/** A capture is one as soon as its header is there; what tcpdump says has other numbers, and recordings lack a line here and there. */
function comparable(text: string): string {
  const said = text.replace(/(\(Ethernet\)),? ?(snapshot length \d+ bytes)?\n?/, '$1\n');
  return text.startsWith(pcapMagic)
    ? '<pcap>'
    : said.replace(/\n(\n?\d+ packets? [a-z ]+\n)+/, '\n<statistics>\n');
}

/** What the recorded client did after two seconds, where the recording does not say so. */
async function halfClose(recording: Recording): Promise<void> {
  await recording.until('a capture', () => recording.data(1).length > 0);
  await sleep(500);
  recording.send(255, Buffer.from([0]));
}

describe('exec-stop', () => {
  test('the recordings begin with the header of a capture', () => {
    const [first] = transcript('exec-stop').exchanges;
    const data =
      first?.websocket?.frames.filter(({ from, channel }) => from === 'server' && channel === 1) ?? [];
    expect(Buffer.concat(data.map(payloadOf)).toString('latin1').startsWith(pcapMagic)).toBe(true);
  });

  test.each(transcript('exec-stop').exchanges.map((exchange) => [exchange.note, exchange] as const))(
    '%s',
    async (_, exchange) => {
      const access = (): { server: string; kubeconfig: string } => cluster;
      // The recorded client acted after two seconds: everything was running, and what had ended was waited for.
      const act = (): Promise<void> => sleep(500);
      const says =
        exchange.websocket?.frames.some(({ from, note }) => from !== 'server' && note !== 'reply') ?? false;
      await replay(exchange, { access, normalise: comparable, act, ...(says ? {} : { opened: halfClose }) });
    },
  );
});
