import { basename, dirname, join } from 'node:path';

/** `web.pcapng.gz` → `web` and `.pcapng.gz`: what is added to a name stands before its endings. */
export function splitEnding(path: string): { readonly stem: string; readonly ending: string } {
  const name = basename(path);
  const ending = /(?<=.)(\.[A-Za-z0-9]{1,8})?(\.gz)?$/i.exec(name)?.[0] ?? '';
  return { stem: join(dirname(path), name.slice(0, name.length - ending.length)), ending };
}

/**
 * The name of one file of several, as dumpcap gives them: `web_00001_20260131235959.pcapng`. With exactly these names Wireshark
 * knows the files for a set (File > File Set). @param index From 1. @param atMs When the file begins; local time is shown, as dumpcap does.
 */
export function fileOfSet(path: string, index: number, atMs: number): string {
  const { stem, ending } = splitEnding(path);
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()].map(two);
  return `${stem}_${String(index).padStart(5, '0')}_${String(at.getFullYear()).padStart(4, '0')}${time.join('')}${ending}`;
}

/** What all files of a set are called, for people and shells: `web_*.pcapng`. */
export function patternOfSet(path: string): string {
  const { stem, ending } = splitEnding(path);
  return `${stem}_*${ending}`;
}

/** A word from the cluster as a part of a file's name: it can neither leave the folder nor hide the file. */
export function nameForFile(word: string): string {
  return (
    word
      .slice(0, 200)
      .replace(/[^A-Za-z0-9._-]/g, '_')
      .replace(/^\.+/, '_') || '_'
  );
}
