import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';
import type { LocalNames } from './types.js';

/** Source: limits.h of Linux: PATH_MAX, NAME_MAX in bytes. */
const mostPathBytes = 4096;
const mostNameBytes = 255;

/** Names that Windows takes for devices, streams or something else. */
const windowsName =
  /[\\:*?"<>|]|[. ]$|^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(\.|$)/i;
// Cc, Zl and Zp end lines or steer terminals; Cf holds what turns the direction of writing.
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** The refusal of a whole transfer, because of one entry of what the container sent. */
export function refused(name: string, why: string): NetdebugError {
  return new NetdebugError(`The container sent ${JSON.stringify(cleanText(name, 200))}: ${why}.`, {
    exitCode: ExitCode.incomplete,
    hint: 'Nothing of it was kept. An honest tar does not send this: do not trust what runs in that container.',
  });
}

/**
 * The name of a tar entry as a path in the tree: `./a/b/` is `a/b`, the top itself is `''`. Throws a NetdebugError (8) for names that lead
 * out of the tree or that no honest tar makes of `tar cf - -C FOLDER .`.
 */
export function treeName(raw: string, local: LocalNames): string {
  if (raw === '') throw refused(raw, 'an empty name');
  if (raw.startsWith('/')) throw refused(raw, 'an absolute name');
  if (unprintable.test(raw)) throw refused(raw, 'a name with control characters');
  if (Buffer.byteLength(raw) > mostPathBytes) throw refused(raw, 'a name that is too long');
  const parts = raw
    .split('/')
    .filter((part, at, all) => part !== '.' && !(part === '' && at === all.length - 1));
  for (const part of parts) {
    if (part === '') throw refused(raw, 'a name with an empty part');
    if (part === '..') throw refused(raw, 'a name that leads out of the folder');
    if (Buffer.byteLength(part) > mostNameBytes) throw refused(raw, 'a name that is too long');
    if (local.windows && windowsName.test(part)) throw refused(raw, 'a name that Windows does not take');
  }
  return parts.join('/');
}

/** The folder that a name is in; `''` is the top. */
export function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

/** What two names have in common that are one file here. */
export function nameKey(name: string, { foldsCase }: LocalNames): string {
  return foldsCase ? name.normalize('NFC').toLowerCase() : name;
}

/** As many links as Linux follows in one name (MAXSYMLINKS). */
const mostLinks = 40;

/**
 * Whether a symbolic link stays in the tree wherever the tree is put. Its way is walked as the kernel would walk it, through the
 * other links of the tree: link by link each may look harmless, and `..` behind a link that leads up still leads out.
 * @param links What every link of the tree holds, by {@link nameKey}.
 */
export function staysInside(
  name: string,
  to: string,
  links: ReadonlyMap<string, string>,
  local: LocalNames,
): boolean {
  if (!mayBeHeld(to) || (local.windows && /[\\:]/.test(to))) return false;
  const at = name.split('/').slice(0, -1);
  const way = [to];
  let followed = 0;
  for (let next = way.pop(); next !== undefined; next = way.pop()) {
    const [part = '', ...rest] = next.split('/');
    if (rest.length > 0) way.push(rest.join('/'));
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) return false;
      continue;
    }
    at.push(part);
    const link = links.get(nameKey(at.join('/'), local));
    if (link === undefined) continue;
    if (++followed > mostLinks || !mayBeHeld(link)) return false;
    at.pop();
    way.push(link);
  }
  return true;
}

/** What a link may hold at all: a relative path of sensible length. */
function mayBeHeld(to: string): boolean {
  return to !== '' && !to.startsWith('/') && !unprintable.test(to) && Buffer.byteLength(to) <= mostPathBytes;
}
