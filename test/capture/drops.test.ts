import { expect, test } from '@jest/globals';
import { memorySink } from './sinks.js';
import { captureOf, packetsIn, playedSource } from './sources.js';

test('what the kernel dropped is a comment on the next packet, and the rest stands on the statistics', async () => {
  const a = playedSource('a');
  let heard: () => void = () => undefined;
  const waiting = (): Promise<void> => new Promise((resolve) => (heard = resolve));
  const sink = memorySink(() => heard());
  const capture = captureOf([a], sink);
  const first = waiting();
  a.listen();
  a.send(1);
  await first;
  const told = 'tcpdump: 1 packet captured, 4 packets received by filter, 3 packets dropped by kernel\n';
  await new Promise((resolve) => a.session.stderr.write(told, resolve));
  await new Promise((resolve) => setImmediate(resolve));
  const second = waiting();
  a.send(2);
  await second;
  a.session.stderr.write('2 packets captured\n10 packets received by filter\n8 packets dropped by kernel\n');
  a.session.finish({ kind: 'exited', exitCode: 0 });
  expect(await capture.summary).toMatchObject({ packets: 2, droppedByKernel: 8, lost: 8 });
  const file = sink.bytes();
  expect(packetsIn(file).map(({ text }) => text)).toEqual(['a-0', 'a-1']);
  const at = file.indexOf('3 packets were dropped by the kernel before here (3 in all)');
  expect(at).toBeGreaterThan(file.indexOf('a-1'));
  expect(file.indexOf('5 packets were dropped by the kernel before here (8 in all)')).toBeGreaterThan(at);
});
