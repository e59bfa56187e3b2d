import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { createScene, runningPods } from '../../../src/diagnose/flows/scene.js';
import { parseAddress } from '../../../src/diagnose/policy/address.js';
import type { End } from '../../../src/diagnose/policy/end.js';
import { endText } from '../../../src/diagnose/policy/end.js';
import { judge } from '../../../src/diagnose/policy/judge.js';
import { cellOf, createMatrix } from '../../../src/diagnose/policy/matrix.js';
import type { Protocol } from '../../../src/diagnose/policy/objects.js';
import type { PortAlgebra, Ports } from '../../../src/diagnose/policy/ports.js';
import { lastPort, protocols } from '../../../src/diagnose/policy/ports.js';
import { portsOfFlow, verdictOf } from '../../../src/diagnose/policy/verdict.js';
import { readFiles } from '../../../src/diagnose/snapshot/files.js';

const root = fileURLToPath(new URL('../../fixtures/oracles', import.meta.url));

interface Expected {
  readonly pairs?: readonly Pair[];
  readonly external?: readonly Pair[];
  readonly checks?: readonly Check[];
}

interface Pair {
  readonly src: string;
  readonly dst: string;
  readonly allowed: readonly string[];
  readonly unknown?: readonly string[];
  readonly lenient?: boolean;
}

interface Check {
  readonly src: string;
  readonly dst: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly expect: string;
  readonly lenient?: boolean;
}

const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: group }) => readdirSync(join(root, group)).map((name) => [group, name] as const));

test('there are as many cases as the README says', () => {
  expect(cases).toHaveLength(130);
});

describe.each(cases)('%s %s', (group, name) => {
  test('every verdict is the expected one', async () => {
    const folder = join(root, group, name);
    const snapshot = await readFiles([join(folder, 'objects.yaml')], 'default');
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
    const { model } = createScene(snapshot, 'default');
    const pods = runningPods(snapshot, undefined).map((pod) => model.ends.pod(pod));
    const places = new Map(pods.map((pod, place) => [endText(pod), place]));
    const matrix = createMatrix(model, pods);
    const place = (pod: string): number => places.get(pod) ?? -1;
    const differences: unknown[] = [];

    for (const pair of expected.pairs ?? []) {
      const cell = matrix.cell(place(pair.src), place(pair.dst));
      if (!agrees(model.ports, cell, pair)) differences.push({ pair, cell });
    }
    for (const pair of expected.external ?? []) {
      // A range of addresses is judged alike from its first to its last.
      for (const which of [0, 1]) {
        const end = (text: string): End => pods[place(text)] ?? outside(text.split('-')[which] ?? '');
        const outside = (text: string): End => {
          const address = parseAddress(text);
          if (address === undefined) throw new Error(`no address: ${text}`);
          return model.ends.address(address);
        };
        const cell = cellOf(model, judge(model, { from: end(pair.src), to: end(pair.dst) }, model.ports.all));
        if (!agrees(model.ports, cell, pair)) differences.push({ pair, which, cell });
      }
    }
    for (const check of expected.checks ?? []) {
      const [from, to] = [pods[place(check.src)], pods[place(check.dst)]];
      if (from === undefined || to === undefined) throw new Error(`no pod ${check.src} or ${check.dst}`);
      const verdict = verdictOf(model, judge(model, { from, to }, portsOfFlow(model, check)));
      if (verdict !== check.expect && !(check.lenient === true && verdict === 'unknown')) {
        differences.push({ check, verdict });
      }
    }

    const judged =
      (expected.pairs ?? []).length + (expected.external ?? []).length + (expected.checks ?? []).length;
    expect(judged).toBeGreaterThan(0);
    expect(differences).toEqual([]);
  });
});

/** Sets of ports are compared, not their texts. Of a lenient pair a less definite answer will do, a contrary one will not. */
function agrees(ports: PortAlgebra, cell: Pick<Pair, 'allowed' | 'unknown'>, pair: Pair): boolean {
  const set = (texts: readonly string[] = []): Ports => ports.of(texts.flatMap(rangesOfText));
  const [allowed, unknown] = [set(cell.allowed), set(cell.unknown)];
  if (allowed === set(pair.allowed) && unknown === set(pair.unknown)) return true;
  if (pair.lenient !== true) return false;
  const mayPass = ports.union(set(pair.allowed), set(pair.unknown));
  return (
    ports.subtract(allowed, mayPass) === ports.none &&
    ports.subtract(set(pair.allowed), ports.union(allowed, unknown)) === ports.none
  );
}

function rangesOfText(text: string): { protocol: Protocol; first: number; last: number }[] {
  if (text === 'ALL') return protocols.map((protocol) => ({ protocol, first: 1, last: lastPort }));
  const [protocol, range = ''] = text.split(' ');
  const [first, last = first] = range.split('-').map(Number);
  const found = protocols.find((known) => known === protocol);
  if (found === undefined || first === undefined || last === undefined) throw new Error(`not ports: ${text}`);
  return [{ protocol: found, first, last }];
}
