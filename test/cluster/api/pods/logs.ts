import { pipeline } from 'node:stream/promises';
import { KubeletError, type KubeletLogs, type Stored } from '../../types.js';
import { flag } from '../request.js';
import { badRequest, field, invalid, notFound, type FieldError } from '../status.js';
import { representation, type ResourceExchange } from '../rest/exchange.js';
import { theObject } from '../rest/read.js';
import { sendText } from '../rest/respond.js';
import { chooseContainer, containerStatus } from './container.js';
import { podOf } from './types.js';

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

function checkTime(text: string | null): void {
  if (text === null || /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return;
  throw badRequest(`parsing time "${text}" as "2006-01-02T15:04:05Z07:00": cannot parse "${text}" as "2006"`);
}

function optionErrors(query: URLSearchParams): FieldError[] {
  const errors: FieldError[] = [];
  const above = (name: string, least: number, words: string): void => {
    const value = wholeNumber(query, name);
    if (value !== undefined && value < least) errors.push(field.invalid(name, value, words));
  };
  above('tailLines', 0, 'must be greater than or equal to 0');
  above('limitBytes', 1, 'must be greater than 0');
  if (query.get('sinceSeconds') !== null && query.get('sinceTime') !== null) {
    errors.push(field.forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  } else {
    above('sinceSeconds', 1, 'must be greater than 0');
  }
  if (query.get('stream') !== null) errors.push(field.forbidden('stream', 'may not be specified'));
  return errors;
}

const trying = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'RegistryUnavailable',
]);

/** The 400s of a container that has no log. */
function checkContainer(pod: Stored, container: string, previous: boolean): void {
  const status = containerStatus(pod, container);
  const named = `container "${container}" in pod "${pod.metadata.name}"`;
  if (previous) {
    if (status?.lastState?.terminated === undefined)
      throw badRequest(`previous terminated ${named} not found`);
    return;
  }
  const waiting = status === undefined ? { reason: 'ContainerCreating' } : status.state?.waiting;
  if (waiting === undefined || status?.lastState?.terminated !== undefined) return;
  const reason = waiting.reason ?? '';
  // A container that could not be started has a log, if an empty one.
  if (reason === 'RunContainerError' || reason === 'CreateContainerError') return;
  throw badRequest(
    `${named} is waiting to start: ${trying.has(reason) ? 'trying and failing to pull image' : reason}`,
  );
}

function kubeletQuery(pod: Stored, container: string, query: URLSearchParams): KubeletLogs {
  const tailLines = wholeNumber(query, 'tailLines');
  const limitBytes = wholeNumber(query, 'limitBytes');
  const sinceSeconds = wholeNumber(query, 'sinceSeconds');
  const sinceTime = query.get('sinceTime');
  return {
    podUid: pod.metadata.uid,
    container,
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime === null ? {} : { sinceTime }),
  };
}

/** GET pods/x/log. The answer is text/plain whatever was asked for; asking for text/plain alone is refused. */
export async function serveLog(exchange: ResourceExchange): Promise<void> {
  const { api, query, res } = exchange;
  representation(exchange, { also: 'text/plain' });
  const pod = theObject(exchange);
  checkTime(query.get('sinceTime'));
  const errors = optionErrors(query);
  if (errors.length > 0) throw invalid('PodLogOptions', '', pod.metadata.name, errors);
  const container = chooseContainer(pod, query.get('container'));
  const { nodeName } = podOf(pod).spec;
  if (nodeName === undefined) {
    res.writeHead(204).end();
    return;
  }
  const kubelet = api.kubelet(nodeName);
  if (kubelet === undefined) throw notFound({ group: '', resource: 'pods' }, nodeName);
  checkContainer(pod, container, flag(query, 'previous'));
  try {
    const stream = await kubelet.logs(kubeletQuery(pod, container, query));
    res.writeHead(200, { 'Content-Type': 'text/plain' });
    res.flushHeaders();
    // A client that goes ends the stream, and a stream that breaks ends the answer.
    await pipeline(stream, res).catch(() => res.destroy());
  } catch (error) {
    if (!(error instanceof KubeletError)) throw error;
    if (error.status === 400) throw badRequest(error.message);
    sendText(res, error.status, error.message);
  }
}
