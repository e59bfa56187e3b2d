/** What channel 3 says at the end, word for word as recorded (`exec-basic.json`, `exec-protocols.json`, `exec-errors.json`). */
import type { Protocol } from './protocols.js';

/** How a remote command ended. */
export type Ending =
  | { readonly type: 'success' }
  | { readonly type: 'exit'; readonly code: number; readonly argv: readonly string[] }
  | { readonly type: 'failure'; readonly message: string };

/** JSON as Go's encoder writes it: `<`, `>`, `&` and the two line separators escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function exitText(ending: Extract<Ending, { type: 'exit' }>, protocol: Protocol): string {
  // Under v5 the API server words it (it got the code over SPDY); under the others the kubelet does.
  const cause =
    protocol.version === 'v5'
      ? `command terminated with exit code ${ending.code}`
      : `error executing command [${ending.argv.join(' ')}], exit code ${ending.code}`;
  return `command terminated with non-zero exit code: ${cause}`;
}

/** The text of the frame on channel 3; undefined when the protocol says nothing (v1 on success). */
export function statusText(ending: Ending, protocol: Protocol): string | undefined {
  const plain = protocol.version === 'v1';
  switch (ending.type) {
    case 'success':
      return plain ? undefined : goJson({ metadata: {}, status: 'Success' });
    case 'exit': {
      const message = exitText(ending, protocol);
      const causes = [{ reason: 'ExitCode', message: String(ending.code) }];
      return plain
        ? message
        : goJson({
            metadata: {},
            status: 'Failure',
            message,
            reason: 'NonZeroExitCode',
            details: { causes },
          });
    }
    case 'failure': {
      // v5 wraps the kubelet's Status once more, so that the prefix stands twice.
      const inner = protocol.version === 'v5' ? `Internal error occurred: ${ending.message}` : ending.message;
      const message = `Internal error occurred: ${inner}`;
      return plain
        ? message
        : goJson({
            metadata: {},
            status: 'Failure',
            message,
            reason: 'InternalError',
            details: { causes: [{ message: inner }] },
            code: 500,
          });
    }
  }
}
