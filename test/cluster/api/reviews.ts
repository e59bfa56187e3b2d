import { objectOf, textOf, type JsonObject } from './json.js';
import { authorize, rulesFor, type Attributes } from './rbac.js';
import { groupVersion } from './resources.js';
import { field, invalid } from './status.js';
import { timestamp } from './store.js';
import type { Identity } from './types.js';
import { readObject } from './rest/body.js';
import type { ResourceExchange } from './rest/exchange.js';
import { sendJson } from './rest/respond.js';

/** Drops what Go's omitempty drops. */
function withoutEmpty(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== '' && value !== undefined && value !== null),
  );
}

function attributes(spec: JsonObject): Attributes {
  const wanted = objectOf(spec.resourceAttributes);
  const other = objectOf(spec.nonResourceAttributes);
  if ((spec.resourceAttributes === undefined) === (spec.nonResourceAttributes === undefined)) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw invalid('', 'authorization.k8s.io', '', [
      field.invalid('spec.resourceAttributes', spec.resourceAttributes ?? null, why),
    ]);
  }
  if (spec.nonResourceAttributes !== undefined)
    return { verb: textOf(other.verb) ?? '', path: textOf(other.path) ?? '' };
  const resource = textOf(wanted.resource) ?? '';
  const subresource = textOf(wanted.subresource) ?? '';
  const namespace = textOf(wanted.namespace) ?? '';
  return {
    verb: textOf(wanted.verb) ?? '',
    group: textOf(wanted.group) ?? '',
    resource: subresource === '' ? resource : `${resource}/${subresource}`,
    namespace: namespace === '' ? undefined : namespace,
    name: textOf(wanted.name) ?? '',
  };
}

function cleanedSpec(spec: JsonObject): JsonObject {
  const result = withoutEmpty(spec);
  for (const name of ['resourceAttributes', 'nonResourceAttributes']) {
    if (result[name] !== undefined) result[name] = withoutEmpty(objectOf(result[name]));
  }
  return result;
}

function accessReview(exchange: ResourceExchange, spec: JsonObject, who: Identity): JsonObject {
  const { allowed, reason } = authorize(exchange.api.store, who, attributes(spec));
  return { spec: cleanedSpec(spec), status: { allowed, ...(reason === '' ? {} : { reason }) } };
}

function named(spec: JsonObject): Identity {
  const groups = Array.isArray(spec.groups) ? spec.groups.map(String) : [];
  return { username: textOf(spec.user) ?? '', groups };
}

function rulesReview(exchange: ResourceExchange, spec: JsonObject): JsonObject {
  const rules = rulesFor(exchange.api.store, exchange.who, textOf(spec.namespace) ?? '');
  const status = {
    resourceRules: rules.filter((rule) => rule.resources !== undefined),
    nonResourceRules: rules.filter((rule) => rule.nonResourceURLs !== undefined),
    incomplete: false,
  };
  return { spec: {}, status };
}

function selfReview({ who, api }: ResourceExchange): JsonObject {
  const userInfo = withoutEmpty({
    username: who.username,
    uid: who.uid,
    groups: who.groups,
    extra: who.extra,
  });
  return { metadata: { creationTimestamp: timestamp(api.store.now()) }, status: { userInfo } };
}

/** POST of a review: who am I, may I, what may I. Answered 201, stored nowhere. */
export async function answerReview(exchange: ResourceExchange): Promise<void> {
  const { type, who, res } = exchange;
  const body = await readObject(exchange);
  const spec = objectOf(body.spec);
  const answer = (): JsonObject => {
    switch (type.resource) {
      case 'selfsubjectreviews':
        return selfReview(exchange);
      case 'selfsubjectrulesreviews':
        return rulesReview(exchange, spec);
      case 'selfsubjectaccessreviews':
        return accessReview(exchange, spec, who);
      default:
        return accessReview(exchange, spec, named(spec));
    }
  };
  sendJson(res, 201, { kind: type.kind, apiVersion: groupVersion(type), metadata: {}, ...answer() });
}

/** The service account of a token request, and the token: POST serviceaccounts/x/token. */
export function answerTokenRequest(exchange: ResourceExchange): void {
  const { api, wanted, res } = exchange;
  const namespace = wanted.namespace ?? '';
  const username = `system:serviceaccount:${namespace}:${wanted.name}`;
  const token = api.issueToken({
    username,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
  });
  const spec = { audiences: ['https://kubernetes.default.svc.cluster.local'], expirationSeconds: 3600 };
  const status = { token, expirationTimestamp: timestamp(api.store.now() + 3_600_000) };
  sendJson(res, 201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: wanted.name, namespace },
    spec,
    status,
  });
}
