import { stripVTControlCharacters } from 'node:util';

// Cc: C0, DEL and C1. Cf: invisible format characters, among them those that turn the writing direction.
// Cs: halves of surrogate pairs. Zl, Zp: line and paragraph separators.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * One line of remote text as a terminal may see it: whole escape sequences go, then every character that is not printed
 * (a tab becomes a space). What came from a pod must not move the cursor, set colours or answer for the person.
 */
export function sanitizeLine(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\t', ' ')).replace(unprintable, '');
}

/** Like {@link sanitizeLine} for text of several lines: line ends and tabs stay. */
export function sanitizeText(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replace(unprintable, (character) =>
    character === '\n' || character === '\t' ? character : '',
  );
}

/** The same characters written as \u escapes, for JSON and double-quoted YAML: nothing is lost, nothing reaches the terminal. */
export function escapeUnprintable(text: string): string {
  return text.replace(unprintable, (character) =>
    character === '\n'
      ? character
      : Array.from(
          { length: character.length },
          (_, index) => String.raw`\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
        ).join(''),
  );
}

/** Whether a text holds anything but line ends that {@link escapeUnprintable} would escape. */
export function hasUnprintable(text: string): boolean {
  return text.replaceAll('\n', '').search(unprintable) >= 0;
}
