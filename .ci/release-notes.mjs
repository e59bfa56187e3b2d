// Prints what CHANGELOG.md says of the version in package.json; ends with 1 when it says nothing.
//   node .ci/release-notes.mjs
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const read = (name) => readFileSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8');
const { version } = JSON.parse(read('package.json'));
const sections = read('CHANGELOG.md').split(/^## /m);
const own = sections.find((section) => section.split(/\s/, 1)[0] === version);
const text = own?.slice(own.indexOf('\n')).trim() ?? '';
if (text === '') {
  console.error(
    `error: CHANGELOG.md has nothing under "## ${version}"\nhint: docs/release.md says what comes before a release`,
  );
  process.exit(1);
}
console.log(text);
