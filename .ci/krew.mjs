// krew's manifest: rendered from krew-manifest.yaml, and held to krew's rules before anybody can publish it.
import { posix } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** Where krew runs (its releases), as os/arch. */
export const krewPlatforms = [
  'darwin/amd64',
  'darwin/arm64',
  'linux/386',
  'linux/amd64',
  'linux/arm',
  'linux/arm64',
  'linux/ppc64le',
  'windows/386',
  'windows/amd64',
  'windows/arm64',
];

/**
 * Fills in the template: `${VERSION}`, and `${SHA256}` below each `uri` with the digest of the file that the address names.
 * Throws when a digest is missing or not used, and when the result breaks a rule.
 */
export function renderManifest(template, version, digests) {
  const used = new Set();
  let file = '';
  const lines = template.replaceAll('${VERSION}', version).split('\n');
  const rendered = lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => {
      file = /^\s*uri: .*\/([^/]+)$/.exec(line)?.[1] ?? file;
      if (!line.includes('${SHA256}')) return line;
      const digest = digests.get(file);
      if (digest === undefined) throw new Error(`krew-manifest.yaml names ${file}, which was not built`);
      used.add(file);
      return line.replace('${SHA256}', digest);
    });
  const unused = [...digests.keys()].filter((name) => /\.(tar\.gz|zip)$/.test(name) && !used.has(name));
  if (unused.length > 0) throw new Error(`krew-manifest.yaml does not name ${unused.join(', ')}`);
  const text = rendered.join('\n');
  const faults = manifestFaults('netdebug', text);
  if (faults.length > 0) throw new Error(`krew-manifest.yaml: ${faults.join('; ')}`);
  return text;
}

/** What is wrong with a manifest (YAML text) in the index file of this plugin name; empty when nothing is. */
export function manifestFaults(name, text) {
  const [document, ...more] = parseAllDocuments(text, { uniqueKeys: true });
  if (document === undefined || more.length > 0) return ['must be one YAML document'];
  if (document.errors.length > 0) return document.errors.map(({ message }) => message);
  const parsed = manifest.safeParse(document.toJS());
  if (!parsed.success)
    return parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'manifest'}: ${message}`);
  const value = parsed.data;
  const faults = [];
  if (value.metadata.name !== name) faults.push(`metadata.name: should be ${name}, as the file is called`);
  for (const [at, platform] of value.spec.platforms.entries())
    if (!krewPlatforms.some((pair) => selects(platform.selector, pair)))
      faults.push(`spec.platforms.${at}.selector: matches no platform that krew runs on`);
  for (const pair of krewPlatforms) {
    const matching = value.spec.platforms.filter(({ selector }) => selects(selector, pair));
    if (matching.length > 1) faults.push(`spec.platforms: more than one matches ${pair}`);
    if (pair.startsWith('windows/') && matching.some(({ bin }) => !bin.endsWith('.exe')))
      faults.push('spec.platforms: on Windows krew runs only an .exe');
  }
  return faults;
}

/** `*`-patterns and paths that stay below the folder of the plugin. */
const confined = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !/[\\:]/.test(path), 'must be relative, with forward slashes')
  .refine((path) => !path.split('/').includes('..'), 'must not leave the folder');
/** A line of at most this many characters, unless it is one word (an address): cmd/validate-krew-manifest. */
const lines = (limit) =>
  z
    .string()
    .refine(
      (text) => text.split('\n').every((line) => line.length <= limit || !line.trim().includes(' ')),
      `has a line of more than ${limit} characters`,
    );
// semver.org, with the v that krew wants.
const number = '(?:0|[1-9]\\d*)';
const identifier = `(?:${number}|\\d*[a-zA-Z-][\\da-zA-Z-]*)`;
const semanticVersion = new RegExp(
  `^v${number}\\.${number}\\.${number}(?:-${identifier}(?:\\.${identifier})*)?(?:\\+[\\da-zA-Z-]+(?:\\.[\\da-zA-Z-]+)*)?$`,
);
const label = z.enum(['os', 'arch']);
const selector = z
  .strictObject({
    matchLabels: z
      .partialRecord(label, z.string())
      .refine((labels) => Object.keys(labels).length > 0)
      .optional(),
    matchExpressions: z
      .array(
        z.discriminatedUnion('operator', [
          z.strictObject({
            key: label,
            operator: z.enum(['In', 'NotIn']),
            values: z.array(z.string()).min(1),
          }),
          z.strictObject({ key: label, operator: z.enum(['Exists', 'DoesNotExist']) }),
        ]),
      )
      .min(1)
      .optional(),
  })
  .refine((value) => Object.keys(value).length > 0, 'an empty selector is not supported');
// krew: internal/index/validation/validate.go, internal/installation/{install,move}.go, cmd/validate-krew-manifest,
// pkg/index/types.go; the naming guide of the index for the name. Unknown fields, and addresses without TLS, are our own rules.
const manifest = z.strictObject({
  apiVersion: z.literal('krew.googlecontainertools.github.com/v1alpha2'),
  kind: z.literal('Plugin'),
  metadata: z.strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      .refine((name) => !/^(con|prn|aux|nul|(com|lpt)[1-9])$/i.test(name), 'is a device on Windows'),
  }),
  spec: z.strictObject({
    version: z.string().regex(semanticVersion, 'must be v and a semantic version'),
    homepage: z.url({ protocol: /^https$/ }),
    shortDescription: lines(70)
      .min(1)
      .regex(/^[^\r\n]*$/, 'must be one line'),
    description: lines(80).min(1),
    caveats: lines(80).min(1).optional(),
    platforms: z
      .array(
        z.strictObject({
          selector,
          uri: z.url({ protocol: /^https$/ }).regex(/\.(tar\.gz|zip)$/, 'must be a .tar.gz or .zip archive'),
          sha256: z
            .string()
            .regex(/^[a-f0-9]{64}$/)
            .refine((digest) => !/^0+$/.test(digest), 'is no digest'),
          files: z
            .array(
              z.strictObject({
                from: confined,
                to: confined.refine((to) => posix.normalize(to) === to, 'must be a clean path'),
              }),
            )
            .min(1)
            .optional(),
          bin: confined,
        }),
      )
      .min(1),
  }),
});

/** Whether a label selector matches `os/arch`, as Kubernetes' selectors do. */
function selects({ matchLabels = {}, matchExpressions = [] }, pair) {
  const [os, arch] = pair.split('/');
  const labels = { os, arch };
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      switch (operator) {
        case 'In':
          return values.includes(labels[key]);
        case 'NotIn':
          return !values.includes(labels[key]);
        default:
          return operator === 'Exists';
      }
    })
  );
}
