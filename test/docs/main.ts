/** `npm run docs`: writes the tables of flags in the pages under docs/, and the schema of `diagnose -o json`. Tests fail when one is not as this writes it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diagnosisJsonSchema } from '../../src/report/diagnosis-schema.js';
import { commands } from '../../plugin/run.js';
import { groupPages, withPlace, withTables } from './tables.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

function write(page: string, change: (text: string) => string): void {
  const file = join(root, page);
  if (!existsSync(file)) {
    console.error(`${page}: there is no such page yet`);
    return;
  }
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  if (after === before) return;
  writeFileSync(file, after);
  console.log(`${page}: written`);
}

for (const command of commands) {
  write(`docs/commands/${command.name}.md`, (text) => withTables(withPlace(text, command), commands));
}
for (const page of new Set(Object.values(groupPages))) write(page, (text) => withTables(text, commands));

const schema = join(root, 'docs/schema/diagnosis.schema.json');
writeFileSync(schema, `${JSON.stringify(diagnosisJsonSchema(), undefined, 2)}\n`);
