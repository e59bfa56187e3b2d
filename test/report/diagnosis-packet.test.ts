import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { diagnose } from '../../src/diagnose/diagnose.js';
import { parseQuestion } from '../../src/diagnose/outside/target.js';
import { readFiles } from '../../src/diagnose/snapshot/files.js';
import { createSnapshot } from '../../src/diagnose/snapshot/snapshot.js';
import type { Part } from '../../src/diagnose/snapshot/types.js';
import { packetOf } from '../../src/report/diagnosis-packet.js';

const file = fileURLToPath(new URL('../fixtures/diagnose/ND204-service-port.yaml', import.meta.url));

test('the packet holds what the flow is made of, those that a finding names first, and no secret', async () => {
  const { parts } = await readFiles([file], 'shop');
  const spoilt = JSON.parse(JSON.stringify(parts), (key, value: unknown) =>
    key === 'containers' && Array.isArray(value)
      ? value.map((one: object) => ({
          ...one,
          env: [{ name: 'PASSWORD', value: 'hunter2' }],
          args: ['--token=hunter2'],
        }))
      : key === 'metadata'
        ? { ...(value as object), annotations: { secret: 'hunter2' } }
        : value,
  ) as Part[];
  const snapshot = createSnapshot(spoilt);
  const question = { ...parseQuestion('web-0', 'svc/api:80'), namespace: 'shop', now: 0 };
  const { objects, left } = packetOf(diagnose(snapshot, question), snapshot);
  expect(left).toBe(0);
  const flags = objects.map(({ named }) => named);
  expect(flags).toEqual(flags.toSorted((a, b) => Number(b) - Number(a)));
  const policy = objects.find(({ name }) => name === 'NetworkPolicy shop/allow-web');
  expect(policy?.named).toBe(true);
  expect(objects.map(({ name }) => name).sort()).toEqual([
    ...['EndpointSlice shop/api-abc', 'Namespace shop', 'NetworkPolicy shop/allow-web'],
    ...['NetworkPolicy shop/default-deny', 'Node n1', 'Pod shop/api-1', 'Pod shop/web-0', 'Service shop/api'],
  ]);
  const text = objects.map(({ yaml }) => yaml).join('');
  expect(text).not.toContain('hunter2');
  expect(parse(policy?.yaml ?? '')).toMatchObject({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'allow-web', namespace: 'shop' },
  });
});
