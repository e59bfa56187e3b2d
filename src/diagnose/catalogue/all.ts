import { containersCodes } from './containers.js';
import type { CatalogueEntry } from './entry.js';
import { gatewaysCodes } from './gateways.js';
import { ingressesCodes } from './ingresses.js';
import { meshCodes } from './mesh.js';
import { namesCodes } from './names.js';
import { nodesCodes } from './nodes.js';
import { outsideCodes } from './outside.js';
import { policiesCodes } from './policies.js';
import { servicesCodes } from './services.js';
import { toolCodes } from './tool.js';

/** One range of codes. */
export interface CatalogueArea {
  readonly title: string;
  readonly entries: readonly CatalogueEntry[];
}

/** Every code, area by area: the one place from which `explain` and the pages under docs/findings/ are made. */
export const catalogue: readonly CatalogueArea[] = [
  { title: 'The tool', entries: toolCodes },
  { title: 'Containers of one pod', entries: containersCodes },
  { title: 'Policies', entries: policiesCodes },
  { title: 'Services', entries: servicesCodes },
  { title: 'DNS', entries: namesCodes },
  { title: 'NodePort, load balancers, ExternalDNS', entries: outsideCodes },
  { title: 'Ingress', entries: ingressesCodes },
  { title: 'Gateway API', entries: gatewaysCodes },
  { title: 'Service mesh', entries: meshCodes },
  { title: 'Nodes and network plugin', entries: nodesCodes },
];

/** What a code means; undefined for one that there is not. */
export function catalogueEntry(code: string): CatalogueEntry | undefined {
  return catalogue.flatMap(({ entries }) => entries).find((entry) => entry.code === code);
}
