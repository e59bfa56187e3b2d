/** The executable minds its own business: nothing in the folder where a person stands becomes part of it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeHome, programs, runProgram } from '../e2e/program.js';

const folder = makeHome();

beforeAll(() => {
  const leak = 'console.log("foreign code ran")';
  writeFileSync(join(folder.home, 'foreign.js'), leak);
  writeFileSync(join(folder.home, 'bunfig.toml'), 'preload = ["./foreign.js"]\n');
  writeFileSync(
    join(folder.home, 'package.json'),
    JSON.stringify({ type: 'commonjs', main: 'foreign.js', imports: { '#x': './foreign.js' } }),
  );
  writeFileSync(
    join(folder.home, 'tsconfig.json'),
    '{ "compilerOptions": { "paths": { "*": ["./foreign.js"] } } }',
  );
  // A file of this kind is read by us, not by the runtime: what it asks for must not show.
  writeFileSync(join(folder.home, '.env'), 'KUBECONFIG=foreign.yaml\n');
  writeFileSync(join(folder.home, 'foreign.yaml'), 'no kubeconfig at all\n');
});

afterAll(folder.remove);

test.each(Object.entries(programs))('runs no program that the folder names, %s', async (_, program) => {
  const { stdout, stderr, code } = await runProgram(['version'], { program, cwd: folder.home });
  expect({ stdout: stdout.toString(), stderr, code }).toEqual({
    stdout: expect.stringMatching(/^kubectl-netdebug \S+ \(\S+\)\n$/),
    stderr: '',
    code: 0,
  });
});

test.each(Object.entries(programs))('takes no environment from the folder, %s', async (_, program) => {
  const { stderr, code } = await runProgram(['list'], { program, cwd: folder.home });
  expect(stderr).toContain('There is no kubeconfig');
  expect(code).not.toBe(0);
});
