import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareSplit, splitNamer } from '../../../plugin/sinks/split.js';
import type { SourcePlace } from '../../../src/capture/source.js';
import { realClock } from '../../debugger/fakes.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdebug-split-'));
});
afterAll(() => rm(folder, { recursive: true }));

const clock = { ...realClock, every: () => () => undefined };
const pod = (namespace: string, name: string): SourcePlace => ({
  kind: 'pod',
  namespace,
  pod: name,
  uid: `${namespace}-${name}`,
  node: 'worker-1',
  podIPs: [],
  owner: undefined,
  labels: {},
});

describe('names', () => {
  test('a pod’s name, and as much more as tells it from the others', () => {
    const nameOf = splitNamer('web-', '.pcap');
    expect([
      nameOf(pod('shop', 'a'), 'eth0'),
      nameOf(pod('shop', 'b'), 'eth0'),
      nameOf(pod('blog', 'a'), 'eth0'),
      nameOf(pod('blog', 'a'), 'lo'),
      nameOf(pod('shop', 'a'), 'lo'),
      nameOf(pod('shop', 'a'), 'lo'),
      nameOf({ kind: 'node', node: 'worker-1', addresses: [] }, 'any'),
    ]).toEqual([
      'web-a.pcap',
      'web-b.pcap',
      'web-blog-a.pcap',
      'web-a-lo.pcap',
      'web-shop-a.pcap',
      'web-shop-a-lo.pcap',
      'web-node-worker-1.pcap',
    ]);
  });

  test('a name from a hostile server leaves the folder as little as it hides', () => {
    const nameOf = splitNamer('', '.pcap');
    expect(nameOf(pod('x', '../../etc/passwd'), 'eth0')).toBe('__.._etc_passwd.pcap');
    expect(nameOf(pod('x', '\u001b[2J'), 'eth0')).toBe('__2J.pcap');
    expect(nameOf(pod('x', '..'), 'eth0')).toBe('_.pcap');
    expect(nameOf(pod('x', 'a'.repeat(5000)), 'eth0').length).toBeLessThan(210);
  });
});

describe('files', () => {
  test('beside each other by the beginning of their names', async () => {
    const split = await prepareSplit('web.pcap', 'pcap', undefined, { cwd: folder, clock });
    const { name, sink } = await split.open(pod('shop', 'web-0'), 'eth0');
    await sink.write(Buffer.from('packets'));
    await sink.close();
    await split.discard();
    expect(name).toBe('web-web-0.pcap');
    expect(await readFile(join(folder, name), 'utf8')).toBe('packets');
  });

  test('in a folder, which is made, and unmade when nothing came', async () => {
    const environment = { cwd: folder, clock };
    const unused = await prepareSplit('out/', 'pcapng', undefined, environment);
    expect(await readdir(folder)).toContain('out');
    await unused.discard();
    expect(await readdir(folder)).not.toContain('out');
    const split = await prepareSplit('out/', 'pcapng', undefined, environment);
    const { name, sink } = await split.open(pod('shop', 'web-0'), 'eth0');
    await sink.write(Buffer.from('x'));
    await sink.close();
    await split.discard();
    expect(name).toBe(join('out', 'web-0.pcapng'));
    // A folder that is there needs no slash, and is left alone.
    const again = await prepareSplit('out', 'pcapng', undefined, environment);
    await again.discard();
    expect(await readdir(join(folder, 'out'))).toEqual(['web-0.pcapng']);
  });

  test('each of them goes on in further files', async () => {
    const split = await prepareSplit('row/', 'pcapng', { everyMs: 60_000 }, { cwd: folder, clock });
    for (const name of ['a', 'b']) {
      const { sink } = await split.open(pod('shop', name), 'eth0');
      await sink.write(Buffer.from(name));
      await sink.close();
    }
    expect((await readdir(join(folder, 'row'))).sort()).toEqual([
      expect.stringMatching(/^a_00001_\d{14}\.pcapng$/),
      expect.stringMatching(/^b_00001_\d{14}\.pcapng$/),
    ]);
  });

  test('what cannot be written is told before anything is done', async () => {
    await writeFile(join(folder, 'file'), '');
    for (const [path, reason] of [
      ['none/out/', 'there is no such directory'],
      ['none/web.pcap', 'there is no such directory'],
      ['file/', 'a file of that name is in the way'],
    ] as const) {
      await expect(prepareSplit(path, 'pcap', undefined, { cwd: folder, clock })).rejects.toMatchObject({
        message: `cannot write to ${path}: ${reason}`,
        exitCode: 2,
      });
    }
  });
});
