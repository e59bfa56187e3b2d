import type { HttpEvent } from '../../src/tools/http-follow.js';
import type { HttpResult } from '../../src/tools/http.js';
import type { Colours } from './colour.js';
import { outcomeWords } from './connect.js';
import { sanitizeLine } from './sanitize.js';

const phaseNames = [
  ['dnsMs', 'DNS'],
  ['connectMs', 'connect'],
  ['tlsMs', 'TLS'],
  ['firstByteMs', 'first byte'],
  ['bodyMs', 'body'],
  ['totalMs', 'total'],
] as const;

const failedIn = {
  dns: 'looking up the name',
  connect: 'connecting',
  tls: 'shaking hands over TLS',
  firstByte: 'waiting for the answer',
  body: 'reading the body',
  unknown: 'asking',
} as const;

/** What a status often means where a proxy stands on the way; who answered cannot be told from here, so each is a possibility. */
const statusReadings: Readonly<Record<number, string>> = {
  404: 'if an ingress answered: no rule has this host and path, so its default backend did',
  502: 'if a proxy answered: the backend refused, or speaks TLS where HTTP is expected, or the other way round',
  503: 'if a proxy answered: the backend Service has no endpoint',
  504: 'if a proxy answered: the backend did not answer in time, or a policy drops what the proxy sends to it',
};

/** One step of a request as it is over: a connection, a handshake, a redirect or the answer with its headers. */
export function httpEventText(event: HttpEvent, colours: Colours): string {
  switch (event.kind) {
    case 'connected': {
      const { address, port } = event;
      if (address === undefined || port === undefined) return 'connected\n';
      const at = address.includes(':') ? `[${address}]` : address;
      return `connected to ${sanitizeLine(address === '' ? `port ${port}` : `${at}:${port}`)}\n`;
    }
    case 'tls':
      return `${sanitizeLine(event.protocol)} agreed upon\n`;
    case 'response': {
      const { version, status, reason, headers } = event.response;
      const colour = status < 300 ? colours.good : status < 400 ? colours.warning : colours.bad;
      const lines = [colour(sanitizeLine(`HTTP/${version} ${status} ${reason}`.trimEnd()))];
      lines.push(...headers.map(({ name, value }) => sanitizeLine(`  ${name}: ${value}`)));
      return `${lines.join('\n')}\n`;
    }
  }
}

/** The end of `http`, behind the steps: how long each phase took, or where it ended. */
export function httpText(result: HttpResult, colours: Colours): string {
  const { responses, failure, phases, bodyBytes, certificateVerified } = result;
  const lines: string[] = [];
  if (bodyBytes !== undefined) lines.push(`${bodyBytes} bytes of body`);
  const known = phaseNames.flatMap(([key, name]) => {
    const ms = phases[key];
    return ms === undefined ? [] : [`${name} ${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`];
  });
  if (known.length > 0) lines.push(known.join(' · '));
  if (certificateVerified === false)
    lines.push("the container's authorities do not vouch for the certificate");
  if (failure !== undefined) {
    const why = failure.errno ?? failure.text;
    lines.push(
      colours.bad(sanitizeLine(`${outcomeWords[failure.outcome]} while ${failedIn[failure.phase]}: ${why}`)),
    );
  }
  const reading = statusReadings[responses.at(-1)?.status ?? 0];
  if (reading !== undefined) lines.push(colours.warning(reading));
  lines.push(colours.faint(`asked by ${result.via}`));
  return `${lines.join('\n')}\n`;
}
