import { checkStream } from './pods/streams.js';
import { serveLog } from './pods/logs.js';
import { answerReview, answerTokenRequest } from './reviews.js';
import { createObject } from './rest/create.js';
import type { Exchange, ResourceExchange } from './rest/exchange.js';
import { getObject, listObjects } from './rest/read.js';
import { deleteCollection, deleteObject } from './rest/remove.js';
import { serveScale } from './rest/scale.js';
import { patchObject, replaceObject } from './rest/update.js';
import { watchObjects } from './rest/watch.js';
import { sendJson, sendText } from './rest/respond.js';
import { hasGroupVersion, resourceType } from './resources.js';
import { methodNotAllowed, unknownResource } from './status.js';
import {
  aggregatedDiscovery,
  apiGroupList,
  apiGroupOf,
  apiResourceList,
  apiVersions,
  version,
} from './discovery.js';
import { negotiate } from './negotiate.js';
import { openApiDocument, openApiIndex } from './openapi.js';

const notFoundText = '404 page not found\n';

/** The resource of an exchange. undefined: answered already, its group is not served. Throws 404. */
export function resolve(exchange: Exchange): ResourceExchange | undefined {
  const wanted = exchange.info.resource;
  if (wanted === undefined) return undefined;
  const type = resourceType(wanted.group, wanted.version, wanted.resource);
  if (type === undefined) {
    if (hasGroupVersion(wanted.group, wanted.version)) throw unknownResource();
    sendText(exchange.res, 404, notFoundText);
    return undefined;
  }
  // Namespaced objects are named and written in their namespace; only lists and watches go over all of them.
  if (type.namespaced && wanted.namespace === undefined && !wanted.collection) throw unknownResource();
  if (!type.namespaced && type.resource !== 'namespaces' && wanted.namespace !== undefined)
    throw unknownResource();
  return { ...exchange, wanted, type };
}

async function routeSubresource(exchange: ResourceExchange): Promise<void> {
  const { wanted, type, info } = exchange;
  if (type.resource === 'serviceaccounts' && wanted.subresource === 'token') {
    answerTokenRequest(exchange);
    return;
  }
  const sub = type.subresources.find((item) => item.name === wanted.subresource);
  if (sub === undefined) throw unknownResource();
  if (!sub.verbs.includes(info.verb)) throw methodNotAllowed();
  switch (sub.name) {
    case 'log':
      return serveLog(exchange);
    case 'scale':
      return serveScale(exchange);
    case 'exec':
    case 'attach':
    case 'portforward':
      // Without an upgrade there is nothing to hand over: this throws.
      checkStream(exchange, exchange.req.socket, Buffer.alloc(0));
      return;
    default:
      if (info.verb === 'get') {
        getObject(exchange);
        return;
      }
      return info.verb === 'patch' ? patchObject(exchange) : replaceObject(exchange);
  }
}

/** Serves a request for a resource. Throws what is to be answered as a Status. */
export async function routeResource(exchange: ResourceExchange): Promise<void> {
  const { wanted, type, info } = exchange;
  if (wanted.subresource !== '') return routeSubresource(exchange);
  const collectionVerbs = ['create', 'list', 'watch', 'deletecollection'];
  if (!type.verbs.includes(info.verb) || collectionVerbs.includes(info.verb) !== wanted.collection)
    throw methodNotAllowed();
  const overAll = type.namespaced && wanted.namespace === undefined;
  if (overAll && info.verb !== 'list' && info.verb !== 'watch') throw methodNotAllowed();
  if (type.review) return answerReview(exchange);
  switch (info.verb) {
    case 'get': {
      getObject(exchange);
      return;
    }
    case 'list':
      return listObjects(exchange);
    case 'watch':
      return watchObjects(exchange);
    case 'create':
      return createObject(exchange);
    case 'update':
      return replaceObject(exchange);
    case 'patch':
      return patchObject(exchange);
    case 'delete':
      return deleteObject(exchange);
    default:
      return deleteCollection(exchange);
  }
}

function routeDiscovery(exchange: Exchange, core: boolean, address: string): void {
  const { as, version: wanted } = negotiate(exchange.req.headers.accept);
  if (as === 'APIGroupDiscoveryList') {
    const v = wanted ?? 'v2';
    const type = `application/json;g=apidiscovery.k8s.io;v=${v};as=APIGroupDiscoveryList`;
    sendJson(exchange.res, 200, aggregatedDiscovery(core, v), 'json', type);
    return;
  }
  sendJson(exchange.res, 200, core ? apiVersions(address) : apiGroupList());
}

/** Serves a path that names no resource. */
export function routePath(exchange: Exchange, address: string): void {
  const { res, url } = exchange;
  const path = url.pathname.replace(/(?<=.)\/$/, '');
  const [, first, group = '', groupVersion = ''] = path.split('/');
  if (['/readyz', '/livez', '/healthz'].includes(path)) {
    sendText(res, 200, 'ok');
    return;
  }
  if (path === '/version') {
    sendJson(res, 200, version);
    return;
  }
  if (path === '/api' || path === '/apis') {
    routeDiscovery(exchange, path === '/api', address);
    return;
  }
  if (path === '/api/v1') {
    sendJson(res, 200, apiResourceList('', 'v1'));
    return;
  }
  if (path === '/openapi/v3') {
    sendJson(res, 200, openApiIndex());
    return;
  }
  if (first === 'apis' && group !== '' && groupVersion === '') {
    const found = apiGroupOf(group);
    if (found !== undefined) {
      sendJson(res, 200, found);
      return;
    }
  }
  if (first === 'apis' && hasGroupVersion(group, groupVersion)) {
    sendJson(res, 200, apiResourceList(group, groupVersion));
    return;
  }
  const document = path.startsWith('/openapi/v3/')
    ? openApiDocument(path.slice('/openapi/v3/'.length))
    : undefined;
  if (document !== undefined) {
    sendJson(res, 200, document);
    return;
  }
  sendText(res, 404, notFoundText);
}
