/**
 * What the words that are asked often load before they answer: by name, not by time. A package or a room that turns up here was
 * imported at the top of a file that start-up reads; import it where it is used instead (`await import()`).
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from './release.js';

interface Output {
  readonly bytes: number;
  readonly inputs: Readonly<Record<string, unknown>>;
}

interface Loaded {
  /** npm packages. */
  readonly packages: readonly string[];
  /** Modules of Node that our files import. */
  readonly builtins: readonly string[];
  /** Our own files below src/. */
  readonly sources: readonly string[];
  readonly bytes: number;
}

/** Small, and needed to find a command or to word a mistake. */
const always = ['leven', 'picocolors'];
/** Rooms of src/ of which start-up needs words alone: names of kinds and tools, how a target is spelt, what a number may be. */
const rooms =
  /^src\/(errors\.ts|target\/|kube\/text\.ts|tools\/(programs|text)\.ts|debugger\/image-name\.ts|doctor\/use-names\.ts|pcap\/header\.ts|capture\/spool\/(ring|trigger)\.ts)/;
const cheapBuiltins = ['events', 'fs/promises', 'net', 'os', 'path', 'timers/promises', 'util', 'crypto'];

let outputs: Readonly<Record<string, Output>>;
let folder: string;

beforeAll(async () => {
  const metafile = JSON.parse(await readFile(`${root}dist/node.meta.json`, 'utf8')) as {
    outputs: Readonly<Record<string, Output>>;
  };
  outputs = metafile.outputs;
  folder = await mkdtemp(join(tmpdir(), 'netdebug-startup-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the bundle under a hook of Node's loader, which writes down the address of every module it loads. */
async function loadedBy(words: readonly string[]): Promise<Loaded> {
  const list = join(folder, 'loaded.txt');
  await rm(list, { force: true });
  const hook = `import { appendFileSync } from 'node:fs';
    export function load(url, context, next) {
      appendFileSync(${JSON.stringify(list)}, url + '\\n');
      return next(url, context);
    }`;
  const registering = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hook))});`;
  const args = ['--import', dataUrl(registering), `${root}dist/node/kubectl-netdebug`, ...words];
  await run(process.execPath, args, { env: { PATH: process.env.PATH, HOME: folder } });
  const urls = (await readFile(list, 'utf8')).trim().split('\n');
  const chunks = urls.flatMap((url) => {
    const output = outputs[/dist\/node\/lib\/.*$/.exec(url)?.[0] ?? ''];
    return output === undefined ? [] : [output];
  });
  const inputs = chunks.flatMap((chunk) => Object.keys(chunk.inputs));
  const packages = inputs.flatMap((input) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []);
  return {
    packages: [...new Set(packages)].sort(),
    builtins: [...new Set(urls.flatMap((url) => /^node:(.+)/.exec(url)?.[1] ?? []))].sort(),
    sources: inputs.filter((input) => input.startsWith('src/')).sort(),
    bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function dataUrl(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}

test.each([
  { words: ['version'] },
  { words: ['--help'] },
  { words: ['-h'] },
  { words: [] },
  { words: ['help', 'capture'] },
  { words: ['capture', '--help'] },
  { words: ['completion', 'bash'] },
  { words: ['__complete', 'cap'] },
])('$words loads no more than it needs', async ({ words }) => {
  const loaded = await loadedBy(words);
  expect(loaded.packages.filter((name) => !always.includes(name))).toEqual([]);
  expect(loaded.builtins.filter((name) => !cheapBuiltins.includes(name))).toEqual([]);
  expect(loaded.sources.filter((file) => !rooms.test(file))).toEqual([]);
  // Mostly what every command is called and takes; a bundled package that is not named would show here.
  expect(loaded.bytes).toBeLessThan(400_000);
});

test('the check sees a package that is loaded late', async () => {
  const loaded = await loadedBy(['version', '-o', 'yaml']);
  expect(loaded.packages).toEqual(expect.arrayContaining(['yaml', 'yargs']));
});
