/** manifests/image/Dockerfile, which cannot be built here, against what the tools run; and docs/images.md with it. */
import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toolboxes } from '../../src/debugger/toolboxes.js';
import { alwaysNeeded, programsOf } from '../../src/tools/programs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const dockerfile = read('manifests/image/Dockerfile').replace(/^#.*\n/gm, '');

/** Programs of Debian's packages that matter here (dpkg -S in Debian 12); `debian` is what the base has. */
const programsIn: Readonly<Record<string, readonly string[]>> = {
  debian: ['sh', 'find', 'grep'],
  bash: ['bash'],
  'bind9-dnsutils': ['dig', 'nslookup'],
  'ca-certificates': [],
  conntrack: ['conntrack'],
  coreutils: ['cat', 'chmod', 'dd', 'head', 'mkdir', 'rm', 'sha256sum', 'sleep', 'timeout'],
  curl: ['curl'],
  ethtool: ['ethtool'],
  iperf3: ['iperf3'],
  iproute2: ['ip', 'ss'],
  'iputils-ping': ['ping', 'ping of iputils'],
  'iputils-tracepath': ['tracepath'],
  'libc-bin': ['getent'],
  'mtr-tiny': ['mtr'],
  'net-tools': ['netstat'],
  'netcat-openbsd': ['nc'],
  nftables: ['nft'],
  openssl: ['openssl'],
  'perl-base': ['perl'],
  procps: ['ps'],
  socat: ['socat'],
  tar: ['tar'],
  tcpdump: ['tcpdump'],
  traceroute: ['traceroute'],
};

const packages = [
  ...(/--no-install-recommends \\\n([^;]*);/.exec(dockerfile)?.[1] ?? '').matchAll(/[\w.+-]+/g),
].map(([name]) => name);
const installed = new Set(['debian', ...packages].flatMap((name) => programsIn[name] ?? []));

/** Programs that the source names where it runs them: at the head of an argv with flags, and behind `command -v`. */
function programsInSource(): Set<string> {
  const folders = ['src/tools', 'src/transfer', 'src/capture', 'src/capture/spool', 'src/debugger'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(folder, name)),
  );
  const text = files
    .filter((file) => file.endsWith('.ts'))
    .map(read)
    .join('\n');
  const found = text.matchAll(/\['([a-z0-9]+)', ['`][-/+]|command -v ([a-z0-9]+)/g);
  return new Set([...found].map(([, head, asked]) => head ?? asked ?? ''));
}

describe('the Dockerfile', () => {
  test('names packages that are known, once, in order', () => {
    expect(packages.length).toBeGreaterThan(10);
    expect(packages).toEqual([...new Set(packages)].sort());
    expect(packages.filter((name) => !Object.hasOwn(programsIn, name))).toEqual([]);
  });

  test('has the best program for every command', () => {
    const best = Object.values(programsOf).flatMap((groups) => groups.map(([first = '']) => first));
    const wanted = [...alwaysNeeded, ...best];
    expect(wanted.filter((program) => !installed.has(program))).toEqual([]);
  });

  test('has every program that the source runs', () => {
    const run = programsInSource();
    expect([...run]).toEqual(expect.arrayContaining(['tcpdump', 'ping', 'dig', 'ss', 'bash']));
    expect([...run].filter((program) => !installed.has(program))).toEqual([]);
  });

  test('has what a person in a shell looks for, and no tshark', () => {
    for (const program of ['conntrack', 'ethtool', 'mtr', 'nft', 'openssl', 'socat', 'curl'])
      expect(installed).toContain(program);
    expect(dockerfile).not.toMatch(/tshark|wireshark/);
  });

  test('is one stage from a base that can be pinned, fetches packages alone, keeps no lists and no set-user-id', () => {
    expect(dockerfile.match(/^FROM .*$/gm)).toEqual(['FROM ${BASE}']);
    expect(dockerfile).toMatch(/^ARG BASE=docker\.io\/library\/debian:[a-z]+-slim$/m);
    const instructions = [...dockerfile.matchAll(/^([A-Z]+) /gm)].map(([, name]) => name);
    expect(instructions).toEqual(['ARG', 'FROM', 'ARG', 'LABEL', 'RUN', 'WORKDIR', 'CMD']);
    expect(dockerfile).not.toMatch(/https?:\/\/(?!github\.com\/kubectl-netdebug\/)/);
    expect(dockerfile).toContain('rm -rf /var/lib/apt/lists/*');
    expect(dockerfile).toContain('-perm /6000 -exec chmod a-s {} +');
    for (const label of ['title', 'description', 'version', 'licenses', 'source'])
      expect(dockerfile).toContain(`org.opencontainers.image.${label}=`);
  });
});

describe('docs/images.md', () => {
  const page = read('docs/images.md');

  test.each(Object.entries(programsOf))('says what %s needs', (command, groups) => {
    const words = groups.map((group) => group.map((program) => `\`${program}\``).join(' or ')).join('; ');
    expect(page).toMatch(
      new RegExp(`^\\| .*\\b${command}\\b.* \\| ${words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'm'),
    );
  });

  test('says what every command needs, and which images are known', () => {
    for (const program of alwaysNeeded) expect(page).toContain(`\`${program}\``);
    const listed = [...page.matchAll(/^\d\. `(\S+)`/gm)].map(([, repository]) => repository);
    expect(listed).toEqual(toolboxes.map(({ repository }) => repository));
  });
});
