import { describe, expect, test } from '@jest/globals';
import { commands } from '../../plugin/run.js';
import { runWords } from './environment.js';

describe('help', () => {
  test.each([[[]], [['--help']], [['-h']], [['help']]])('%p lists every command on stdout', async (argv) => {
    const { code, out, err } = await runWords(argv);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const rows = out.split('\n').map((line) => line.trim().replace(/ +/, ' '));
    expect(rows).toEqual(expect.arrayContaining(commands.map(({ name, summary }) => `${name} ${summary}`)));
  });

  test.each(commands.map(({ name }) => [name]))(
    '%s --help names every flag, within 100 columns',
    async (name) => {
      const [{ code, out }, same] = await Promise.all([
        runWords([name, '--help', '--nothing-else-matters=no'].slice(0, 2)),
        runWords(['help', name]),
      ]);
      expect(code).toBe(0);
      expect(same.out).toBe(out);
      expect(out).toContain(`kubectl netdebug ${name}`);
      for (const flag of Object.keys(commands.find((command) => command.name === name)?.flags ?? {}))
        expect(out).toContain(`--${flag}`);
      expect(out.split('\n').filter((line) => line.length > 100)).toEqual([]);
    },
  );
});

describe('version', () => {
  test('as text, JSON and YAML', async () => {
    expect((await runWords(['version'])).out).toBe('kubectl-netdebug 0.0.0-source (linux/x64)\n');
    expect(JSON.parse((await runWords(['version', '-ojson'])).out)).toEqual({
      apiVersion: 'netdebug/v1',
      kind: 'Version',
      version: '0.0.0-source',
      platform: 'linux/x64',
    });
    expect((await runWords(['version', '-o', 'yaml'])).out).toBe(
      'apiVersion: netdebug/v1\nkind: Version\nversion: 0.0.0-source\nplatform: linux/x64\n',
    );
  });
});

describe('usage errors', () => {
  test.each([
    [['pong'], 'error: unknown command "pong" for "kubectl netdebug"\nhint: did you mean ping?\n'],
    [
      ['frobnicate'],
      'error: unknown command "frobnicate" for "kubectl netdebug"\nhint: see \'kubectl netdebug --help\'\n',
    ],
    [['-n', 'shop'], "error: no command given\nhint: see 'kubectl netdebug --help'\n"],
    [['--nonsense'], "error: unknown flag: --nonsense\nhint: see 'kubectl netdebug --help'\n"],
    [
      ['version', 'x'],
      'error: unexpected argument "x": version takes none\nhint: see \'kubectl netdebug version --help\'\n',
    ],
    [
      ['version', '-o', 'name'],
      'error: --output: version cannot print "name", only table, json, yaml\nhint: see \'kubectl netdebug version --help\'\n',
    ],
  ])('%p', async (argv, err) => expect(await runWords(argv)).toEqual({ code: 2, out: '', err }));

  test('flags of every command may stand before its name', async () => {
    expect((await runWords(['-n', 'shop', '-q', 'version'])).code).toBe(0);
    expect((await runWords(['--context=x', 'version'])).code).toBe(0);
  });

  test('--color=always colours the word error', async () => {
    expect((await runWords(['version', 'x', '--color=always'])).err).toContain('\u001b[31merror:\u001b[39m');
  });
});
