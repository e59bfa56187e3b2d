/** Runs nft(8) in a network namespace. */
import { spawn } from 'node:child_process';

/** Applies commands in one transaction, in the network of process `pid` or in our own. Rejects with what nft said. */
export function nft(pid: number | undefined, text: string): Promise<void> {
  const argv = [...(pid === undefined ? [] : ['nsenter', '-t', String(pid), '-n']), 'nft', '-f', '-'];
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, PATH: path },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(text);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(`nft: ${said.trim()}\n${text}`));
      }
    });
  });
}

/** A transaction that puts this table in place of the one of its name. */
export function replaceTable(name: string, body: readonly string[]): string {
  return [`table ${name}`, `delete table ${name}`, `table ${name} {`, ...body, '}', ''].join('\n');
}

/** An anonymous set of nft; callers see to it that it has elements. */
export function setOf(elements: Iterable<string>): string {
  return `{ ${[...elements].join(', ')} }`;
}
