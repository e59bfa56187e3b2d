import { usageError } from './usage.js';

/** Letters of tcpdump that take a word. Source: tcpdump.c, SHORTOPTS. */
const withWord = 'BcCEFGijmMQrsTVWwyzZ';

const capture = "'kubectl netdebug capture' writes packets to a file, to stdout or to Wireshark";

/** What makes no sense, or is not safe, in a debug container, and what to do instead. */
const refused: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  w: ['writes packets, and here only text is printed', capture],
  C: ['rotates files, and none is written here', `${capture}; --max-size limits it`],
  G: ['rotates files, and none is written here', `${capture}; --duration limits it`],
  W: ['rotates files, and none is written here', `${capture}; --max-size limits it`],
  z: ['runs a command in the pod', 'run it yourself on a file that capture has written'],
  r: [
    'reads a file of the debug container, and there is none',
    "read a file of yours with 'tcpdump -r FILE' here",
  ],
  V: [
    'reads files of the debug container, and there are none',
    "read files of yours with 'tcpdump -V FILE' here",
  ],
  F: [
    'reads the filter from a file of the debug container, and there is none',
    'give the filter as words after the flags',
  ],
  Z: ['is set already: an ephemeral container cannot change its user', 'leave it out'],
};

/** The words after `--`, as tcpdump is to have them. Throws a usage error for flags that make no sense here. */
export function checkTcpdumpArgs(args: readonly string[]): readonly string[] {
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (word.includes('\0')) throw usageError('an argument of tcpdump holds a NUL character', 'tcpdump');
    if (word === '--') break;
    if (!word.startsWith('-') || word.startsWith('--')) continue;
    const letters = word.slice(1);
    for (let index = 0; index < letters.length; index++) {
      const letter = letters.charAt(index);
      const why = refused[letter];
      if (why !== undefined) throw usageError(`tcpdump -${letter} ${why[0]}`, 'tcpdump', why[1]);
      if (!withWord.includes(letter)) continue;
      if (index === letters.length - 1) at++;
      break;
    }
  }
  return args;
}
