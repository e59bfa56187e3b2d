import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { enterScript } from '../cluster/node/enter-script.js';
import { capabilitySet } from '../cluster/node/capabilities.js';
import { enter, systemCalls } from '../cluster/node/steps.js';
import { localTools, type LocalSession } from './local.js';

export interface SendOptions {
  readonly size?: number;
  readonly port?: number;
  readonly prefix?: string;
}

/** A network namespace of its own, with lo up, so that a test hears its own packets only. */
export interface Netns {
  /** argv that goes before a command to run it there. */
  readonly prefix: readonly string[];
  readonly run: (argv: readonly string[]) => Promise<LocalSession>;
  /** Sends datagrams `PREFIX-0000`, `PREFIX-0001`, ... padded with dots to `size` bytes to a port of 127.0.0.1. */
  readonly send: (count: number, options?: SendOptions) => Promise<void>;
  /** Sends until the function returned is called. */
  readonly flood: (size: number, port?: number) => () => Promise<void>;
}

const SEND = String.raw`use strict; use Socket; my ($port, $count, $size, $prefix) = @ARGV;
socket(my $s, AF_INET, SOCK_DGRAM, 0); my $to = pack_sockaddr_in($port, inet_aton('127.0.0.1'));
for (my $i = 0; $i < $count; $i++) { my $p = sprintf("%s-%04d", $prefix, $i); send($s, $p . '.' x ($size - length $p), 0, $to); }`;

/** Whether the kernel lets this user make and enter network namespaces; others need a user namespace around them. */
const isRoot = process.getuid?.() === 0;

/**
 * The argv in front of a command that gives it a network namespace of its own, lo down, and all capabilities over it.
 * Without root it is in a user namespace too, as the same user; `asRoot` makes it that namespace's root, who is refused
 * setgroups(2): the kernel allows that only where more than the caller's own group is mapped (user_namespaces(7)).
 */
export function unshareNet(asRoot = false): string[] {
  if (isRoot) return ['unshare', '-n'];
  return asRoot ? ['unshare', '-r', '-n'] : ['unshare', '--map-current-user', '--keep-caps', '-n'];
}

/** {@link unshareNet} with lo up. */
export function isolated(asRoot = false): string[] {
  return [...unshareNet(asRoot), 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
}

/**
 * The argv in front of a command that takes these capabilities from it for good. They are named as setpriv(1) does.
 * Those of a user other than root are ambient ones, which the bounding set alone does not take away.
 */
export function without(...capabilities: readonly string[]): string[] {
  const list = capabilities.map((name) => `-${name}`).join(',');
  return ['setpriv', '--ambient-caps', list, '--inh-caps', list, '--bounding-set', list];
}

/**
 * The argv in front of a command that runs it in the network namespace of process `pid`, as {@link unshareNet} made it.
 * Without root nsenter(1) does not do: a command that it starts in a user namespace has lost its capabilities.
 */
function enterNet(pid: number): string[] {
  if (isRoot) return ['nsenter', '-t', String(pid), '-n', '--'];
  const all = capabilitySet({ privileged: true, add: [], drop: [] }, -1n).toString(16);
  const steps = [...enter(pid, 'user', 'net'), ['ambient', all], ['env', 'PATH', process.env.PATH ?? '']];
  // The script tells of a step that fails on descriptor 3.
  const perl = ['perl', '-e', enterScript, systemCalls(), ...steps.flat(), 'exec'];
  return ['sh', '-c', 'exec "$@" 3>&2', 'sh', ...perl];
}

/**
 * Runs `use` while a command holds a network namespace with lo up: one that says a line once it is ready and ends when
 * its stdin does. `use` gets what {@link enterNet} gives, and the command's process id.
 */
export async function withHolder(
  command: readonly string[],
  ready: string,
  use: (prefix: readonly string[], pid: number) => Promise<void>,
): Promise<void> {
  const [program = '', ...args] = [...isolated(), ...command];
  const holder = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(holder, 'close');
  try {
    const [said] = (await Promise.race([once(holder.stdout, 'data'), closed])) as [unknown];
    if (String(said) !== `${ready}\n`) throw new Error(`no network namespace could be made: ${String(said)}`);
    const pid = holder.pid ?? 0;
    await use(enterNet(pid), pid);
  } finally {
    holder.stdin.end();
    await closed;
  }
}

/** Runs `use` with a namespace that is gone afterwards. */
export async function withNetns(use: (netns: Netns) => Promise<void>): Promise<void> {
  await withHolder(['sh', '-c', 'echo up && cat'], 'up', async (prefix) => {
    const [program = '', ...args] = prefix;
    const sender = (port: number, count: number, size: number, name: string): ChildProcess => {
      const argv = ['perl', '-e', SEND, String(port), String(count), String(size), name];
      return spawn(program, [...args, ...argv], { stdio: 'inherit' });
    };
    await use({
      prefix,
      run: localTools(prefix),
      send: async (count, { size = 32, port = 4599, prefix: name = 'packet' } = {}) => {
        await once(sender(port, count, size, name), 'close');
      },
      flood: (size, port = 4599) => {
        const child = sender(port, 1e9, size, 'flood');
        const ended = once(child, 'close');
        return async () => {
          child.kill('SIGKILL');
          await ended;
        };
      },
    });
  });
}
