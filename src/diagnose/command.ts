import type { Mend } from './policy/mend.js';

/** A word for a POSIX shell: as it is where it can be, in single quotes where it must. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A kubectl command, in the namespace of an object where it has one. */
export function kubectl(namespace: string | undefined, ...words: readonly string[]): string {
  const place = namespace === undefined ? [] : ['-n', namespace];
  return ['kubectl', ...place, ...words].map(shellWord).join(' ');
}

/** The command that makes an object. JSON is YAML, and needs one line only. */
export function applyCommand(object: object): string {
  return `printf %s ${shellWord(JSON.stringify(object))} | kubectl apply -f -`;
}

/** The command that changes fields of an object, by a JSON patch (RFC 6902). */
export function patchCommand(
  resource: string,
  { namespace, name }: { readonly namespace?: string; readonly name: string },
  patch: readonly object[],
): string {
  return kubectl(namespace, 'patch', resource, name, '--type=json', '-p', JSON.stringify(patch));
}

/** `spec.rules[0].backendRefs[1]` as a JSON pointer (RFC 6901). */
export function pointerTo(fieldPath: string): string {
  return `/${fieldPath
    .replaceAll(/\[([^\]]*)\]/g, '.$1')
    .split('.')
    .join('/')}`;
}

/** The command that makes a change to a NetworkPolicy. */
export function mendCommand({ policy: { namespace = '', name }, patch }: Mend): string {
  return patchCommand('networkpolicy', { namespace, name }, patch);
}
