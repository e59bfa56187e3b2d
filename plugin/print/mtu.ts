import type { MtuResult, MtuTry } from '../../src/tools/mtu-parse.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';

const ways = {
  ping: 'ping',
  traceroute: 'datagrams of traceroute -F',
  tracepath: 'tracepath',
} as const;

/** What became of one size. */
export function mtuTryText({ bytes, outcome, from, mtu }: MtuTry): string {
  const named = mtu === undefined ? '' : ` (MTU ${mtu})`;
  const words = {
    reply: 'came through',
    fragmentationNeeded: `fragmentation needed, says ${from ?? 'a router'}${named}`,
    tooLongHere: `too long for the pod itself${named}`,
    silence: 'silence',
    unreachable: 'unreachable',
  }[outcome];
  return `${String(bytes).padStart(5)} bytes: ${sanitizeLine(words)}\n`;
}

/** The end of `mtu` in sentences, behind what was tried. `hopName`: who the router is, if that is known. */
export function mtuText(result: MtuResult, hopName: string | undefined, colours: Colours): string {
  const { destination, localMtu, pathMtu, limit, hop, guess, tries } = result;
  const lines: string[] = [];
  if (localMtu !== undefined) lines.push(`the pod's own MTU towards ${destination} is ${localMtu}`);
  const router = hop === undefined ? 'a router' : `${hop}${hopName === undefined ? '' : ` (${hopName})`}`;
  switch (limit) {
    case 'unreachable':
      lines.push(
        colours.bad(
          sanitizeLine(`${destination} answers not even a small packet: its MTU cannot be found so`),
        ),
      );
      break;
    case 'none':
      lines.push(colours.good(`path MTU ${pathMtu ?? ''}: nothing on the way is smaller`));
      break;
    case 'announced':
      lines.push(
        colours.warning(
          sanitizeLine(
            `path MTU ${pathMtu ?? ''}: ${router} says so (fragmentation needed), connections adapt`,
          ),
        ),
      );
      break;
    case 'blackHole':
      lines.push(
        colours.bad(
          `path MTU ${pathMtu ?? ''}, a black hole: larger packets vanish and nobody says so; connections open and then hang`,
        ),
        `give the pods an MTU of ${pathMtu ?? ''} in the network plugin, or let ICMP "fragmentation needed" pass`,
      );
  }
  if (guess !== undefined && limit !== 'unreachable') lines.push(sanitizeLine(guess));
  lines.push(
    colours.faint(
      `found by ${ways[result.via]}${tries.length === 0 ? '' : `, ${tries.length} ${tries.length === 1 ? 'size' : 'sizes'} tried`}`,
    ),
  );
  return `${lines.join('\n')}\n`;
}
