import { checks } from '../checks/all.js';

/** Codes that name gaps instead of faults: they stand beside what was not checked. */
const gaps: Readonly<Record<string, string>> = {
  ND001: 'what was not checked',
  ND002: 'what was not checked',
  ND006: 'what was not checked',
};

/** Which part of `diagnose` can speak a code in this version; undefined when none can. */
export function spokenBy(code: string): string | undefined {
  const check = checks.find(({ codes }) => codes.includes(code));
  return check === undefined ? gaps[code] : `check ${check.name}`;
}
