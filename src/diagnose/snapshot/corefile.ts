/** One line of a Corefile: a plugin with its arguments, and the lines of its block. */
export interface CorefileLine {
  readonly words: readonly string[];
  readonly block: readonly CorefileLine[];
}

/** A server block of a Corefile: its zones (`.:53`, `cluster.local`), or the name of a snippet in brackets; or `import` and a file, without lines. */
export interface CorefileServer {
  readonly keys: readonly string[];
  readonly lines: readonly CorefileLine[];
}

/** Deeper blocks than plugins have. */
const deepest = 8;

/**
 * The server blocks of a Corefile, in its order. Comments are left out; a text that is none gives what could be made of it.
 * Source: https://coredns.io/manual/configuration/, the format of Caddy 1.
 */
export function parseCorefile(text: string): readonly CorefileServer[] {
  const rows = text.split(/\r?\n/).flatMap((row) => {
    const words = wordsOf(row);
    return words.length === 0 ? [] : [words];
  });
  let next = 0;
  const block = (depth: number): CorefileLine[] => {
    const lines: CorefileLine[] = [];
    for (;;) {
      const words = rows[next++];
      if (words === undefined || words[0] === '}') return lines;
      const opens = words.at(-1) === '{';
      const inside = opens && depth < deepest ? block(depth + 1) : [];
      const own = words.filter((word) => word !== '{' && word !== '}');
      if (own.length > 0) lines.push({ words: own, block: inside });
    }
  };
  const servers: CorefileServer[] = [];
  let keys: string[] = [];
  while (next < rows.length) {
    const words = rows[next++] ?? [];
    const opens = words.at(-1) === '{';
    keys.push(...words.flatMap((word) => word.split(/[\s,{}"#]+/)));
    // Keys may stand on several lines, with a comma at the end of each but the last.
    if (!opens && keys[0] !== 'import') continue;
    servers.push({ keys: keys.filter((key) => key !== ''), lines: opens ? block(0) : [] });
    keys = [];
  }
  return servers;
}

/** The zone of a key of a server block: `tls://k8s.corp.:5353` is for `k8s.corp`, `.:53` for everything, which is the empty zone. */
export function zoneOf(key: string): string {
  return key
    .replace(/^\w+:\/\//, '')
    .replace(/:\d+$/, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

/** The text of server blocks, as {@link parseCorefile} reads it. */
export function formatCorefile(servers: readonly CorefileServer[]): string {
  const rows = (lines: readonly CorefileLine[], indent: string): string[] =>
    lines.flatMap(({ words, block }) => {
      const line = indent + words.map(quoted).join(' ');
      return block.length === 0 ? [line] : [`${line} {`, ...rows(block, `${indent}    `), `${indent}}`];
    });
  return servers
    .map(({ keys, lines }) => [`${keys.join(', ')} {`, ...rows(lines, '    '), '}', ''].join('\n'))
    .join('');
}

/** One line as it stands in the file, for messages. */
export function lineText({ words }: CorefileLine): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /[\s"#{}]/.test(word) || word === '' ? `"${word.replaceAll('"', String.raw`\"`)}"` : word;
}

/** The words of a line, without a comment; in double quotes they may hold blanks. */
function wordsOf(row: string): string[] {
  const words: string[] = [];
  for (const [, quote, plain] of row.matchAll(/"((?:\\"|[^"])*)"|(#.*|[^\s"#][^\s"]*)/g)) {
    if (plain?.startsWith('#') === true) break;
    words.push(plain ?? (quote ?? '').replaceAll(String.raw`\"`, '"'));
  }
  return words;
}
