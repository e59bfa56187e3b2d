import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { findBun } from '../../.ci/bun.mjs';

/** The programs that are compared. */
export interface Programs {
  /** Stock kubectl, found on PATH. */
  readonly kubectl: string;
  /** The executable as it is shipped, then the same program on Node. */
  readonly ours: readonly { readonly name: string; readonly argv: readonly string[] }[];
  /** `src/kube` alone, streaming one exec to stdout, compiled in the same two ways. */
  readonly streamers: readonly { readonly name: string; readonly argv: readonly string[] }[];
  /** `src/pcap` alone, merging files, compiled in the same two ways. */
  readonly mergers: readonly { readonly name: string; readonly argv: readonly string[] }[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Compiles what is measured alone beside the executables that `npm run build` left in dist/. */
export async function programs(): Promise<Programs> {
  return {
    kubectl: 'kubectl',
    ours: [
      { name: 'executable', argv: [`${root}dist/kubectl-netdebug`] },
      { name: 'on Node', argv: [process.execPath, `${root}dist/node/kubectl-netdebug`] },
    ],
    streamers: await compiled('streamer'),
    mergers: await compiled('pcap-merger'),
  };
}

/** One program of this folder, as an executable and for Node. */
async function compiled(program: string): Promise<{ name: string; argv: string[] }[]> {
  const source = `${root}test/bench/${program}.ts`;
  const bundle = `${root}dist/bench/${program}.mjs`;
  await build({
    entryPoints: [source],
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
    logLevel: 'warning',
  });
  const executable = `${root}dist/bench/${program}`;
  const bun = findBun();
  if (bun === undefined)
    throw new Error('npm has no Bun for this platform: the executable cannot be measured');
  run(bun, ['build', source, '--compile', '--bytecode', '--format=esm', `--outfile=${executable}`]);
  return [
    { name: 'executable', argv: [executable] },
    { name: 'on Node', argv: [process.execPath, bundle] },
  ];
}

/** One line that says on what was measured. */
export function machine(): string {
  const kubectl = run('kubectl', ['version', '--client', '-o', 'json']);
  const { clientVersion } = JSON.parse(kubectl) as { clientVersion: { gitVersion: string } };
  const gib = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${cpus().length} x ${model}, ${gib} GiB, Linux ${release()}, Node ${process.version}, kubectl ${clientVersion.gitVersion}`;
}

function run(program: string, args: readonly string[]): string {
  const done = spawnSync(program, args, { encoding: 'utf8', cwd: `${root}dist` });
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stderr}`);
  return done.stdout;
}
