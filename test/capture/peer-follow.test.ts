import { expect, test } from '@jest/globals';
import { followPeers } from '../../src/capture/peer-follow.js';
import { parseReference } from '../../src/target/reference.js';
import type { Pod } from '../../src/kube/types.js';
import { fakeApi } from '../debugger/fakes.js';

const pod = (name: string, ips: readonly string[]) => ({
  metadata: { name, namespace: 'shop', uid: name, labels: { app: 'api' } },
  spec: { containers: [{ name: 'c' }] },
  status: { phase: 'Running', podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
});
const api = { metadata: { name: 'api' }, spec: { selector: { matchLabels: { app: 'api' } } } };

/** Follows deploy/api, whose pods come one after the other; gives what was told. */
async function follow(later: readonly ReturnType<typeof pod>[], cut = false) {
  const pods = [pod('api-0', ['10.0.0.1'])];
  const over = new AbortController();
  const told: string[] = [];
  const fake = fakeApi({
    get: () => Promise.resolve(api as never),
    list: () => Promise.resolve({ items: [...pods] } as never),
    async *watch() {
      for (const one of later) {
        pods.push(one);
        yield { type: 'ADDED', object: one as unknown as Pod } as never;
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (cut) throw new Error('no watch');
      over.abort();
    },
  });
  const asked = { peers: [parseReference('deploy/api')], namespace: 'shop', known: [{ host: '10.0.0.1' }] };
  const listener = {
    onNew: (fresh: readonly { host: string }[]) => void told.push(fresh.map(({ host }) => host).join(' ')),
    onBlind: (why: string) => void told.push(why),
  };
  await followPeers(fake, asked, listener, over.signal);
  return told;
}

test('each address that comes later is told once', async () => {
  expect((await follow([pod('api-1', ['10.0.0.2', 'fd00::2']), pod('api-2', ['10.0.0.3'])])).join(' ')).toBe(
    '10.0.0.2 fd00::2 10.0.0.3',
  );
});

test('more than a filter takes, and a watch that is refused, are said', async () => {
  const many = Array.from({ length: 100 }, (_, at) => `10.1.0.${at}`);
  expect(await follow([pod('api-1', many)])).toEqual([
    '--peer stands for more than 100 addresses by now; packets of further ones are not captured',
  ]);
  expect(await follow([], true)).toEqual([
    'the pods of --peer could not be watched any more: later ones are not captured',
  ]);
});
