import { logPatterns } from './patterns.js';
import { findPeer, parsePeer } from './peer.js';
import type { LogMatch, LogPattern } from './types.js';

/** More of a line is not looked at in one go, so that no line can be slow. */
export const longestText = 4096;

/**
 * What a line says of network trouble; undefined when it says nothing. Pure and total: any text is taken, of which the first
 * {@link longestText} characters count.
 * @param candidates Only these are tried, in this order.
 */
export function matchLine(
  line: string,
  candidates: readonly LogPattern[] = logPatterns,
): LogMatch | undefined {
  const text = line.length > longestText ? line.slice(0, longestText) : line;
  for (const pattern of candidates) {
    const match = pattern.expression.exec(text);
    if (match === null || pattern.unless?.test(text) === true) continue;
    return { pattern, peer: namedPeer(match) ?? findPeer(text) };
  }
  return undefined;
}

/** The first group that an expression has for the peer; Envoy's flags are groups too, and are no peers. */
function namedPeer(match: RegExpExecArray): LogMatch['peer'] {
  for (const [name, text] of Object.entries(match.groups ?? {})) {
    if (name === 'flag' || name === 'json' || (text as string | undefined) === undefined) continue;
    const peer = parsePeer(text.replace(/[.:,]+$/, ''));
    if (peer !== undefined) return peer;
  }
  return undefined;
}
