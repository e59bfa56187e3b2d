/**
 * Keeps every node's rules for Services and policies, and what DNS knows, as the store wants them: kube-proxy, a CNI's
 * policy agent and the API's part of CoreDNS, for all nodes at once. Breaks and mends on demand.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { isReady } from '../api/controllers/owned.js';
import { objectsOf } from '../api/json.js';
import { ip, type Network, type NodeNetwork } from '../node/network.js';
import type { ApiStore } from '../api/types.js';
import type { Stored } from '../types.js';
import { breaking, mending, type NodeChange } from './breakages.js';
import { stateDir } from './dns/addon.js';
import { serveOutside } from './dns/outside.js';
import { balancerRoutes, giveAddresses, routeCommands } from './balancer.js';
import { ingressDir } from './ingress/addon.js';
import { keepIngresses } from './ingress/keep.js';
import { zoneState } from './dns/zone-state.js';
import { nft, replaceTable } from './nft.js';
import { markNode } from './node-lifecycle.js';
import type { Breakage, NetworkOptions, OutsideDns, PolicyMode } from './options.js';
import { proxyDir } from './proxy-addon.js';
import { policyRules } from './policy-rules.js';
import { proxyRules } from './proxy-rules.js';

const backboneAddress = '172.30.0.1';
/** Changes that come together are one transaction. */
const debounceMs = 20;

const watched = new Set([
  'configmaps',
  'endpointslices',
  'ingressclasses',
  'ingresses',
  'namespaces',
  'networkpolicies',
  'nodes',
  'pods',
  'secrets',
  'services',
]);

/** What the network is about. */
export interface ClusterNetworkInput {
  readonly store: ApiStore;
  readonly network: Network;
  readonly options: NetworkOptions;
  /** Where a node keeps what hostPath volumes show. */
  readonly hostDir: (node: string) => string;
  /** Stops a kubelet, or lets it go on. */
  readonly haltKubelet: (node: string, halted: boolean) => void;
}

/** The network of a running cluster; all methods resolve when it is so. */
export interface ClusterNetwork {
  /** Everything that the store says by now is in the nodes' rules. */
  settle(): Promise<void>;
  break(breakage: Breakage): Promise<string>;
  /** Mends one breakage, or all. */
  mend(id?: string): Promise<void>;
  setPolicy(mode: PolicyMode): Promise<void>;
  setOutsideDns(names: OutsideDns): void;
}

class RunningNetwork implements ClusterNetwork {
  readonly #input: ClusterNetworkInput;
  readonly #written = new Map<string, string>();
  readonly #broken = new Map<string, Breakage>();
  #policy: PolicyMode;
  #outsideDns: OutsideDns;
  readonly #routes = new Map<string, string>();
  #last = 0;
  #dirty = true;
  #running: Promise<void> | undefined;
  #scheduled = false;

