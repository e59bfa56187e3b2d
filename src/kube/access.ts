import type { KubeApi, ReadOptions } from './api.js';
import { resourcePath } from './paths.js';
import { cleanText } from './text.js';

/** authorization.k8s.io/v1 ResourceAttributes: what is to be done with what. */
export interface ResourceAttributes {
  readonly verb: string;
  readonly group?: string | undefined;
  readonly resource: string;
  readonly subresource?: string | undefined;
  /** Absent: all namespaces, or a resource without one. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** The answer of an access review. */
export interface Access {
  readonly allowed: boolean;
  /** The authorizer's words; a refusal mostly has none. */
  readonly reason: string | undefined;
}

interface ReviewStatus {
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean; readonly reason?: string };
}

/** Asks the API server whether we may do this (SelfSubjectAccessReview; every authenticated user may ask). Changes nothing, so it is retried. */
export async function selfSubjectAccessReview(
  api: Pick<KubeApi, 'send'>,
  attributes: ResourceAttributes,
  options: ReadOptions = {},
): Promise<Access> {
  const path = resourcePath({ group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' });
  const { object } = await api.send<ReviewStatus>('POST', path, {
    ...options,
    retry: true,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { ...attributes, group: attributes.group ?? '' } },
    },
  });
  const reason = cleanText(object.status?.reason ?? '', 300);
  return { allowed: object.status?.allowed === true && !object.status.denied, reason: reason || undefined };
}
