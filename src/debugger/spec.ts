import type { EphemeralContainer, Pod } from '../kube/types.js';
import { mergeContainer } from './custom.js';
import { LEASE_VERSION, leaseCommand, leaseEnv } from './lease.js';
import { permits, securityContextOf } from './profile.js';
import type { DebugOptions, Need, ProfileChoice, ProfileName } from './types.js';

/** The ephemeral container as the API takes it, with the fields that we always set. */
export interface DebugContainerSpec extends EphemeralContainer {
  readonly image: string;
  readonly terminationMessagePolicy: 'FallbackToLogsOnError';
}

/** A rung of the ladder, or the partial container of a file. */
export type Rung = Exclude<ProfileChoice, 'auto'>;

// Without vowels, as Kubernetes makes its own names, so that no word comes out.
const letters = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * `netdebug-` and five random characters.
 * @param random Uniform in [0, 1).
 */
export function containerName(random: () => number): string {
  const pick = () => letters[Math.floor(random() * letters.length)] ?? 'x';
  return `netdebug-${Array.from({ length: 5 }, pick).join('')}`;
}

/** The debug container for a pod: a function of pod and options, nothing is asked or sent. */
export function debugContainerSpec(
  name: string,
  pod: Pod,
  rung: Rung,
  options: DebugOptions,
): DebugContainerSpec {
  const spec: DebugContainerSpec = {
    ...leasedContainer(name, name, rung, options),
    ...(options.target === undefined ? {} : { targetContainerName: options.target }),
    securityContext: securityContextOf(typeof rung === 'string' ? rung : 'baseline', pod, options.target),
  };
  return typeof rung === 'string' ? spec : mergeContainer(spec, rung.container);
}

/**
 * What every debug container is made of, wherever it runs: the lease, and the marks by which it is known again.
 * @param id Of the lease, for its directory.
 */
export function leasedContainer(
  name: string,
  id: string,
  rung: Rung,
  options: DebugOptions,
): DebugContainerSpec {
  return {
    name,
    image: options.image,
    ...(options.imagePullPolicy === undefined ? {} : { imagePullPolicy: options.imagePullPolicy }),
    command: leaseCommand(options.ttlSeconds),
    env: [
      { name: leaseEnv.version, value: LEASE_VERSION },
      { name: leaseEnv.id, value: id },
      { name: leaseEnv.image, value: options.image },
      { name: leaseEnv.profile, value: profileMark(rung) },
    ],
    // What the shell complained of, should it not understand the lease.
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/** Whether an ephemeral container was made by this program, with a lease that this version understands. */
export function isOurs(spec: EphemeralContainer): boolean {
  return envOf(spec, leaseEnv.version) === LEASE_VERSION;
}

/** The profile that a debug container of ours was made with. */
export function profileOf(spec: EphemeralContainer): ProfileName | 'custom' {
  const mark = envOf(spec, leaseEnv.profile) ?? '';
  return names.find((name) => name === mark) ?? 'custom';
}

/** The image that was asked for; a webhook may have put another in its place. */
export function imageOf(spec: EphemeralContainer): string {
  return envOf(spec, leaseEnv.image) ?? spec.image ?? '';
}

/** The id that the container's own processes know; its name when it was made. */
export function idOf(spec: EphemeralContainer): string | undefined {
  return envOf(spec, leaseEnv.id);
}

/**
 * Whether a debug container serves instead of a new one: same image, the profile asked for (any that the tool can work
 * with, under auto), and the same process namespace if one is asked for. Judged by what is stored, not by what was asked.
 */
export function serves(spec: EphemeralContainer, options: DebugOptions, need: Need): boolean {
  if (!isOurs(spec) || imageOf(spec) !== options.image) return false;
  if (options.target !== undefined && spec.targetContainerName !== options.target) return false;
  if (options.profile === 'auto') return permits(spec.securityContext, need);
  return envOf(spec, leaseEnv.profile) === profileMark(options.profile);
}

const names: readonly ProfileName[] = ['netadmin', 'baseline', 'restricted', 'general', 'sysadmin'];

/** A profile's name; for a file its content in short, so that a changed file is another profile. */
function profileMark(rung: Rung): string {
  return typeof rung === 'string' ? rung : `custom-${hash(JSON.stringify(rung.container))}`;
}

/** FNV-1a, 32 bit: tells two files apart, protects nothing. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}

function envOf(spec: EphemeralContainer, name: string): string | undefined {
  return spec.env?.find((variable) => variable.name === name)?.value;
}
