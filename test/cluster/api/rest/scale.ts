import type { Stored } from '../../types.js';
import { at, numberOf, objectOf, stringsOf, type JsonObject } from '../json.js';
import { applyPatch, readPatch } from '../patch/patch.js';
import { mediaType, readBody } from '../request.js';
import type { ResourceExchange } from './exchange.js';
import { theObject } from './read.js';
import { sendJson } from './respond.js';

function scaleOf(object: Stored): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = stringsOf(at(object, 'spec', 'selector', 'matchLabels'));
  const selector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberOf(at(object, 'spec', 'replicas')) ?? 0 },
    status: { replicas: numberOf(at(object, 'status', 'replicas')) ?? 0, selector },
  };
}

/** GET, PUT and PATCH of scale: the number of replicas alone, as kubectl scale sets it. */
export async function serveScale(exchange: ResourceExchange): Promise<void> {
  const { api, type, wanted, req, res, query } = exchange;
  const object = theObject(exchange);
  if (req.method === 'GET') {
    sendJson(res, 200, scaleOf(object));
    return;
  }
  const text = (await readBody(req)).toString();
  const proposed =
    req.method === 'PUT'
      ? objectOf(JSON.parse(text))
      : applyPatch(scaleOf(object), readPatch(mediaType(req), text, query.get('fieldManager')));
  const replicas = numberOf(at(proposed, 'spec', 'replicas')) ?? 0;
  const stored =
    query.get('dryRun') === 'All'
      ? object
      : api.store.update(type.key, wanted.namespace, wanted.name, (copy) => {
          objectOf(copy.spec).replicas = replicas;
          copy.metadata.generation = (copy.metadata.generation ?? 0) + 1;
        });
  sendJson(res, 200, scaleOf(stored ?? object));
}
