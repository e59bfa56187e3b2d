import { printable } from '../../tools/text.js';

/** A line in a report is this long at most, in characters. */
const longest = 300;

/** What in a line of a log may let somebody in, and how it is shown instead. The first group is kept. */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]{1,40}-----.*/g, '***'],
  // Authorization: Bearer ..., "cookie": "..."
  [
    /((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s{0,3}[:=]\s{0,3}["']?)(?:(?:basic|bearer|digest|negotiate|token)\s{1,3})?[^"'\n]{1,2000}/gi,
    '$1$2***',
  ],
  [/\b(bearer|basic)(\s{1,3})[\w.~+/=-]{6,2000}/gi, '$1$2***'],
  // password=..., "apiKey": "...", --token ..., sig=...
  [
    /([\w.-]{0,40}(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|credentials?|session[_-]?id|signature))(["']?(?:\s{0,3}[:=]\s{0,3}|\s(?=\S))["']?)[^\s"',;&)}\]]{1,2000}/gi,
    '$1$2***',
  ],
  [/([?&](?:key|sig|code|auth)=)[^\s"'&]{1,2000}/gi, '$1***'],
  // postgres://user:password@host
  [/(:\/\/)[^\s/@"']{1,300}@/g, '$1***@'],
  [/\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g, '***'],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b|\bgh[a-z]_\w{20,}|\bxox[a-z]-[\w-]{10,}/g, '***'],
  // What is as long as keys are, and no word.
  [/(?<![\w+/=-])(?=[\w+/=-]{0,200}\d)(?=[\w+/=-]{0,200}[A-Za-z])[\w+/=]{40,4096}(?![\w+/=-])/g, '***'],
];

/** A line of a log, fit to be shown: without control characters, without what looks like a secret, and not too long. Total. */
export function sampleOf(line: string): string {
  // Longer lines are cut first, so that no line takes long; what was cut in half is still masked as far as it goes.
  let text = printable(line.slice(0, 4096).replaceAll('\t', ' ')).trim();
  for (const [pattern, shown] of secrets) text = text.replace(pattern, shown);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
