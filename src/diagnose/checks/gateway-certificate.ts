import { nearNames } from '../../target/near.js';
import { kubectl } from '../command.js';
import type { Evidence, Fix } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { granted } from '../outside/attach.js';
import { Tri } from '../policy/tri.js';
import { itemsOf } from '../reading.js';
import type { Gateway, GatewayListener } from '../snapshot/types-outside.js';
import { grantFix } from './gateway-grant.js';
import { pathOf } from './gateway-say.js';

/** What is wrong with one listener. */
export interface Trouble {
  readonly field: string;
  readonly value: string;
  readonly text: string;
  readonly proven: boolean;
  readonly evidence: readonly Evidence[];
  readonly fix: Fix;
  /** It is told, and it may work all the same. */
  readonly open?: boolean;
  /** It closes the listener to nobody who fits. */
  readonly beside?: boolean;
  readonly touches?: readonly string[];
}

/** A certificate that is not there, or that may not be named from the namespace of the Gateway. */
export function certificateOf(
  facts: Facts,
  gateway: Gateway,
  listener: GatewayListener,
  index: number,
): Trouble | undefined {
  const { read, outside } = facts;
  const home = gateway.metadata.namespace ?? '';
  if (outside?.whole !== true || listener.tls?.mode === 'Passthrough') return undefined;
  const refs = (listener.tls?.certificateRefs ?? []).map((ref, at) => ({ ...ref, at }));
  for (const { name, namespace, kind, group, at } of refs) {
    // Other kinds only the controller knows.
    if ((kind ?? 'Secret') !== 'Secret' || (group ?? '') !== '') continue;
    const place = namespace ?? home;
    const field = `spec.listeners[${index}].tls.certificateRefs[${at}]`;
    const from = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: home };
    const to = { group: '', kind: 'Secret', namespace: place, name };
    if (granted(read, from, to) === Tri.no)
      return {
        field,
        value: `${place}/${name}`,
        text: `may not name the certificate ${place}/${name}: no ReferenceGrant of namespace ${place} lets Gateways of ${home} name Secrets there`,
        proven: false,
        evidence: [
          fromApi(`gateway ${pathOf(gateway)}`, `${field}: ${place}/${name}`),
          fromApi(`referencegrants of namespace ${place}`, 'none permits it'),
        ],
        fix: grantFix(from, to),
      };
    const reading = read('secrets', place, name);
    const secret = itemsOf(reading).find(({ metadata }) => metadata.name === name);
    if (reading.state !== 'there') continue;
    const [near] = nearNames(
      name,
      itemsOf(read('secrets', place)).map(({ metadata }) => metadata.name),
    );
    const lacking = ['tls.crt', 'tls.key'].filter((key) => secret?.keys?.includes(key) === false);
    if (secret !== undefined && lacking.length === 0) continue;
    return {
      field,
      value: `${place}/${name}`,
      text:
        secret === undefined
          ? `names the certificate ${place}/${name}, which does not exist`
          : `names the Secret ${place}/${name}, which lacks ${lacking.join(' and ')}`,
      proven: false,
      evidence: [
        fromApi(`gateway ${pathOf(gateway)}`, `${field}: ${place}/${name}`),
        fromApi(
          `secret ${place}/${name}`,
          secret === undefined
            ? 'there is none of this name'
            : `keys: ${(secret.keys ?? []).join(', ') || 'none'}`,
        ),
      ],
      fix: {
        text: near === undefined ? 'make a Secret of the certificate and its key' : `did you mean ${near}?`,
        commands: [kubectl(place, 'create', 'secret', 'tls', name, '--cert=tls.crt', '--key=tls.key')],
      },
    };
  }
  return undefined;
}
