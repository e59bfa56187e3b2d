/** Readiness, liveness and startup probes of the containers of one pod. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { NodeDeps } from './node-deps.js';
import type { LiveContainer } from './live-container.js';
import type { ContainerKind, Probe } from './pod.js';
import { endContainer, graceMsOf } from './pod-end.js';
import type { PodContext } from './pod-context.js';

type Role = 'Startup' | 'Readiness' | 'Liveness';

/** undefined: it passed; else why not, in the kubelet's words. */
type Verdict = string | undefined;

function refusal(error: NodeJS.ErrnoException, address: string): string {
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ECONNRESET: 'read: connection reset by peer',
  };
  return `dial tcp ${address}: ${words[error.code ?? ''] ?? error.message}`;
}

function http(url: string, timeoutMs: number): Promise<Verdict> {
  const { host } = new URL(url);
  const secure = url.startsWith('https:');
  return new Promise((resolve) => {
    const options = {
      timeout: timeoutMs,
      headers: { 'User-Agent': 'kube-probe/1.36' },
      rejectUnauthorized: false,
    };
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      response.resume();
      const code = response.statusCode ?? 0;
      resolve(code >= 200 && code < 400 ? undefined : `HTTP probe failed with statuscode: ${code}`);
    });
    request.on('timeout', () => {
      resolve(`Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`);
      request.destroy();
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(`Get "${url}": ${refusal(error, host)}`));
    request.end();
  });
}

function tcp(host: string, port: number, timeoutMs: number): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const done = (verdict: Verdict): void => {
      socket.destroy();
      resolve(verdict);
    };
    socket.on('connect', () => done(undefined));
    socket.on('timeout', () => done(`dial tcp ${host}:${port}: i/o timeout`));
    socket.on('error', (error: NodeJS.ErrnoException) => done(refusal(error, `${host}:${port}`)));
  });
}

export class ProbeLoop {
  readonly #deps: NodeDeps;
  readonly #context: PodContext;
  readonly #timers = new Map<LiveContainer, Set<NodeJS.Timeout>>();

  constructor(deps: NodeDeps, context: PodContext) {
    this.#deps = deps;
    this.#context = context;
  }

  watch(kind: ContainerKind, live: LiveContainer): void {
    const { startupProbe, readinessProbe, livenessProbe } = live.attempt.spec;
    if (kind !== 'ephemeralContainers') {
      this.#watchOne(live, 'Startup', startupProbe);
      this.#watchOne(live, 'Readiness', readinessProbe);
      this.#watchOne(live, 'Liveness', livenessProbe);
    }
  }

  forget(live: LiveContainer): void {
    this.#timers.get(live)?.forEach((timer) => clearTimeout(timer));
    this.#timers.delete(live);
  }

  stop(): void {
    [...this.#timers.keys()].forEach((live) => this.forget(live));
  }

  #watchOne(live: LiveContainer, role: Role, probe: Probe | undefined): void {
    if (!probe) {
      return;
    }
    const second = this.#deps.timing.probeSecondMs;
    const timers = this.#timers.get(live) ?? new Set();
    this.#timers.set(live, timers);
    let failures = 0;
    let successes = 0;
    let everPassed = false;
    const round = async (): Promise<void> => {
      const waits = role !== 'Startup' && !live.started;
      const verdict = waits ? undefined : await this.#attempt(live, probe);
      if (!live.running || !this.#timers.has(live)) {
        return;
      }
      if (!waits) {
        failures = verdict === undefined ? 0 : failures + 1;
        successes = verdict === undefined ? successes + 1 : 0;
        everPassed ||= verdict === undefined;
        this.#judge(live, role, probe, { verdict, failures, successes });
      }
      if (role !== 'Startup' || !live.started) {
        // A server that is a moment late must not cost every test seconds: the real one would wait the whole period.
        const period = probe.periodSeconds ?? 10;
        next((everPassed || role !== 'Readiness' ? period : Math.min(period, 0.3)) * second);
      }
    };
    const next = (ms: number): void => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        round().catch(this.#deps.onBug);
      }, ms);
      timers.add(timer);
    };
    // The first readiness probe comes as soon as the container runs.
    next((probe.initialDelaySeconds ?? 0) * second);
  }

  async #attempt(live: LiveContainer, probe: Probe): Promise<Verdict> {
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
    const ip = this.#context.sandbox?.addresses.ip ?? '';
    if (probe.httpGet) {
      const { scheme, host, port, path } = probe.httpGet;
      const url = `${(scheme ?? 'HTTP').toLowerCase()}://${host ?? ip}:${this.#port(live, port)}`;
      return http(`${url}${(path ?? '/').startsWith('/') ? '' : '/'}${path ?? '/'}`, timeoutMs);
    }
    if (probe.tcpSocket) {
      return tcp(probe.tcpSocket.host ?? ip, this.#port(live, probe.tcpSocket.port), timeoutMs);
    }
    if (!live.container) {
      return 'container is not running';
    }
    const process = await this.#deps.runtime.exec(live.container, probe.exec?.command ?? [], {
      stdin: false,
      tty: false,
    });
    process.stdout.resume();
    process.stderr?.resume();
    const code = await process.exited;
    return code === 0 ? undefined : `command exited with ${code}`;
  }

  #port(live: LiveContainer, port: number | string): number {
    return typeof port === 'number'
      ? port
      : (live.attempt.spec.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port));
  }

  #judge(
    live: LiveContainer,
    role: Role,
    probe: Probe,
    seen: { verdict: Verdict; failures: number; successes: number },
  ): void {
    const { kind, spec } = live.attempt;
    const about = { kind, name: spec.name };
    const { pod } = this.#context;
    if (seen.verdict !== undefined) {
      this.#deps.events.say(pod, about, 'Warning', 'Unhealthy', `${role} probe failed: ${seen.verdict}`);
    }
    const failed = seen.failures >= (probe.failureThreshold ?? 3);
    const passed = seen.successes >= (probe.successThreshold ?? 1);
    if (role === 'Readiness' && (passed || failed) && live.ready !== passed) {
      live.ready = passed;
      this.#context.notify();
    } else if (role === 'Startup' && passed && !live.started) {
      live.started = true;
      live.ready = spec.readinessProbe === undefined;
      this.#context.notify();
    } else if (role !== 'Readiness' && failed) {
      const message = `Container ${spec.name} failed ${role.toLowerCase()} probe, will be restarted`;
      this.#deps.events.say(pod, about, 'Normal', 'Killing', message);
      this.forget(live);
      void endContainer(this.#deps, live, graceMsOf(pod, this.#deps.timing));
    }
  }
}
