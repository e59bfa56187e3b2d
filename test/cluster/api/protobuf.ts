import { isObject, type JsonObject } from './json.js';
import { badRequest } from './status.js';

/**
 * Reads the protobuf bodies that kubectl's typed clients send: reviews, namespaces, pods and a few more.
 * Field numbers are those of the generated.proto files of k8s.io/api and k8s.io/apimachinery.
 */

type Kind = 'string' | 'int' | 'bool' | 'bytes' | 'time' | 'strings' | Message;
type FieldOf = readonly [name: string, kind: Kind, repeated?: 'list' | 'map' | 'inline'];
interface Message extends Readonly<Record<number, FieldOf>> {
  readonly 0?: never;
}

const objectMeta: Message = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  11: ['labels', 'string', 'map'],
  12: ['annotations', 'string', 'map'],
  14: ['finalizers', 'string', 'list'],
};

const port: Message = {
  1: ['name', 'string'],
  2: ['hostPort', 'int'],
  3: ['containerPort', 'int'],
  4: ['protocol', 'string'],
};
const env: Message = { 1: ['name', 'string'], 2: ['value', 'string'] };
const mount: Message = {
  1: ['name', 'string'],
  2: ['readOnly', 'bool'],
  3: ['mountPath', 'string'],
  4: ['subPath', 'string'],
};
const seccomp: Message = { 1: ['type', 'string'], 2: ['localhostProfile', 'string'] };
const securityContext: Message = {
  1: ['capabilities', { 1: ['add', 'string', 'list'], 2: ['drop', 'string', 'list'] }],
  2: ['privileged', 'bool'],
  4: ['runAsUser', 'int'],
  5: ['runAsNonRoot', 'bool'],
  6: ['readOnlyRootFilesystem', 'bool'],
  7: ['allowPrivilegeEscalation', 'bool'],
  8: ['runAsGroup', 'int'],
  9: ['procMount', 'string'],
  11: ['seccompProfile', seccomp],
};
const container: Message = {
  1: ['name', 'string'],
  2: ['image', 'string'],
  3: ['command', 'string', 'list'],
  4: ['args', 'string', 'list'],
  5: ['workingDir', 'string'],
  6: ['ports', port, 'list'],
  7: ['env', env, 'list'],
  9: ['volumeMounts', mount, 'list'],
  13: ['terminationMessagePath', 'string'],
  14: ['imagePullPolicy', 'string'],
  15: ['securityContext', securityContext],
  16: ['stdin', 'bool'],
  17: ['stdinOnce', 'bool'],
  18: ['tty', 'bool'],
  20: ['terminationMessagePolicy', 'string'],
};
const volume: Message = {
  1: ['name', 'string'],
  2: [
    '',
    { 1: ['hostPath', { 1: ['path', 'string'], 2: ['type', 'string'] }], 2: ['emptyDir', {}] },
    'inline',
  ],
};
const toleration: Message = {
  1: ['key', 'string'],
  2: ['operator', 'string'],
  3: ['value', 'string'],
  4: ['effect', 'string'],
  5: ['tolerationSeconds', 'int'],
};
const podSpec: Message = {
  1: ['volumes', volume, 'list'],
  2: ['containers', container, 'list'],
  3: ['restartPolicy', 'string'],
  4: ['terminationGracePeriodSeconds', 'int'],
  5: ['activeDeadlineSeconds', 'int'],
  6: ['dnsPolicy', 'string'],
  7: ['nodeSelector', 'string', 'map'],
  8: ['serviceAccountName', 'string'],
  10: ['nodeName', 'string'],
  11: ['hostNetwork', 'bool'],
  12: ['hostPID', 'bool'],
  13: ['hostIPC', 'bool'],
  16: ['hostname', 'string'],
  20: ['initContainers', container, 'list'],
  21: ['automountServiceAccountToken', 'bool'],
  22: ['tolerations', toleration, 'list'],
  27: ['shareProcessNamespace', 'bool'],
};

const rule: Message = {
  1: ['verbs', 'string', 'list'],
  2: ['apiGroups', 'string', 'list'],
  3: ['resources', 'string', 'list'],
  4: ['resourceNames', 'string', 'list'],
  5: ['nonResourceURLs', 'string', 'list'],
};
const subject: Message = {
  1: ['kind', 'string'],
  2: ['apiGroup', 'string'],
  3: ['name', 'string'],
  4: ['namespace', 'string'],
};
const roleRef: Message = { 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] };
const binding: Message = {
  1: ['metadata', objectMeta],
  2: ['subjects', subject, 'list'],
  3: ['roleRef', roleRef],
};
const role: Message = { 1: ['metadata', objectMeta], 2: ['rules', rule, 'list'] };

const resourceAttributes: Message = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
};
const nonResourceAttributes: Message = { 1: ['path', 'string'], 2: ['verb', 'string'] };
const selfAccess: Message = {
  1: ['resourceAttributes', resourceAttributes],
  2: ['nonResourceAttributes', nonResourceAttributes],
};
const access: Message = { ...selfAccess, 3: ['user', 'string'], 4: ['groups', 'string', 'list'] };

