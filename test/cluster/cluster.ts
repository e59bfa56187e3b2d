/** The cluster inside its namespaces: store, API server, nodes and streams put together, with faults between them. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootstrap } from './api/bootstrap.js';
import { startControllers } from './api/controllers/controllers.js';
import { createPki, type KeyPair } from './api/pki.js';
import { startApiServer } from './api/server.js';
import { installCustom } from './api/resources.js';
import { createStore } from './api/store.js';
import type { ApiServer, ApiStore, Identity } from './api/types.js';
import { createFaultBook, type FaultBook } from './faults.js';
import { interfere, type MetFaults } from './interference.js';
import type { ClusterCalls, ClusterSetup, RunPlace } from './ipc.js';
import { startNodes, type Nodes } from './node/nodes.js';
import { startClusterNetwork, type ClusterNetwork } from './network/cluster-network.js';
import { runCommand, withResolver } from './run.js';
import { serveStream } from './stream/serve.js';
import type { Kubelet, Stored } from './types.js';

/** What main.ts calls. */
export interface LocalCluster {
  readonly calls: Omit<ClusterCalls, 'start' | 'listen'>;
  /** Starts an API server on a socket that listens on the host's loopback. */
  listen(socket: Server): Promise<void>;
}

interface Parts {
  readonly store: ApiStore;
  readonly book: FaultBook;
  readonly nodes: Nodes;
  readonly tls: KeyPair & { readonly ca: string };
  readonly tokens: ReadonlyMap<string, Identity>;
}

/** Where clients outside of the cluster find the API server; see kubeconfig of the harness. */
const outsideAddress = '203.0.113.1';
const outsideApiPort = 6443;

function logBug(error: unknown): void {
  console.error('stream:', error);
}

/** A kubelet whose answers are late by what the book says. Streams are late in stream/serve.ts already. */
function slow(kubelet: Kubelet | undefined, book: FaultBook): Kubelet | undefined {
  return (
    kubelet && {
      exec: (request) => kubelet.exec(request),
      attach: (request) => kubelet.attach(request),
      dial: (uid, port) => kubelet.dial(uid, port),
      logs: async (request) => {
        await sleep(book.kubeletDelayMs());
        return kubelet.logs(request);
      },
    }
  );
}

async function startApi(
  parts: Parts,
  listener: Server,
  rawOf: (socket: Duplex) => Socket | undefined,
): Promise<ApiServer> {
  const { book, nodes, store, tokens, tls } = parts;
  const met: MetFaults = new WeakMap();
  const api = await startApiServer({
    store,
    tls,
    listener,
    kubelet: (node) => slow(nodes.kubelet(node), book),
    onStream: (request) => serveStream(request, { delayMs: () => book.kubeletDelayMs(), onBug: logBug }),
    token: (token) => tokens.get(token),
    intercept: (request) => met.get(request),
  });
  interfere(api.server, book, met, rawOf);
  return api;
}

function podOf(store: ApiStore, namespace: string, name: string): Stored {
  const pod = store.get({ group: '', resource: 'pods' }, namespace, name);
  if (!pod) {
    throw new Error(`there is no pod ${namespace}/${name}`);
  }
  return pod;
}

/** A process in the network that is meant; undefined stands for our own, which is the one between the nodes. */
function networkOf(store: ApiStore, nodes: Nodes, place: RunPlace): number | undefined {
  if (place === 'host') {
    return undefined;
  }
  const pid =
    place === 'outside'
      ? nodes.network.outside
      : 'node' in place
        ? nodes.nodeNetworkOf(place.node)
        : nodes.networkOf(podOf(store, place.namespace, place.pod).metadata.uid);
  if (pid === undefined) {
    throw new Error(`${JSON.stringify(place)} has no network`);
  }
  return pid;
}

type NetworkCalls = Pick<
  ClusterCalls,
  'settleNetwork' | 'breakNetwork' | 'mendNetwork' | 'setPolicy' | 'setOutsideDns'
>;

function networkCalls(network: ClusterNetwork | undefined): NetworkCalls {
  const there = (): ClusterNetwork => {
    if (network === undefined) {
      throw new Error('the cluster was started without `network`');
    }
    return network;
  };
  return {
    settleNetwork: async () => network?.settle(),
    breakNetwork: async (breakage) => there().break(breakage),
    mendNetwork: async (id) => there().mend(id),
    setPolicy: async (mode) => there().setPolicy(mode),
    setOutsideDns: (names) => {
      there().setOutsideDns(names);
      return Promise.resolve();
    },
  };
}

/** Sets everything up except the socket. Writes ca.crt, admin.crt and admin.key into the cluster's directory. */
export async function createCluster(setup: ClusterSetup): Promise<LocalCluster> {
  const book = createFaultBook();
  const store = createStore({ now: () => Date.now() + book.skewMs() });
  installCustom(setup.custom ?? []);
  const { hostname } = new URL(setup.server);
  bootstrap(store, hostname);
  startControllers(store);
  const pki = await createPki();
  const [server, admin, nodes] = await Promise.all([
    pki.server([outsideAddress]),
    pki.client('kubernetes-admin', ['system:masters']),
    startNodes({
      store,
      nodeCount: setup.nodes,
      dir: setup.dir,
      routed: setup.network !== undefined,
      ...setup.timing,
    }),
  ]);
  const network =
    setup.network &&
    (await startClusterNetwork({
      store,
      network: nodes.network,
      options: setup.network,
      hostDir: (node) => nodes.hostDir(node),
      haltKubelet: (node, halted) => nodes.haltKubelet(node, halted),
    }));
  const files = { 'ca.crt': pki.ca, 'admin.crt': admin.cert, 'admin.key': admin.key };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(setup.dir, name), text, { mode: 0o600 });
  }
  const tokens = new Map<string, Identity>();
  const parts: Parts = { store, book, nodes, tls: { ...server, ca: pki.ca }, tokens };
  const rawSockets = new Map<number, Socket>();
  const rawOf = (socket: Duplex): Socket | undefined =>
    rawSockets.get((socket as { readonly remotePort?: number }).remotePort ?? 0);
  let running: { readonly api: ApiServer; readonly socket: Server } | undefined;

  if (setup.network !== undefined) {
    createServer((raw) => {
      if (running === undefined) raw.destroy();
      else running.socket.emit('connection', raw);
    }).listen(outsideApiPort, outsideAddress);
  }

  return {
    listen: async (socket) => {
      socket.on('connection', (raw) => {
        const port = raw.remotePort ?? 0;
        rawSockets.set(port, raw);
        raw.once('close', () => rawSockets.delete(port));
      });
      running = { api: await startApi(parts, socket, rawOf), socket };
    },
    calls: {
      stopListening: async (graceMs) => {
        running?.socket.close();
        await running?.api.close(graceMs);
        running = undefined;
      },
      addToken: (token, username, groups) => {
        tokens.set(token, { username, groups });
        return Promise.resolve();
      },
      fault: (fault) => Promise.resolve(book.add(fault)),
      clearFaults: () => {
        book.remove();
        return Promise.resolve();
      },
      faultHits: (id) => Promise.resolve(book.hits(id)),
      processes: (namespace, pod) =>
        Promise.resolve(nodes.processes(podOf(store, namespace, pod).metadata.uid)),
      run: (argv, place, timeoutMs) => {
        const there = place === 'outside' ? withResolver(setup.dir, argv) : argv;
        return runCommand(there, networkOf(store, nodes, place), timeoutMs);
      },
      ...networkCalls(network),
      compact: () => {
        store.compact();
        return Promise.resolve();
      },
    },
  };
}
