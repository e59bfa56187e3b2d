/** Which processes belong to which container: told by their mount namespaces, which each container has of its own. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { scriptName } from './process.js';

/** A process of a container; `pid` as the cluster's process namespace counts. */
export interface ContainerProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly container: string;
}

/** The identity of a process's mount namespace; undefined when the process has ended. */
export function mountNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/**
 * The processes whose mount namespace is one of these (namespace → container). Zombies are not listed, nor are processes
 * that are still on their way into the container, or wait outside of it for one inside.
 */
export function processesIn(namespaces: ReadonlyMap<string, string>): ContainerProcess[] {
  return readdirSync('/proc').flatMap((name): ContainerProcess[] => {
    const pid = Number(name);
    const namespace = Number.isInteger(pid) ? mountNamespaceOf(pid) : undefined;
    const container = namespace === undefined ? undefined : namespaces.get(namespace);
    const argv = container === undefined ? [] : argvOf(pid);
    const isOurs = argv.length === 0 || argv[1]?.endsWith(`/${scriptName}`) === true;
    return container === undefined || isOurs ? [] : [{ pid, argv, container }];
  });
}
