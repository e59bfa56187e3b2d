import { ExitCode, NetdebugError } from '../errors.js';
import { forbiddenSentence, parseForbidden, roleYaml } from './forbidden.js';
import type { Forbidden } from './forbidden.js';
import { cleanText } from './text.js';
import type { Status } from './types.js';

/** The request that was refused, for the error's text. */
export interface RefusedRequest {
  readonly server: string;
  readonly method: string;
  /** Without query. */
  readonly path: string;
}

/** The API server (or a proxy before it) answered with something other than 2xx. */
export class ApiError extends NetdebugError {
  /** HTTP status of the answer. */
  readonly code: number;
  /** The server's Status; where the body was none, one made from the HTTP status and the body's text. */
  readonly status: Status;
  /** The answer was not the API server's own: no Status, but the text or the page of something in between. */
  readonly foreign: boolean;
  /** Set when RBAC refused (403). */
  readonly forbidden: Forbidden | undefined;
  /** Milliseconds the server asks to wait before the next try (`Retry-After`, `details.retryAfterSeconds`). */
  readonly retryAfterMs: number | undefined;

  constructor(code: number, status: Status, request: RefusedRequest, retryAfterMs?: number) {
    const message = status.message ?? '';
    const foreign = isForeign(code, status);
    const rbac = code === 403 && !foreign ? parseForbidden(message, request.method, request.path) : undefined;
    // Whom the server takes for nobody needs no Role, but credentials.
    const nobody = rbac?.user === ANONYMOUS;
    const forbidden = nobody ? undefined : rbac;
    const text = nobody ? describeNobody(request) : describe(code, status, request, forbidden, foreign);
    const exitCode = foreign || nobody ? ExitCode.unreachable : exitCodeOf(code, message);
    super(text.sentence, { exitCode, hint: text.hint, details: text.details });
    this.code = code;
    this.status = status;
    this.foreign = foreign;
    this.forbidden = forbidden;
    this.retryAfterMs = retryAfterMs;
  }
}

const ANONYMOUS = 'system:anonymous';
/** `kind` of what {@link parseStatus} makes of an answer that holds no Status. */
const NO_STATUS = 'Text';

/** Refusals that only the API server itself can mean. Go's own words for a path it does not know are those of an absent API group. */
function isForeign(code: number, { kind, message = '' }: Status): boolean {
  return kind === NO_STATUS && (code === 403 || (code === 404 && !message.startsWith('404 page not found')));
}

/** Whether an error is an answer of the API server with this HTTP status. */
export function isApiError(error: unknown, code?: number): error is ApiError {
  return error instanceof ApiError && (code === undefined || error.code === code);
}

/**
 * Reads the body of a refusal. The API server sends a Status as JSON; the kubelet and proxies send text or HTML, which
 * then becomes the message.
 */
export function parseStatus(code: number, contentType: string | undefined, body: string): Status {
  if (contentType?.includes('json')) {
    const parsed = parseJson(body);
    if (isStatus(parsed)) return parsed;
  }
  const text = contentType?.includes('html')
    ? body.replace(/<(script|style)[^]*?<\/\1>|<[^>]*>/gi, ' ')
    : body;
  return { kind: NO_STATUS, status: 'Failure', code, message: cleanText(text, 400) };
}

/** How long a refusal asks to wait, milliseconds; from the header (seconds) or the Status. */
export function retryAfter(header: string | undefined, status: Status | undefined): number | undefined {
  const seconds =
    header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : status?.details?.retryAfterSeconds;
  return typeof seconds === 'number' && seconds >= 0 && Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

/** Whether a parsed JSON value is a meta/v1 Status. */
export function isStatus(value: unknown): value is Status {
  if (typeof value !== 'object' || value === null) return false;
  const status = value as Record<string, unknown>;
  if (status.message !== undefined && typeof status.message !== 'string') return false;
  return status.kind === 'Status' || status.status === 'Success' || status.status === 'Failure';
}

function exitCodeOf(code: number, message: string): ExitCode {
  if (code === 403) return ExitCode.notAllowed;
  // A ValidatingAdmissionPolicy without a reason refuses with 422 though its text says forbidden.
  if (code === 422) return message.includes(' denied request: ') ? ExitCode.notAllowed : ExitCode.target;
  if (code === 400) {
    return /unable to parse requirement|field label not supported|found '.', expected/.test(message)
      ? ExitCode.usage
      : ExitCode.target;
  }
  if (code === 404 || code === 409) return ExitCode.target;
  // The kubelet's answer for a container that does not run; not a fault of the server.
  if (code === 500 && message.startsWith('container not found')) return ExitCode.target;
  if (code === 413 || code === 414 || code === 431) return ExitCode.usage;
  return ExitCode.unreachable;
}

interface Description {
  readonly sentence: string;
  readonly hint?: string;
  readonly details?: readonly string[];
}

function describe(
  code: number,
  status: Status,
  request: RefusedRequest,
  forbidden: Forbidden | undefined,
  foreign: boolean,
): Description {
  const message = cleanText(status.message ?? '');
  if (code === 401) {
    return {
      sentence: `The API server ${request.server} did not accept your credentials (401 ${message || 'Unauthorized'}).`,
      hint: 'Log in again, or choose another context (kubectl config get-contexts).',
    };
  }
  if (foreign) {
    return {
      sentence: `What answers at ${request.server} does not speak for a Kubernetes API server (HTTP ${code})${message && `: ${message}`}.`,
      hint: 'A proxy or a login page may stand in between: check HTTPS_PROXY, NO_PROXY and the server of this context.',
    };
  }
  if (forbidden) {
    return {
      sentence: forbiddenSentence(forbidden),
      details: [message],
      hint: `Ask an administrator for this rule:\n${roleYaml(forbidden)}`,
    };
  }
  const answer = `${request.method} ${cleanText(request.path, 200)} was answered with HTTP ${code}`;
  if (code === 429 || code >= 500) {
    if (exitCodeOf(code, message) === ExitCode.target) return { sentence: `${message}.`, details: [answer] };
    return {
      sentence: `The API server ${request.server} failed (HTTP ${code})${message && `: ${message}`}.`,
      details: [answer],
      hint:
        code === 429
          ? 'It has too many requests: try again later.'
          : 'Try again; if it stays, look at the API server.',
    };
  }
  return { sentence: message || `The API server refused (HTTP ${code}).`, details: [answer] };
}

function describeNobody({ server }: RefusedRequest): Description {
  return {
    sentence: `The API server ${server} got no credentials that it knows (it takes you for ${ANONYMOUS}).`,
    hint: 'Check the user of this context (kubectl config view --minify), log in again, or choose another context.',
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
