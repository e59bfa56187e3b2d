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

/** The command that makes a change to a NetworkPolicy. */
export function mendCommand({ policy: { namespace = '', name }, patch }: Mend): string {
  return kubectl(namespace, 'patch', 'networkpolicy', name, '--type=json', '-p', JSON.stringify(patch));
}
