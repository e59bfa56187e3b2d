import type { LinkCounters } from '../../src/tools/interfaces-types.js';
import type { InterfacesResult } from '../../src/tools/interfaces.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';
import { table } from './table.js';

/** The result of `interfaces`: a table each for interfaces, routes and neighbours, and resolv.conf. */
export function interfacesText(result: InterfacesResult, colours: Colours): string {
  const { links, routes, neighbours, resolvConf } = result;
  const amount = (counters: LinkCounters | undefined): string[] =>
    counters === undefined ? ['', ''] : [bytes(counters.bytes), `${counters.errors}/${counters.dropped}`];
  const linkRows = links.map(({ name, state, mtu, addresses, received, sent }) => [
    name,
    state,
    mtu === undefined ? undefined : String(mtu),
    addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(' '),
    ...amount(received),
    ...amount(sent),
  ]);
  const headings = ['INTERFACE', 'STATE', 'MTU', 'ADDRESSES', 'RX', 'ERR/DROP', 'TX', 'ERR/DROP'];
  const parts = [table(headings, linkRows)];
  const routeRows = routes.map(({ type, destination, gateway, device, source, metric }) => [
    type === undefined ? destination : `${type} ${destination}`,
    gateway,
    device,
    source,
    metric === undefined ? undefined : String(metric),
  ]);
  parts.push(table(['ROUTE', 'VIA', 'DEVICE', 'SOURCE', 'METRIC'], routeRows));
  if (neighbours.length > 0)
    parts.push(
      table(
        ['NEIGHBOUR', 'DEVICE', 'MAC', 'STATE'],
        neighbours.map(({ address, device, mac, state }) => [address, device, mac, state]),
      ),
    );
  const { nameservers, search, ndots, options } = resolvConf;
  const conf = [
    `nameservers: ${nameservers.join(', ') || 'none'}`,
    `search: ${search.join(', ') || 'none'}; ndots ${ndots}${options.length === 0 ? '' : `; options: ${options.join(' ')}`}`,
  ];
  parts.push(`${conf.map(sanitizeLine).join('\n')}\n`);
  const bad = links.filter(
    ({ received, sent }) =>
      (received?.errors ?? 0) + (sent?.errors ?? 0) + (received?.dropped ?? 0) + (sent?.dropped ?? 0) > 0,
  );
  const remarks = bad.map(({ name }) => colours.warning(sanitizeLine(`${name} has counted errors or drops`)));
  if (!routes.some(({ destination }) => destination === 'default'))
    remarks.push(colours.warning('there is no default route'));
  return `${parts.join('\n')}${remarks.map((one) => `${one}\n`).join('')}${colours.faint(`read by ${result.via}`)}\n`;
}

function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = count;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  return `${at === 0 ? value : value.toFixed(1)} ${units[at] ?? ''}`;
}
