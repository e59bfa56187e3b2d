import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod';
import type { DebugOptions, ProfileChoice } from '../../src/debugger/types.js';
import type { Container } from '../../src/kube/types.js';
import type { DebugRequest } from './debug.js';
import { usageError } from './usage.js';
import { parseYamlFile } from './yamlfile.js';

const limitBytes = 1 << 20;
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
};

// What a profile may set is the debugger's to decide; here it only has to be a container's fields with their types.
const container = z.looseObject({
  env: z.array(z.looseObject({ name: z.string() })).optional(),
  imagePullPolicy: z.string().optional(),
  workingDir: z.string().optional(),
  tty: z.boolean().optional(),
  stdin: z.boolean().optional(),
  securityContext: z
    .looseObject({
      runAsUser: z.int().optional(),
      runAsGroup: z.int().optional(),
      runAsNonRoot: z.boolean().optional(),
      privileged: z.boolean().optional(),
      allowPrivilegeEscalation: z.boolean().optional(),
      readOnlyRootFilesystem: z.boolean().optional(),
      capabilities: z
        .strictObject({ add: z.array(z.string()).optional(), drop: z.array(z.string()).optional() })
        .optional(),
    })
    .optional(),
});

/** The options of a debug container with its profile file read, if there is one. Throws a usage error that names file and key. */
export async function readDebugOptions(request: DebugRequest, cwd: string): Promise<DebugOptions> {
  const { profile } = request;
  return { ...request, profile: typeof profile === 'string' ? profile : await readProfile(profile, cwd) };
}

async function readProfile(
  { file, origin }: { readonly file: string; readonly origin: string },
  cwd: string,
): Promise<ProfileChoice> {
  let text: string;
  try {
    text = await readFile(resolve(cwd, file), 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw usageError(
      `${origin}: cannot read ${file}: ${reasons[code ?? ''] ?? message}`,
      undefined,
      'give the name of a file with a partial container',
    );
  }
  if (text.length > limitBytes) throw usageError(`${origin}: ${file} is too large for a profile`);
  return { file, container: parseProfileFile(text, file) };
}

/** A partial container as YAML or JSON, as in `kubectl debug --custom`. */
export function parseProfileFile(text: string, file: string): Partial<Container> {
  const result = container.safeParse(parseYamlFile(text, file));
  if (result.success) return result.data as Partial<Container>;
  const issue = result.error.issues[0];
  const where = issue?.path.map(String).join('.') ?? '';
  throw usageError(
    `${file}: ${where === '' ? '' : `${where}: `}${issue?.message ?? 'not a container'}`,
    undefined,
    'expected a partial container, such as {"securityContext": {"capabilities": {"add": ["NET_RAW"]}}}',
  );
}
