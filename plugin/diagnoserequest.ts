import type { DiagnoseRequest } from './diagnose.js';

/** What `diagnose` was asked for, with what is to become of the answer. */
export interface DiagnoseRunRequest extends Omit<DiagnoseRequest, 'to'> {
  /** Absent with `verify`: what was asked last; absent with `expect`. */
  readonly to?: string;
  /** Compare with the last answer to the same question. */
  readonly verify: boolean;
  /** Compare with this document of `-o json` instead. */
  readonly baseline?: string;
  /** A file of flows that are asked one by one. */
  readonly expect?: string;
  /** A file to which this flow is added as it is found now. */
  readonly writeExpect?: string;
}
