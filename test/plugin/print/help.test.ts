import { expect, test } from '@jest/globals';
import { commandHelp, programHelp } from '../../../plugin/print/help.js';
import { commands } from '../../../plugin/run.js';

const texts = (columns: number): string[] => [
  programHelp(commands, columns),
  ...commands.map((command) => commandHelp(command, columns)),
];

test('help is ASCII: a character is a column', () => {
  for (const text of texts(100)) expect(text).toMatch(/^[\x20-\x7e\n]*$/);
});

test.each([60, 80, 110])(
  'a line of explanation is no longer than %i columns, unless one word is',
  (columns) => {
    // Usage and examples stand as they are typed.
    const explained = texts(columns).flatMap((text) =>
      text.split('\n').filter((line) => /^ {10,}\S+ /.test(line)),
    );
    expect(explained.length).toBeGreaterThan(20);
    for (const line of explained) expect(line.length).toBeLessThanOrEqual(columns);
  },
);

test('all that is to be read is there, however narrow the terminal', () => {
  const words = (text: string): string => text.replaceAll(/\s+/g, ' ');
  const narrow = words(texts(60).join('\n'));
  for (const { about, summary, flags } of commands) {
    expect(narrow).toContain(words(about));
    expect(narrow).toContain(words(summary));
    for (const { describe } of Object.values(flags)) expect(narrow).toContain(words(describe));
  }
});
