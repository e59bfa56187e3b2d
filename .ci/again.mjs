// Tests with real processes and networks may be tried a second time; .ci/test.mjs names those that needed it and allows few of them
// (docs/decisions/0013-second-attempts.md). All others are tried once.
import { expect, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';

const path = expect.getState().testPath;
const real =
  path !== undefined && /\/cluster\/harness\.js'|node:child_process'/.test(readFileSync(path, 'utf8'));
if (real) jest.retryTimes(1, { logErrorsBeforeRetry: true });
