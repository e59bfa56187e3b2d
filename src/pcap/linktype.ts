/** Link types by number. Source: the tcpdump group's list of LINKTYPE_ values. */
const names: ReadonlyMap<number, readonly [name: string, description: string]> = new Map([
  [0, ['NULL', 'BSD loopback']],
  [1, ['EN10MB', 'Ethernet']],
  [12, ['RAW', 'Raw IP']],
  [101, ['RAW', 'Raw IP']],
  [105, ['IEEE802_11', '802.11']],
  [108, ['LOOP', 'OpenBSD loopback']],
  [113, ['LINUX_SLL', 'Linux cooked v1']],
  [127, ['IEEE802_11_RADIO', '802.11 plus radiotap header']],
  [228, ['IPV4', 'Raw IPv4']],
  [229, ['IPV6', 'Raw IPv6']],
  [239, ['NFLOG', 'Linux netfilter log messages']],
  [252, ['WIRESHARK_UPPER_PDU', 'Wireshark Upper PDU export']],
  [253, ['NETLINK', 'Linux netlink']],
  [276, ['LINUX_SLL2', 'Linux cooked v2']],
]);

/** Name and description as tcpdump prints them, e.g. `EN10MB (Ethernet)`; `LINKTYPE 999` when not in the list. */
export function linktypeName(linktype: number): string {
  const known = names.get(linktype);
  return known === undefined ? `LINKTYPE ${linktype}` : `${known[0]} (${known[1]})`;
}
