// jest cannot load two modules at a time that import a third; loaded here, they are there when the command asks for them.
import '../../plugin/doctor.js';
import '../../src/kube/connect.js';
import { runWords } from '../plugin/environment.js';

/** One line of `doctor -o json`. */
export interface Line {
  readonly id: string;
  readonly state: string;
  readonly message: string;
  readonly details?: readonly string[];
  readonly advice?: string;
}

/** What `doctor -o json` left. */
export interface Report {
  readonly code: number;
  readonly exitCode: number;
  readonly target?: string;
  readonly line: (id: string) => Line | undefined;
  readonly states: Readonly<Record<string, string>>;
}

/** What programs read. */
export async function askDoctor(words: readonly string[], kubeconfig: string): Promise<Report> {
  const { code, out } = await runWords(['doctor', ...words, '--kubeconfig', kubeconfig, '-o', 'json']);
  const { checks, ...rest } = JSON.parse(out) as {
    readonly checks: readonly Line[];
    readonly exitCode: number;
    readonly target?: string;
  };
  return {
    ...rest,
    code,
    line: (id) => checks.find((check) => check.id === id),
    states: Object.fromEntries(checks.map(({ id, state }) => [id, state])),
  };
}
