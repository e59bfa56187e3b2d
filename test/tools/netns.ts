import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
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

/** Runs `use` with a namespace that is gone afterwards. */
export async function withNetns(use: (netns: Netns) => Promise<void>): Promise<void> {
  const holder = spawn('unshare', ['-n', 'sh', '-c', 'ip link set lo up && echo up && cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(holder, 'close');
  try {
    const [said] = (await Promise.race([once(holder.stdout, 'data'), closed])) as [unknown];
    if (String(said) !== 'up\n') throw new Error('no network namespace could be made');
    const prefix = ['nsenter', '-t', String(holder.pid), '-n', '--'];
    const sender = (port: number, count: number, size: number, name: string): ChildProcess =>
      spawn(
        'nsenter',
        [...prefix.slice(1), 'perl', '-e', SEND, String(port), String(count), String(size), name],
        {
          stdio: 'inherit',
        },
      );
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
  } finally {
    holder.stdin.end();
    await closed;
  }
}
