import type { CatalogueEntry } from './entry.js';

/** Codes about containers of one pod. */
export const containersCodes: readonly CatalogueEntry[] = [
  {
    code: 'ND101',
    title: 'Two containers bind one port',
    means:
      'The containers of a pod share one network: only one of them can listen on a port, the other ends with "address already in use".',
    mend: 'Give one of them another port.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND102',
    title: 'Nothing listens on the port',
    means: 'The pod is there, and no process listens on the port that is called.',
    mend: 'Correct targetPort, or the port that the application listens on.',
    evidence: ['probe'],
  },
  {
    code: 'ND103',
    title: 'Listens on loopback only',
    means: 'The application listens on 127.0.0.1 or ::1: nobody outside its pod can reach it.',
    mend: 'Let it listen on 0.0.0.0 or ::.',
    evidence: ['probe'],
  },
  {
    code: 'ND104',
    title: 'localhost means another family',
    means: 'localhost resolves to ::1 first, and the listener is on IPv4 only, or the other way round.',
    mend: 'Call 127.0.0.1, or listen on both families.',
    evidence: ['probe'],
  },
  {
    code: 'ND105',
    title: 'Sibling called by its name',
    means: 'Containers of one pod share localhost. The name of a container is no host name.',
    mend: 'Call localhost and the port.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND106',
    title: 'Sibling not up yet',
    means:
      'A container calls its sibling before that listens. It goes away by itself, and comes back with each start.',
    mend: 'Make the sibling a native sidecar (an init container with restartPolicy Always and a startupProbe), or try again in the application.',
    evidence: ['probe', 'log'],
  },
  {
    code: 'ND107',
    title: 'Container crashed',
    means: 'A container of the pod does not run, or crashes again and again, and the pod is not Ready.',
    mend: 'Read the last lines of its log: `kubectl logs POD -c CONTAINER --previous`.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND108',
    title: 'Privileged port refused',
    means: 'A process without NET_BIND_SERVICE may not listen on a port below 1024.',
    mend: 'Choose a port of 1024 or above, or add the capability.',
    evidence: ['log'],
  },
  {
    code: 'ND109',
    title: 'Readiness probe misaimed',
    means:
      'The probe knocks at a port on which the application does not listen, asks for a path that it does not have, or in the wrong scheme, so that the pod never becomes Ready.',
    mend: 'Let the probe knock where the application listens.',
    evidence: ['objects', 'probe', 'event'],
  },
  {
    code: 'ND110',
    title: 'Port or user of the mesh',
    means:
      'istio-proxy keeps ports 15000 to 15090 and user 1337 for itself; an application that uses them goes around it or clashes with it.',
    mend: 'Choose another port, or run as another user.',
    evidence: ['objects'],
  },
  {
    code: 'ND111',
    title: 'Port of the node taken',
    means:
      'hostPort and hostNetwork take a port of the node. The scheduler finds no node on which it is free.',
    mend: 'Drop hostPort or hostNetwork, or run at most one such pod on a node.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND112',
    title: 'Ephemeral ports exhausted',
    means: 'So many connections to one destination are open or in TIME_WAIT that no local port is left.',
    mend: 'Use connections again, or widen net.ipv4.ip_local_port_range.',
    evidence: ['probe', 'log'],
  },
];
