/** krew's rules, each with a manifest that breaks it (kubernetes-sigs/krew: internal/index/validation, cmd/validate-krew-manifest). */
import { expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { krewPlatforms, manifestFaults, renderManifest } from '../../.ci/krew.mjs';
import { archiveName, targets } from '../../.ci/targets.mjs';

const template = readFileSync(fileURLToPath(new URL('../../krew-manifest.yaml', import.meta.url)), 'utf8');
const digests = new Map(
  targets.map((target) => {
    const name = archiveName(target, '1.2.3');
    return [name, createHash('sha256').update(name).digest('hex')];
  }),
);
const rendered = renderManifest(template, '1.2.3', digests);

interface Platform {
  uri: unknown;
  sha256: unknown;
  bin: unknown;
  files?: unknown;
  selector?: unknown;
  [other: string]: unknown;
}

interface Manifest {
  apiVersion: unknown;
  kind: unknown;
  metadata: Record<string, unknown>;
  spec: Record<string, unknown> & { platforms: Platform[] };
  [other: string]: unknown;
}

/** The rendered manifest after a change. */
function changed(change: (manifest: Manifest, first: Platform) => unknown): string {
  const manifest = parse(rendered) as Manifest;
  const [first] = manifest.spec.platforms;
  if (first === undefined) throw new Error('no platform');
  change(manifest, first);
  return stringify(manifest);
}

test('the rendered manifest keeps every rule', () => {
  expect(manifestFaults('netdebug', rendered)).toEqual([]);
});

test('every platform of a release is in it, with its own address and digest', () => {
  const { spec } = parse(rendered) as Manifest;
  const base = 'https://github.com/kubectl-netdebug/kubectl-netdebug/releases/download/v1.2.3/';
  expect(spec.version).toBe('v1.2.3');
  expect(spec.platforms).toEqual(
    targets.map((target) => ({
      selector: { matchLabels: { os: target.os, arch: target.arch } },
      uri: base + archiveName(target, '1.2.3'),
      sha256: digests.get(archiveName(target, '1.2.3')),
      bin: target.program,
    })),
  );
});

test('nothing of the template is left', () => {
  expect(rendered).not.toMatch(/\$\{|^#/m);
});

test('a platform that was not built, or that the template forgot, is refused', () => {
  const [[first] = ['']] = digests;
  const fewer = new Map([...digests].slice(1));
  const more = new Map([...digests, ['kubectl-netdebug_v1.2.3_plan9_amd64.tar.gz', 'a'.repeat(64)]]);
  expect(() => renderManifest(template, '1.2.3', fewer)).toThrow(`${first}, which was not built`);
  expect(() => renderManifest(template, '1.2.3', more)).toThrow(
    'does not name kubectl-netdebug_v1.2.3_plan9',
  );
});

test('a result that breaks a rule is refused', () => {
  expect(() => renderManifest(template, '01.2.3', digests)).toThrow(/not built|semantic version/);
  expect(() => renderManifest(template.replace('kind: Plugin', 'kind: Plug'), '1.2.3', digests)).toThrow(
    'kind',
  );
});

test.each<[string, (manifest: Manifest, first: Platform) => unknown]>([
  ['another apiVersion', (m) => (m.apiVersion = 'krew.googlecontainertools.github.com/v1alpha3')],
  ['another kind', (m) => (m.kind = 'NotPlugin')],
  ['a name that is not the name of the file', (m) => (m.metadata.name = 'other')],
  ['a name with a path', (m) => (m.metadata.name = '../netdebug')],
  ['a name in capitals', (m) => (m.metadata.name = 'NetDebug')],
  ['a device of Windows as the name', (m) => (m.metadata.name = 'nul')],
  ['an unknown field of metadata', (m) => (m.metadata.label = 'x')],
  ['an unknown field', (m) => (m.status = {})],
  ['an unknown field of spec', (m) => (m.spec.author = 'x')],
  ['no short description', (m) => (m.spec.shortDescription = '')],
  ['a short description of two lines', (m) => (m.spec.shortDescription = 'just\nfoo')],
  ['a carriage return in the short description', (m) => (m.spec.shortDescription = 'just foo\r')],
  ['a long short description', (m) => (m.spec.shortDescription = 'word '.repeat(15).trim())],
  ['no description', (m) => delete m.spec.description],
  ['a long line in the description', (m) => (m.spec.description = 'word '.repeat(17).trim())],
  ['a long line in the caveats', (m) => (m.spec.caveats = 'word '.repeat(17).trim())],
  ['no homepage', (m) => delete m.spec.homepage],
  ['no version', (m) => delete m.spec.version],
  ['a version without v', (m) => (m.spec.version = '1.2.3')],
  ['a version with a leading zero', (m) => (m.spec.version = 'v01.02.3-a')],
  ['a version of two parts', (m) => (m.spec.version = 'v1.2')],
  ['no platform', (m) => (m.spec.platforms = [])],
  ['no address', (_, p) => delete p.uri],
  ['an address without TLS', (_, p) => (p.uri = String(p.uri).replace('https:', 'http:'))],
  ['an archive of another kind', (_, p) => (p.uri = String(p.uri).replace('.tar.gz', '.tar.xz'))],
  ['no digest', (_, p) => delete p.sha256],
  ['a digest in capitals', (_, p) => (p.sha256 = String(p.sha256).toUpperCase())],
  ['a short digest', (_, p) => (p.sha256 = String(p.sha256).slice(1))],
  ['a digest of nothing but zeros', (_, p) => (p.sha256 = '0'.repeat(64))],
  ['no bin', (_, p) => (p.bin = '')],
  ['a bin outside', (_, p) => (p.bin = 'foo/../../kubectl-netdebug')],
  ['an absolute bin', (_, p) => (p.bin = '/usr/bin/env')],
  ['empty files', (_, p) => (p.files = [])],
  ['files without from', (_, p) => (p.files = [{ from: '', to: '.' }])],
  ['files without to', (_, p) => (p.files = [{ from: '*', to: '' }])],
  ['files to outside', (_, p) => (p.files = [{ from: '*', to: '../x' }])],
  ['files from outside', (_, p) => (p.files = [{ from: '../*', to: '.' }])],
  ['files to a path that is not clean', (_, p) => (p.files = [{ from: '*', to: './x' }])],
  ['files with another field', (_, p) => (p.files = [{ from: '*', to: '.', mode: 7 }])],
  ['an unknown field of a platform', (_, p) => (p.url = p.uri)],
  ['no selector', (_, p) => delete p.selector],
  ['an empty selector', (_, p) => (p.selector = {})],
  ['empty matchLabels', (_, p) => (p.selector = { matchLabels: {} })],
  ['empty matchExpressions', (_, p) => (p.selector = { matchExpressions: [] })],
  ['an unknown label', (_, p) => (p.selector = { matchLabels: { os: 'linux', libc: 'glibc' } })],
  ['an unknown label in an expression', (_, p) => (p.selector = expression('libc', 'In', ['musl']))],
  ['an unknown operator', (_, p) => (p.selector = expression('os', 'Gt', ['1']))],
  ['a platform that krew does not run on', (_, p) => (p.selector = { matchLabels: { os: 'plan9' } })],
  ['two platforms for one machine', (_, p) => (p.selector = expression('os', 'In', ['linux', 'darwin']))],
  ['a bin on Windows that is no .exe', (m) => m.spec.platforms.forEach((p) => (p.bin = 'kubectl-netdebug'))],
])('%s breaks a rule', (_, change) => {
  expect(manifestFaults('netdebug', changed(change))).not.toEqual([]);
});

test.each<[string, (manifest: Manifest, first: Platform) => unknown]>([
  ['a pre-release', (m) => (m.spec.version = 'v1.2.3-rc.1+build.5')],
  ['no caveats', (m) => delete m.spec.caveats],
  ['a long word', (m) => (m.spec.caveats = `https://example.com/${'a'.repeat(100)}`)],
  ['files that stay inside', (_, p) => (p.files = [{ from: 'bin/*', to: '.' }])],
  [
    'an expression',
    (_, p) => (p.selector = { ...expression('os', 'In', ['linux']), matchLabels: { arch: 'amd64' } }),
  ],
])('%s breaks none', (_, change) => {
  expect(manifestFaults('netdebug', changed(change))).toEqual([]);
});

test.each([
  ['two documents', `${rendered}---\n${rendered}`],
  ['a key twice', rendered.replace('kind: Plugin', 'kind: Plugin\nkind: Plugin')],
  ['no mapping', '- a list\n'],
  ['nothing', ''],
])('%s is no manifest', (_, text) => {
  expect(manifestFaults('netdebug', text)).not.toEqual([]);
});

test('the platforms of a release are ones that krew runs on', () => {
  for (const { os, arch } of targets) expect(krewPlatforms).toContain(`${os}/${arch}`);
});

function expression(key: string, operator: string, values: readonly string[]): object {
  return { matchExpressions: [{ key, operator, values }] };
}
