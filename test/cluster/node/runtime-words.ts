/** What containerd and runc say when a process cannot be started (`inject-create-failures.json`, `exec-basic.json`). */
import type { StepError } from './process.js';

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** A step that failed, in runc's words. */
function reason(error: StepError, argv: readonly string[]): string {
  const command = `exec: ${JSON.stringify(argv[0] ?? '')}: `;
  switch (error.stage) {
    case 'lookup':
      return `${command}executable file not found in $PATH`;
    case 'stat':
      return `${command}stat ${argv[0] ?? ''}: no such file or directory`;
    case 'directory':
      return `${command}is a directory`;
    case 'permission':
      return `${command}permission denied`;
    case 'exec':
      return `${command}${lower(error.text)}`;
    default:
      return `${error.stage}: ${lower(error.text)}`;
  }
}

/** The main process of a container could not be started. */
export function startFailure(error: StepError, argv: readonly string[]): string {
  return (
    'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ' +
    (error.stage === 'args'
      ? 'args must not be empty'
      : `unable to start container process: error during container init: ${reason(error, argv)}`)
  );
}

/** An exec could not be started; `id` names it. */
export function execFailure(error: StepError, argv: readonly string[], id: string): string {
  return (
    `error executing command in container: failed to exec in container: failed to start exec "${id}": ` +
    'OCI runtime exec failed: exec failed: ' +
    (error.stage === 'args'
      ? 'args must not be empty'
      : `unable to start container process: ${reason(error, argv)}`)
  );
}
