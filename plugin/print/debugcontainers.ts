import { shortImageName } from '../../src/debugger/image-name.js';
import type { ListedContainer } from '../../src/debugger/list.js';
import { formatDuration } from '../options/duration.js';
import type { OutputFormat } from '../options/output.js';
import { sanitizeLine } from './sanitize.js';
import { table } from './table.js';

/** Longest command line in the plain table. */
const commandColumns = 60;

/** Debug containers as text: a table, a wide table, or the names of their pods as references. */
export function debugContainersText(
  containers: readonly ListedContainer[],
  format: OutputFormat,
  allNamespaces: boolean,
): string {
  if (format === 'name') return podNamesText(containers);
  const wide = format === 'wide';
  const headings = [
    ...(allNamespaces ? ['NAMESPACE'] : []),
    ...['POD', 'CONTAINER', 'IMAGE', 'PROFILE', 'STATE', 'AGE', 'LEFT', 'RUNNING'],
    ...(wide ? ['NODE', 'TARGET'] : []),
  ];
  const rows = containers.map((container) => [
    ...(allNamespaces ? [container.namespace] : []),
    container.pod,
    container.container,
    wide ? container.image : shortImageName(container.image),
    container.profile,
    container.waitingReason === undefined
      ? container.state
      : `${container.state}: ${container.waitingReason}`,
    container.state === 'waiting' ? undefined : duration(container.ageSeconds),
    container.state === 'running' ? duration(container.leftSeconds) : undefined,
    running(container, wide),
    ...(wide ? [container.node, container.target] : []),
  ]);
  return table(headings, rows);
}

/** `shop/pod/web-0`: words that every command takes for the pod. */
export function podReference({ namespace, pod }: Pick<ListedContainer, 'namespace' | 'pod'>): string {
  return `${sanitizeLine(namespace)}/pod/${sanitizeLine(pod)}`;
}

/** The pods of these containers as references, one a line, each once. */
export function podNamesText(containers: readonly ListedContainer[]): string {
  return [...new Set(containers.map(podReference))].map((name) => `${name}\n`).join('');
}

function duration(seconds: number | undefined): string {
  return seconds === undefined ? '<unknown>' : formatDuration(Math.max(1, seconds) * 1000);
}

function running({ tools, state }: ListedContainer, wide: boolean): string | undefined {
  if (tools === undefined) return state === 'running' ? '<unknown>' : undefined;
  return tools
    .map(({ command, detached }) => {
      const shown =
        wide || command.length <= commandColumns ? command : `${command.slice(0, commandColumns - 1)}…`;
      return detached === true ? `${shown}, left running` : shown;
    })
    .join('; ');
}
