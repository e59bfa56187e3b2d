import type { Candidate } from '../options/completes.js';

/** What of a kind is needed to list it. */
export interface ListedKind {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** One object: a pod, a workload whose template has the containers, a Service. */
export interface NamedObject {
  readonly kind: ListedKind & { readonly kind: string };
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Where candidates come from that are not known beforehand. They resolve with nothing rather than reject when there is nothing to be had. */
export interface Sources {
  /** Names of the kubeconfig. */
  readonly ofKubeconfig: (
    what: 'contexts' | 'clusters' | 'users' | 'namespaces',
  ) => Promise<readonly Candidate[]>;
  /** Names of objects; `namespace` undefined: that of the flags or the context. */
  readonly names: (kind: ListedKind, namespace: string | undefined) => Promise<readonly Candidate[]>;
  readonly containers: (object: NamedObject) => Promise<readonly Candidate[]>;
  /** Numbers of the ports of a Service, or of the containers. */
  readonly ports: (object: NamedObject) => Promise<readonly Candidate[]>;
}
