import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { authorize } from '../rbac.js';
import type { ResourceExchange } from '../rest/exchange.js';
import { theObject } from '../rest/read.js';
import { flag } from '../request.js';
import { badRequest, forbidden, notFound, StatusError } from '../status.js';
import type { StreamRequest } from '../types.js';
import { chooseContainer, containerStatus } from './container.js';
import { podOf } from './types.js';

/** An answer of the kubelet before the upgrade: text/plain, not a Status. */
export class PlainError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

function isStreaming(name: string): name is StreamRequest['subresource'] {
  return name === 'exec' || name === 'attach' || name === 'portforward';
}

/** A websocket upgrade is a GET; it needs the right to create as well, and its refusal gives no reason (access.json). */
function checkCreate(exchange: ResourceExchange): void {
  const { api, who, wanted, type, req } = exchange;
  if (req.method !== 'GET' || req.headers.upgrade?.toLowerCase() !== 'websocket') return;
  const resource = `${wanted.resource}/${wanted.subresource}`;
  const attributes = { verb: 'create', group: '', resource, namespace: wanted.namespace, name: wanted.name };
  if (!authorize(api.store, who, attributes).allowed) throw forbidden(type, wanted.name, '');
}

function checkStreams(query: URLSearchParams): void {
  const any = ['stdin', 'stdout', 'stderr'].some((name) => flag(query, name));
  if (!any) throw new PlainError(400, 'you must specify at least 1 of stdin, stdout, stderr');
}

/**
 * The checks of exec, attach and portforward that come before an upgrade, in the order of the real server.
 * Throws a StatusError or a {@link PlainError}.
 */
export function checkStream(exchange: ResourceExchange, socket: Duplex, head: Buffer): StreamRequest {
  const { api, query, wanted, req } = exchange;
  if (!isStreaming(wanted.subresource))
    throw new StatusError({ code: 400, reason: 'BadRequest', message: 'no such stream' });
  checkCreate(exchange);
  const pod = theObject(exchange);
  const portforward = wanted.subresource === 'portforward';
  const container = portforward ? '' : chooseContainer(pod, query.get('container'));
  const { nodeName } = podOf(pod).spec;
  if (nodeName === undefined) throw badRequest(`pod ${wanted.name} does not have a host assigned`);
  const kubelet = api.kubelet(nodeName);
  if (kubelet === undefined) throw notFound({ group: '', resource: 'pods' }, nodeName);
  if (!isUpgrade(req)) throw badRequest('Upgrade request required');
  if (!portforward) {
    checkStreams(query);
    if (containerStatus(pod, container)?.state?.running === undefined) {
      throw new PlainError(
        500,
        wanted.subresource === 'attach'
          ? `container ${container} not found in pod ${pod.metadata.name}_${pod.metadata.namespace ?? ''}`
          : `container not found ("${container}")`,
      );
    }
  }
  return { req, socket, head, pod, container, subresource: wanted.subresource, query, kubelet };
}

function isUpgrade(req: IncomingMessage): boolean {
  return req.headers.upgrade !== undefined && /(^|,)\s*upgrade\s*(,|$)/i.test(req.headers.connection ?? '');
}