  constructor(input: ClusterNetworkInput) {
    this.#input = input;
    this.#policy = input.options.policy ?? 'drop';
    this.#outsideDns = input.options.outsideDns ?? {};
    input.store.subscribe(({ key }) => {
      if (!watched.has(key.resource)) return;
      this.#dirty = true;
      if (this.#scheduled) return;
      this.#scheduled = true;
      setTimeout(() => {
        this.#scheduled = false;
        this.#run().catch((error: unknown) => console.error('network:', error));
      }, debounceMs);
    });
  }

  async settle(): Promise<void> {
    // Controllers answer a change in the next turn of the loop, and theirs may cause another one.
    for (let turn = 0; turn < 3; turn += 1) await immediate();
    do {
      await this.#run();
      await immediate();
    } while (this.#dirty);
  }

  #run(): Promise<void> {
    this.#running ??= this.#apply().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #apply(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    const { balancer = false, ingress = false } = this.#input.options;
    if (balancer !== false) {
      giveAddresses(this.#input.store, balancer === true ? {} : balancer);
      await this.#routeBalancers();
    }
    if (ingress) this.#serveIngresses();
    this.#writeZones();
    await Promise.all(this.#input.network.nodes.map((node) => this.#applyNode(node)));
  }

  #list(group: string, resource: string): Stored[] {
    return this.#input.store.list({ group, resource });
  }

  async #applyNode(node: NodeNetwork): Promise<void> {
    const stopped = [...this.#broken.values()].some(
      (item) => item.kind === 'kube-proxy-down' && item.node === node.name,
    );
    const proxy = proxyRules({
      services: this.#list('', 'services'),
      slices: this.#list('discovery.k8s.io', 'endpointslices'),
      node,
    });
    const policy = policyRules({
      policies: this.#list('networking.k8s.io', 'networkpolicies'),
      namespaces: this.#list('', 'namespaces'),
      pods: this.#list('', 'pods'),
      node,
      kubelet: backboneAddress,
      mode: this.#policy,
    });
    const parts = [
      { id: `${node.name} proxy`, text: stopped ? undefined : proxy },
      { id: `${node.name} policy`, text: policy },
    ];
    const changed = parts.filter(({ id, text }) => text !== undefined && this.#written.get(id) !== text);
    if (changed.length === 0) return;
    await nft(node.pid, changed.map(({ text }) => text).join('\n'));
    for (const { id, text } of changed) this.#written.set(id, text ?? '');
  }

  async #routeBalancers(): Promise<void> {
    const addressOf = (node: string): string | undefined => this.#input.network.node(node)?.address;
    const commands = routeCommands(balancerRoutes(this.#input.store), this.#routes, addressOf);
    if (commands.length > 0) await ip(undefined, commands);
  }

  #serveIngresses(): void {
    this.#writeState('ingress', ingressDir, JSON.stringify(keepIngresses(this.#input.store)));
  }

  setOutsideDns(names: OutsideDns): void {
    this.#outsideDns = { ...this.#outsideDns, ...names };
  }

  get outsideDns(): OutsideDns {
    return this.#outsideDns;
  }

  /** Writes what pods read through a volume, on every node, when it has changed. */
  #writeState(id: string, folder: string, text: string): void {
    if (this.#written.get(id) === text) return;
    for (const { name } of this.#input.network.nodes) {
      const dir = join(this.#input.hostDir(name), folder);
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, 'next.json'), text);
      renameSync(join(dir, 'next.json'), join(dir, 'state.json'));
    }
    this.#written.set(id, text);
  }

  #writeZones(): void {
    const delayMs = [...this.#broken.values()].reduce(
      (sum, item) => sum + (item.kind === 'dns-slow' ? item.ms : 0),
      0,
    );
    this.#writeState('zones', stateDir, JSON.stringify(zoneState(this.#input.store, delayMs)));
  }

