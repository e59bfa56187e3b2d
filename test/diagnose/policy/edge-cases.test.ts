import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { explainFlow } from '../../../src/diagnose/policy/verdict.js';
import type { WorldObject } from './world.js';
import { createWorld, flowOf } from './world.js';

const path = fileURLToPath(new URL('../../fixtures/policy/edge-cases.yaml', import.meta.url));
const { objects, scenarios } = parse(readFileSync(path, 'utf8')) as {
  readonly objects: readonly WorldObject[];
  readonly scenarios: readonly {
    readonly about: string;
    readonly policies: readonly WorldObject[];
    readonly checks: readonly string[];
  }[];
};
const daemonSets: Readonly<Record<string, string>> = {
  Calico: 'calico-node',
  Cilium: 'cilium',
  flannel: 'kube-flannel-ds',
};

describe.each(scenarios)('$about', ({ policies, checks }) => {
  test.each(checks)('%s', (check) => {
    const [, , , , , expected, circumstance = ''] = check.split(' ');
    const world = createWorld([...objects, ...policies], daemonSets[circumstance]);
    const flow = { ...flowOf(world, check), viaService: circumstance === 'via-service' };

    const { verdict, egress, ingress, reasons } = explainFlow(world.model, flow);

    expect(verdict).toBe(expected);
    // Whatever is left open says why.
    const said = [...reasons, ...egress.reasons, ...ingress.reasons];
    if (verdict === 'unknown') expect(said).not.toEqual([]);
  });
});