const kinds: Readonly<Record<string, Message>> = {
  ClusterRole: role,
  ClusterRoleBinding: binding,
  ConfigMap: { 1: ['metadata', objectMeta], 2: ['data', 'string', 'map'], 3: ['binaryData', 'bytes', 'map'] },
  DeleteOptions: {
    1: ['gracePeriodSeconds', 'int'],
    2: ['preconditions', { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] }],
    4: ['propagationPolicy', 'string'],
    5: ['dryRun', 'string', 'list'],
  },
  LocalSubjectAccessReview: { 1: ['metadata', objectMeta], 2: ['spec', access] },
  Namespace: { 1: ['metadata', objectMeta] },
  Pod: { 1: ['metadata', objectMeta], 2: ['spec', podSpec] },
  Role: role,
  RoleBinding: binding,
  Secret: {
    1: ['metadata', objectMeta],
    2: ['data', 'bytes', 'map'],
    3: ['type', 'string'],
    4: ['stringData', 'string', 'map'],
  },
  SelfSubjectAccessReview: { 1: ['metadata', objectMeta], 2: ['spec', selfAccess] },
  SelfSubjectReview: { 1: ['metadata', objectMeta] },
  SelfSubjectRulesReview: { 1: ['metadata', objectMeta], 2: ['spec', { 1: ['namespace', 'string'] }] },
  ServiceAccount: { 1: ['metadata', objectMeta] },
  SubjectAccessReview: { 1: ['metadata', objectMeta], 2: ['spec', access] },
  TokenRequest: { 1: ['metadata', objectMeta] },
};

interface Field {
  readonly number: number;
  /** A number, or the bytes of a length-delimited field. */
  readonly value: bigint | Buffer;
}

function* fieldsOf(bytes: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) throw badRequest('unexpected EOF');
      at += 1;
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    throw badRequest('proto: integer overflow');
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    const wire = tag & 7;
    if (wire === 0) {
      yield { number, value: BigInt.asIntN(64, varint()) };
      continue;
    }
    const length = wire === 2 ? Number(varint()) : wire === 1 ? 8 : 4;
    if (at + length > bytes.length) throw badRequest('unexpected EOF');
    yield { number, value: bytes.subarray(at, at + length) };
    at += length;
  }
}

function valueOf(value: bigint | Buffer, kind: Kind): unknown {
  if (typeof value === 'bigint') return kind === 'bool' ? value !== 0n : Number(value);
  if (kind === 'bytes') return value.toString('base64');
  return typeof kind === 'object' ? messageOf(value, kind) : value.toString();
}

function entryOf(bytes: Buffer, kind: Kind): [string, unknown] {
  const found = [...fieldsOf(bytes)];
  const key = found.find((item) => item.number === 1)?.value;
  const value = found.find((item) => item.number === 2)?.value ?? Buffer.alloc(0);
  return [Buffer.isBuffer(key) ? key.toString() : '', valueOf(value, kind)];
}

function messageOf(bytes: Buffer, message: Message): JsonObject {
  const result: JsonObject = {};
  for (const { number, value } of fieldsOf(bytes)) {
    const [name, kind, repeated] = message[number] ?? [undefined, 'string' as const];
    if (name === undefined) continue;
    if (repeated === 'list') {
      const list = Array.isArray(result[name]) ? (result[name] as unknown[]) : [];
      result[name] = [...list, valueOf(value, kind)];
    } else if (repeated === 'map' && Buffer.isBuffer(value)) {
      const [key, item] = entryOf(value, kind);
      result[name] = { ...(isObject(result[name]) ? result[name] : {}), [key]: item };
    } else if (repeated === 'inline') {
      Object.assign(result, valueOf(value, kind));
    } else {
      result[name] = valueOf(value, kind);
    }
  }
  return result;
}

/** The Go encoder writes every plain string, empty or not; empty ones mean absent. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value))
    return (value as unknown[]).map((item) => (isObject(item) ? withoutEmpty(item) : item));
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== '');
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutEmpty(item)]));
}

const envelope: Message = {
  1: ['type', { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] }],
  2: ['raw', 'bytes'],
};

/** The object in a `application/vnd.kubernetes.protobuf` body; undefined when its kind is not known here. Throws 400. */
export function decodeProtobuf(body: Buffer): JsonObject | undefined {
  if (body.subarray(0, 4).toString('latin1') !== 'k8s\u0000')
    throw badRequest(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  const outer = messageOf(body.subarray(4), envelope);
  const type = isObject(outer.type) ? outer.type : {};
  const message = kinds[String(type.kind)];
  if (message === undefined) return undefined;
  const inner = withoutEmpty(
    messageOf(Buffer.from(typeof outer.raw === 'string' ? outer.raw : '', 'base64'), message),
  );
  return { ...type, ...(isObject(inner) ? inner : {}) };
}
