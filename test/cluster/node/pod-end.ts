/** How the containers of a pod are ended. */
import type { NodeDeps } from './node-deps.js';
import type { LiveContainer } from './live-container.js';
import type { Pod } from './pod.js';
import type { Attempts } from './pod-context.js';
import { signal } from './runtime.js';
import type { Timing } from './timing.js';

/** The pod's own grace period. 0 still leaves the containers a moment (`node-pod.json`). */
export function graceMsOf(pod: Pod, timing: Timing): number {
  const seconds = pod.spec.terminationGracePeriodSeconds ?? 30;
  return seconds === 0 ? timing.minimumGraceMs : seconds * 1000;
}

/** SIGTERM, then after the grace period SIGKILL to everything of the container. Resolves when it has ended. */
export async function endContainer(deps: NodeDeps, live: LiveContainer, graceMs: number): Promise<void> {
  const { container } = live;
  if (!container || !live.running) {
    return;
  }
  const ended = new Promise<void>((resolve) => live.once('end', () => resolve()));
  signal(container.process.pid, 'SIGTERM');
  const timer = setTimeout(() => deps.runtime.kill(container), graceMs);
  await ended;
  clearTimeout(timer);
  // With a shared process namespace the children of its process may live on.
  deps.runtime.kill(container);
}

/** Ends the containers of a pod, all at once. */
export async function endContainers(
  deps: NodeDeps,
  pod: Pod,
  attempts: Iterable<Attempts>,
  graceMs: number,
): Promise<void> {
  const running = [...attempts].map(({ current }) => current).filter((live) => live.running);
  await Promise.all(
    running.map((live) => {
      const { kind, spec } = live.attempt;
      const message = `Stopping container ${spec.name}`;
      deps.events.say(pod, { kind, name: spec.name }, 'Normal', 'Killing', message);
      return endContainer(deps, live, graceMs);
    }),
  );
}