  async #change(changes: readonly NodeChange[]): Promise<void> {
    for (const { node, ip: commands, nft: text } of changes) {
      const pid = this.#input.network.node(node)?.pid;
      if (pid === undefined) throw new Error(`there is no node ${node}`);
      if (commands.length > 0) await ip(pid, commands);
      if (text !== '') await nft(pid, text);
    }
  }

  async break(breakage: Breakage): Promise<string> {
    this.#last += 1;
    const id = String(this.#last);
    await this.settle();
    this.#broken.set(id, breakage);
    await this.#change(breaking(breakage, id, this.#input.network.nodes));
    if (breakage.kind === 'node-down') this.#stopNode(breakage.node, true);
    if (breakage.kind === 'dns-down') await this.#dnsPods(0);
    if (breakage.kind === 'kube-proxy-down') await this.#proxyPod(breakage.node, false);
    if (breakage.kind === 'dns-forward-down') {
      const rules = ['chain input {', 'type filter hook input priority 0', 'th dport 53 drop', '}'];
      await nft(undefined, replaceTable(`ip broken-${id}`, rules));
    }
    this.#dirty = true;
    await this.settle();
    return id;
  }

  async mend(id?: string): Promise<void> {
    for (const key of id === undefined ? [...this.#broken.keys()] : [id]) {
      const breakage = this.#broken.get(key);
      if (breakage === undefined) throw new Error(`there is no breakage ${key}`);
      this.#broken.delete(key);
      await this.#change(mending(breakage, key, this.#input.network.nodes));
      if (breakage.kind === 'kube-proxy-down') {
        this.#written.delete(`${breakage.node} proxy`);
        await this.#proxyPod(breakage.node, true);
      }
      if (breakage.kind === 'node-down') this.#stopNode(breakage.node, false);
      if (breakage.kind === 'dns-down') await this.#dnsPods(this.#replicas());
      if (breakage.kind === 'dns-forward-down') await nft(undefined, `delete table ip broken-${key}\n`);
    }
    this.#dirty = true;
    await this.settle();
  }

  async setPolicy(mode: PolicyMode): Promise<void> {
    this.#policy = mode;
    this.#dirty = true;
    await this.settle();
  }

  #stopNode(node: string, down: boolean): void {
    if (down) this.#input.haltKubelet(node, true);
    markNode(this.#input.store, node, down);
    if (!down) this.#input.haltKubelet(node, false);
  }

  /** Its pod is ready as long as it runs; where there are no such pods nobody looks. */
  async #proxyPod(node: string, runs: boolean): Promise<void> {
    const { options, hostDir } = this.#input;
    markProxy(hostDir(node), runs);
    if (options.proxyPods !== true) return;
    const ready = (): boolean =>
      this.#list('', 'pods').some(
        (pod) =>
          pod.metadata.labels?.['k8s-app'] === 'kube-proxy' &&
          (pod.spec as { nodeName?: string }).nodeName === node &&
          isReady(pod),
      );
    const until = Date.now() + 20_000;
    while (ready() !== runs) {
      if (Date.now() > until) throw new Error(`the pod of kube-proxy did not follow on ${node}`);
      await sleep(20);
    }
  }

  #replicas(): number {
    const { dns } = this.#input.options;
    return typeof dns === 'object' ? (dns.replicas ?? 1) : 1;
  }

  /** Scales the DNS pods and waits until as many are behind the Service, or have gone. */
  async #dnsPods(replicas: number): Promise<void> {
    const { store } = this.#input;
    store.update({ group: 'apps', resource: 'deployments' }, 'kube-system', 'coredns', (object) => {
      (object.spec as { replicas: number }).replicas = replicas;
    });
    const until = Date.now() + 20_000;
    for (;;) {
      const slices = this.#list('discovery.k8s.io', 'endpointslices').filter(
        ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'kube-dns',
      );
      const endpoints = slices.flatMap((slice) => objectsOf(slice.endpoints));
      const ready = endpoints.filter(({ conditions }) => (conditions as { ready?: boolean }).ready === true);
      if (replicas === 0 ? endpoints.length === 0 : ready.length >= replicas) return;
      if (Date.now() > until) throw new Error(`the DNS pods did not become ${replicas}`);
      await sleep(20);
    }
  }
}

function markProxy(hostDir: string, runs: boolean): void {
  const dir = join(hostDir, proxyDir);
  mkdirSync(dir, { recursive: true });
  if (runs) writeFileSync(join(dir, 'running'), '');
  else rmSync(join(dir, 'running'), { force: true });
}

/** Starts it: first rules on every node, the resolver outside. The cluster's end is its end. */
export async function startClusterNetwork(input: ClusterNetworkInput): Promise<ClusterNetwork> {
  const { dns } = input.options;
  const outside = typeof dns === 'object' ? (dns.outside ?? {}) : {};
  input.network.nodes.forEach(({ name }) => markProxy(input.hostDir(name), true));
  const network = new RunningNetwork(input);
  const names = { 'example.com': ['203.0.113.10'], ...outside };
  await serveOutside({ address: backboneAddress, names }, () => network.outsideDns);
  await network.settle();
  return network;
}
