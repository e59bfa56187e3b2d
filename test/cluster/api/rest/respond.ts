import type { ServerResponse } from 'node:http';
import { stringify as yamlOf } from 'yaml';
import type { Stored } from '../../types.js';
import { StatusError } from '../status.js';
import { representation, type Exchange, type ResourceExchange } from './exchange.js';
import { representObject } from './represent.js';

/** `299 - "text"`, as RFC 7234 quotes it. */
function warningHeader(text: string): string {
  return `299 - "${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** Puts the warnings of an exchange into its answer. To be called before the head is written. */
export function setWarnings(exchange: Exchange): void {
  if (exchange.warnings.length > 0) exchange.res.setHeader('Warning', exchange.warnings.map(warningHeader));
}

/** Writes JSON (or YAML where asked). */
export function sendJson(
  res: ServerResponse,
  code: number,
  body: unknown,
  format: 'json' | 'yaml' = 'json',
  type = `application/${format}`,
): void {
  const text = format === 'json' ? JSON.stringify(body) : yamlOf(body);
  res.writeHead(code, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  res.end(text);
}

export function sendText(res: ServerResponse, code: number, text: string): void {
  res.writeHead(code, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  res.end(text);
}

/** Any error as a Status; what is no StatusError is a mistake in this server and says so. */
export function asStatus(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const message = `Internal error occurred: ${text}`;
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message,
    details: { causes: [{ message: text }] },
  });
}

/** Writes a Status; Retry-After where its details carry the seconds. */
export function sendStatus(res: ServerResponse, error: unknown): void {
  const { status, code } = asStatus(error);
  const seconds = status.details?.retryAfterSeconds;
  if (seconds !== undefined) res.setHeader('Retry-After', String(seconds));
  sendJson(res, code, status);
}

/** Writes one object in the form the client asked for. */
export function sendObject(exchange: ResourceExchange, code: number, object: Stored): void {
  const form = representation(exchange);
  const options = { now: exchange.api.store.now(), includeObject: exchange.query.get('includeObject') };
  setWarnings(exchange);
  sendJson(exchange.res, code, representObject(exchange.type, object, form, options), form.format);
}
