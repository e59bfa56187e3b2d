import { isFinished } from '../../target/pods.js';
import type { SnapshotPod } from '../snapshot/types.js';

/** An ExternalDNS that runs in the cluster, with what its arguments say. Source: `external-dns --help`. */
export interface ExternalDns {
  /** `external-dns/external-dns-1` */
  readonly text: string;
  readonly pod: SnapshotPod;
  /** `service`, `ingress`, `gateway-httproute`, ... */
  readonly sources: readonly string[];
  /** Every value of a flag, in order; `''` for one without a value. */
  readonly flag: (name: string) => readonly string[];
  readonly policy: string;
  readonly owner?: string;
}

/** Every running ExternalDNS among these pods, once for each set of arguments. */
export function externalDnsOf(pods: readonly SnapshotPod[]): readonly ExternalDns[] {
  const found = new Map<string, ExternalDns>();
  for (const pod of pods) {
    if (isFinished(pod)) continue;
    const container = pod.spec.containers.find(
      ({ name, image }) => /(^|\/)external-dns(:|@|$)/.test(image ?? '') || name === 'external-dns',
    );
    if (container === undefined) continue;
    const args = [...(container.command ?? []), ...(container.args ?? [])];
    // Settings may as well be in the environment (EXTERNAL_DNS_SOURCE), which is never read: without arguments nothing is known.
    if (!args.some((arg) => arg.startsWith('--source'))) continue;
    const flag = (name: string): string[] =>
      args.flatMap((arg, index) => {
        if (arg.startsWith(`--${name}=`)) return [arg.slice(name.length + 3)];
        if (arg !== `--${name}`) return [];
        const next = args[index + 1];
        return [next === undefined || next.startsWith('--') ? '' : next];
      });
    const owner = flag('txt-owner-id').at(-1);
    const key = JSON.stringify(args);
    if (found.has(key)) continue;
    found.set(key, {
      text: `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`,
      pod,
      sources: flag('source'),
      flag,
      policy: flag('policy').at(-1) ?? 'sync',
      ...(owner === undefined ? {} : { owner }),
    });
  }
  return [...found.values()];
}
