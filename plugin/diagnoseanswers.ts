import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type Answer, answerOf } from '../src/diagnose/compare.js';
import { ExitCode, NetdebugError } from '../src/errors.js';
import { cacheFolder } from './completion/cache.js';
import type { DiagnoseRequest } from './diagnose.js';
import type { Environment } from './environment.js';

/** What is kept of a question, to ask it again. */
const questionSchema = z.object({
  from: z.string().optional(),
  to: z.string(),
  namespace: z.string().optional(),
  context: z.string().optional(),
  kubeconfig: z.string().optional(),
  files: z.array(z.string()),
});
type KeptQuestion = z.infer<typeof questionSchema>;

const answerSchema = z.object({
  verdict: z.enum(['REACHABLE', 'UNREACHABLE', 'AMBIGUOUS', 'UNDETERMINED']),
  at: z.string(),
  findings: z.array(
    z.object({
      code: z.string(),
      title: z.string(),
      severity: z.enum(['error', 'warning', 'info']),
      object: z.object({ kind: z.string(), namespace: z.string().optional(), name: z.string() }),
      causedBy: z.string().optional(),
    }),
  ),
});
const keptSchema = z.object({ question: questionSchema, answer: answerSchema });

/** Questions that are remembered, and the largest file that is read. */
const most = { files: 64, bytes: 16 * 2 ** 20 };

type Asked = Pick<DiagnoseRequest, 'from' | 'to' | 'kube' | 'files'>;

/**
 * Keeps the answer to a question in a file of the person alone (0600, in a folder of 0700): verdict, codes and names of objects, no
 * message and no evidence. Never rejects: without it only `--verify` has nothing to compare with.
 */
export async function keepAnswer(asked: Asked, answer: Answer, environment: Environment): Promise<void> {
  const question = questionOf(asked, environment);
  const folder = cacheFolder(environment, 'answers');
  const file = fileOf(folder, question);
  const written = `${file}.${Math.floor(environment.random() * 1e9)}`;
  try {
    // A home that is not there is not made.
    if ((environment.env.XDG_CACHE_HOME ?? '') === '') await access(environment.homeDir);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const text = JSON.stringify({ question, answer: answerOf(answer) });
    await writeFile(written, text, { flag: 'wx', mode: 0o600 });
    await rename(written, file);
    await sweep(folder);
  } catch {
    await rm(written, { force: true }).catch(() => undefined);
  }
}

/** The answer that was last given to this question. Rejects with a NetdebugError, exit 2, where there is none. */
export async function earlierAnswer(asked: Asked, environment: Environment): Promise<Answer> {
  const file = fileOf(cacheFolder(environment, 'answers'), questionOf(asked, environment));
  const kept = keptSchema.safeParse(await json(file).catch(() => undefined));
  if (kept.success) return kept.data.answer;
  throw new NetdebugError('there is no earlier answer to this question', {
    exitCode: ExitCode.usage,
    hint: 'ask it once without --verify, or compare with a document of -o json: --baseline FILE',
  });
}

/** The question that was asked last, here. Rejects with a NetdebugError, exit 2, where there was none. */
export async function lastQuestion(environment: Environment): Promise<KeptQuestion> {
  const folder = cacheFolder(environment, 'answers');
  for (const file of await byAge(folder).catch(() => [])) {
    const kept = keptSchema.safeParse(await json(file).catch(() => undefined));
    if (kept.success) return kept.data.question;
  }
  throw new NetdebugError('nothing was asked yet that could be asked again', {
    exitCode: ExitCode.usage,
    hint: 'kubectl netdebug diagnose FROM TO',
  });
}

/** The answer in a document that `-o json` wrote. Rejects with a NetdebugError, exit 2. */
export async function savedAnswer(path: string, { cwd }: Environment): Promise<Answer> {
  let document: unknown;
  try {
    document = await json(resolve(cwd, path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NetdebugError(`cannot read ${path}: ${why}`, { exitCode: ExitCode.usage, cause });
  }
  const parsed = answerSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues
    .slice(0, 5)
    .map(({ path: at, message }) => `${at.join('.') || 'the document'}: ${message}`);
  throw new NetdebugError(`${path} is no diagnosis that -o json wrote`, {
    exitCode: ExitCode.usage,
    details,
  });
}

function questionOf({ from, to, kube, files }: Asked, { cwd }: Environment): KeptQuestion {
  return {
    ...(from === undefined ? {} : { from }),
    to,
    ...(kube.namespace === undefined ? {} : { namespace: kube.namespace }),
    ...(kube.context === undefined ? {} : { context: kube.context }),
    ...(kube.kubeconfig === undefined ? {} : { kubeconfig: resolve(cwd, kube.kubeconfig) }),
    files: files.map((file) => resolve(cwd, file)),
  };
}

/** Named by a hash of the question, so that the name tells nothing. */
function fileOf(folder: string, question: KeptQuestion): string {
  const { from, to, namespace, context, kubeconfig, files } = question;
  const key = JSON.stringify([from, to, namespace, context, kubeconfig, files]);
  return join(folder, `${createHash('sha256').update(key).digest('hex')}.json`);
}

async function json(file: string): Promise<unknown> {
  if ((await stat(file)).size > most.bytes) throw new RangeError(`it has more than ${most.bytes} bytes`);
  return JSON.parse(await readFile(file, 'utf8')) as unknown;
}

/** The newest first. */
async function byAge(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const files = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), at: (await stat(join(folder, name))).mtimeMs })),
  );
  return files.toSorted((a, b) => b.at - a.at).map(({ path }) => path);
}

async function sweep(folder: string): Promise<void> {
  const files = await byAge(folder);
  await Promise.all(files.slice(most.files).map((path) => unlink(path)));
}
