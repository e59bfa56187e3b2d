/** The part of CoreDNS's configuration that the local cluster's DNS obeys. */

/** One directive with its arguments and the lines of its block. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly block: readonly (readonly string[])[];
}

/** A server block: `zones { directives }`. */
export interface ServerBlock {
  /** Without port and last dot, lower case; the root is empty. */
  readonly zones: readonly string[];
  readonly directives: readonly Directive[];
}

function zoneName(text: string): string {
  return text
    .replace(/^dns:\/\//, '')
    .replace(/:\d+$/, '')
    .replace(/\.$/, '')
    .toLowerCase();
}

/** Reads a Corefile. What it cannot read throws an Error that names the line. */
export function parseCorefile(text: string): ServerBlock[] {
  const lines = text
    .split('\n')
    .map((line, index) => ({ number: index + 1, words: line.replace(/#.*$/, '').trim().split(/\s+/) }))
    .filter(({ words }) => words[0] !== '');
  const blocks: ServerBlock[] = [];
  let server: { zones: string[]; directives: Directive[] } | undefined;
  let inner: string[][] | undefined;
  for (const { number, words } of lines) {
    const opens = words.at(-1) === '{';
    const closes = words.length === 1 && words[0] === '}';
    if (server === undefined) {
      if (!opens)
        throw new Error(`Corefile:${number} - Error during parsing: Unexpected '${words[0] ?? ''}'`);
      server = { zones: words.slice(0, -1).map(zoneName), directives: [] };
    } else if (inner !== undefined) {
      if (closes) inner = undefined;
      else inner.push(words);
    } else if (closes) {
      blocks.push(server);
      server = undefined;
    } else {
      const [name = '', ...args] = opens ? words.slice(0, -1) : words;
      const block: string[][] = [];
      server.directives.push({ name, args, block });
      if (opens) inner = block;
    }
  }
  if (server !== undefined)
    throw new Error(`Corefile:${lines.length} - Error during parsing: Unexpected EOF`);
  return blocks;
}

/** The block whose zone is the longest end of a name. */
export function blockFor(blocks: readonly ServerBlock[], name: string): ServerBlock | undefined {
  const ends = (zone: string): boolean => zone === '' || name === zone || name.endsWith(`.${zone}`);
  const fits = blocks.flatMap((block) => block.zones.filter(ends).map((zone) => ({ block, zone })));
  return fits.sort((a, b) => b.zone.length - a.zone.length)[0]?.block;
}
