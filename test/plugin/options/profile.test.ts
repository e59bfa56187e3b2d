import { describe, expect, test } from '@jest/globals';
import { parseProfileFile, readDebugOptions } from '../../../plugin/options/profilefile.js';
import { parseDebug, debugFlags } from '../../../plugin/options/debug.js';
import { parseWords } from '../../../plugin/options/parse.js';

const request = (...argv: string[]) => parseDebug(parseWords('ping', argv, debugFlags), {});

describe('profile files', () => {
  test('a partial container, as YAML or JSON', () => {
    const container = { securityContext: { capabilities: { add: ['NET_RAW'] }, runAsUser: 1000 } };
    expect(parseProfileFile(JSON.stringify(container), 'p.json')).toEqual(container);
    expect(
      parseProfileFile('securityContext:\n  capabilities: {add: [NET_RAW]}\n  runAsUser: 1000\n', 'p.yaml'),
    ).toEqual(container);
  });

  test.each([
    ['securityContext: 5', 'p.yaml: securityContext: Invalid input: expected object'],
    ['securityContext: {runAsUser: root}', 'p.yaml: securityContext.runAsUser: Invalid input'],
    [
      'securityContext: {capabilities: {ad: [X]}}',
      'p.yaml: securityContext.capabilities: Unrecognized key: "ad"',
    ],
    ['', 'p.yaml: Invalid input: expected object'],
    ['a: [', 'p.yaml: not YAML'],
  ])('%p is refused with the file and the key', (text, message) => {
    expect(() => parseProfileFile(text, 'p.yaml')).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message) as unknown, exitCode: 2 }),
    );
  });

  test('a name is taken as it is; a file that is not there is a usage error with its flag', async () => {
    expect((await readDebugOptions(request('--profile', 'baseline'), '/')).profile).toBe('baseline');
    await expect(readDebugOptions(request('--profile', './none.yaml'), '/nonexistent')).rejects.toMatchObject(
      {
        message: '--profile: cannot read ./none.yaml: there is no such file',
        exitCode: 2,
      },
    );
  });
});
