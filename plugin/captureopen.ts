import type { OpenPackets } from '../src/capture/source.js';
import type { StatusLine } from './print/statusline.js';
import { type DebugSession, openSession, type PodAddress, type SessionContext } from './session.js';

/**
 * How the tcpdump of a source is started: by exec in the debug container of its pod, which is got once for all interfaces of the pod.
 * @param several Whether what is waited for has to be told apart by pod.
 */
export function packetOpener(context: SessionContext, several: boolean): OpenPackets {
  const sessions = new Map<string, Promise<DebugSession>>();
  return async ({ place, argv }, signal) => {
    const at: PodAddress =
      place.kind === 'pod'
        ? { namespace: place.namespace, pod: place.pod }
        : { namespace: context.api.namespace, pod: `node/${place.node}`, node: place.node };
    const key = place.kind === 'pod' ? place.uid : at.pod;
    const name = place.kind === 'pod' ? `${at.namespace}/${at.pod}` : at.pod;
    const environment = { ...context.environment, signal };
    const own = {
      ...context,
      environment,
      status: several ? prefixed(context.status, `${name}: `) : context.status,
    };
    const session = sessions.get(key) ?? openSession(own, at, 'raw');
    sessions.set(key, session);
    return (await session).run(argv);
  };
}

/** Lines that say of which pod they are; what others show is not taken away. */
function prefixed(status: StatusLine, prefix: string): StatusLine {
  return {
    note: (text) => {
      status.note(`${prefix}${text}`);
    },
    show: (kind, text, plainEveryMs) => {
      status.show(`${prefix}${kind}`, `${prefix}${text}`, plainEveryMs);
    },
    clear: () => undefined,
  };
}
