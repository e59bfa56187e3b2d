import { tryBatch } from '../../tools/batch.js';
import { dns } from '../../tools/dns.js';
import { http, type HttpRequest } from '../../tools/http.js';
import { mtu } from '../../tools/mtu.js';
import { collectWithin, type ProbeOptions } from '../../tools/probe.js';
import type { RunTool } from '../../tools/run.js';
import { sockets } from '../../tools/sockets.js';
import { readTls } from '../../tools/tls.js';
import { ExitCode, NetdebugError } from '../../errors.js';
import type { Observed } from '../observed.js';
import type { ProbeTask } from './task.js';
import { dnsTold, httpTold, kernelArgv, kernelTold, listenersTold, mtuTold } from './tell.js';

/** Two SYNs fit in: the answer of a Service without endpoints comes to the second one. */
const connectMs = 2_000;
const askMs = 2_000;
const httpMs = 5_000;

/** Carries one task out. Throws a NetdebugError when no tool can, or the connection to the container was lost. */
export async function runTask(
  run: RunTool,
  task: Exclude<ProbeTask, { kind: 'connect' }>,
  options: ProbeOptions,
): Promise<Partial<Observed>> {
  const from = task.at.key;
  switch (task.kind) {
    case 'dns':
      return {
        dns: [
          dnsTold(
            from,
            await dns(
              run,
              { name: task.name, servers: [], timeoutMs: askMs, lookUpMs: 8_000, tcp: 'one' },
              options,
            ),
          ),
        ],
      };
    case 'listeners':
      return {
        listeners: [
          listenersTold(from, await sockets({ listening: true }, { run, timeoutMs: 10_000, ...options })),
        ],
      };
    case 'kernel': {
      const said = await collectWithin(run, kernelArgv, {
        ...options,
        timeoutMs: 10_000,
        limitBytes: 64 * 1024,
      });
      return { kernel: said === 'timeout' ? [] : [kernelTold(from, task, said.stdout)] };
    }
    case 'mtu':
      return {
        mtu: [
          mtuTold(
            from,
            task.endpoint,
            await mtu(run, { destination: task.address, waitSeconds: 1 }, options),
          ),
        ],
      };
    case 'http':
      return { http: [await askHttp(run, task, options)] };
  }
}

/**
 * Tries all connections from one place in one exec, the attempts at each place at once. Throws a NetdebugError when the container has no
 * program for it, or the connection to it was lost.
 */
export async function runConnects(
  run: RunTool,
  tasks: readonly Extract<ProbeTask, { kind: 'connect' }>[],
  options: ProbeOptions,
): Promise<Partial<Observed>> {
  const words = tasks.flatMap(({ to: { address, port, protocol }, count }) =>
    Array.from({ length: count }, () => ({
      host: address,
      port,
      protocol: protocol === 'UDP' ? ('udp' as const) : ('tcp' as const),
    })),
  );
  const limits = { ...options, timeoutMs: connectMs, connectionsAtOnce: 24 };
  const attempts = await tryBatch(run, words, limits);
  let next = 0;
  return {
    connects: tasks.map(({ at, to, count }) => {
      const own = attempts.slice(next, (next += count));
      return {
        from: at.key,
        to,
        via: 'bash or nc',
        attempts: own.map((one) =>
          one === 'noProgram'
            ? { outcome: 'failed' }
            : { outcome: one.outcome, ...(one.ms === undefined ? {} : { ms: one.ms }) },
        ),
      };
    }),
  };
}

/** By the name, led to the address by curl; a program that cannot be led so asks the address and sends the name as Host. */
async function askHttp(
  run: RunTool,
  { at, to, url }: Extract<ProbeTask, { kind: 'http' }>,
  options: ProbeOptions,
): Promise<Observed['http'][number]> {
  const { hostname, protocol, host } = new URL(url);
  const address = to.address.includes(':') ? `[${to.address}]` : to.address;
  const byAddress = hostname === address;
  const common = {
    method: 'GET',
    headers: [],
    host: undefined,
    version: undefined,
    follow: false,
    timeoutMs: httpMs,
  };
  const led: HttpRequest = {
    ...common,
    url,
    resolve: byAddress ? [] : [`${hostname}:${to.port}:${address}`],
  };
  const plain: HttpRequest = {
    ...common,
    url: `${protocol}//${address}:${to.port}/`,
    resolve: [],
    host: byAddress ? undefined : host,
  };
  const secure = protocol === 'https:';
  const serverName = byAddress ? undefined : hostname;
  const [answer, tls] = await Promise.all([
    http(run, led, options).catch((error: unknown) => {
      if (byAddress || !(error instanceof NetdebugError) || error.exitCode !== ExitCode.container)
        throw error;
      return http(run, plain, options);
    }),
    secure
      ? readTls(run, { address: to.address, port: to.port, timeoutMs: httpMs, serverName }, options)
      : undefined,
  ]);
  return { ...httpTold(at.key, to, answer, tls), url };
}
