import { isIP, isIPv6 } from 'node:net';
import { ExitCode } from '../../src/errors.js';
import { formatReference, type Reference } from '../../src/target/reference.js';
import type { HttpRequest, HttpResult } from '../../src/tools/http.js';
import type { Command } from '../command.js';
import { unlessStopped } from '../interrupt.js';
import type { Flags } from '../options/flags.js';
import type { Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { switchOf, type Words, wordOf, wordsOf } from '../options/words.js';
import { coloursFor } from '../print/colour.js';
import { sanitizeLine } from '../print/sanitize.js';
import { parseDestination, parseProbe, parseTimeout, probeFlags, probeIn, timeoutFlag } from '../probe.js';
import type { PodAddress, SessionContext } from '../context.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `http` was asked for. */
export interface HttpCommandRequest extends PodCommandRequest {
  readonly destination: Reference;
  readonly ask: Omit<HttpRequest, 'url'>;
}

const versions = ['1.1', '2', '2-prior-knowledge'] as const;

const flags: Flags = {
  host: {
    kind: 'text',
    placeholder: 'NAME',
    completes: 'none',
    describe: 'the Host header instead of that of the URL',
    group: 'Flags',
  },
  resolve: {
    kind: 'list',
    placeholder: 'HOST:PORT:ADDRESS',
    completes: 'none',
    describe: 'connect to ADDRESS for this host; may be given again',
    group: 'Flags',
  },
  'http-version': {
    kind: 'text',
    choices: versions,
    placeholder: 'VERSION',
    describe: versions.join(', '),
    group: 'Flags',
  },
  method: {
    kind: 'text',
    placeholder: 'METHOD',
    completes: { words: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] },
    describe: 'default GET',
    group: 'Flags',
  },
  header: {
    kind: 'list',
    placeholder: 'NAME:VALUE',
    completes: 'none',
    describe: 'sent too; may be given again',
    group: 'Flags',
  },
  follow: { kind: 'switch', describe: 'follow redirects, at most ten', group: 'Flags' },
  timeout: timeoutFlag('for everything together (default 10s)'),
};

/** `kubectl netdebug http POD URL`. */
export const httpCommand: Command = {
  name: 'http',
  usage: 'POD URL [FLAGS]',
  completes: { URL: 'destinations' },
  summary: 'ask a URL from a pod: status, headers, and where the time goes',
  about:
    'Asks a URL from the network of a pod and shows the status, the headers and how long each phase took: DNS, connect, TLS, first byte, body. Instead of a URL a pod, a Service or HOST:PORT may be named. The body is thrown away. The exit code is 1 when there is no answer, or one of 400 and above. It needs curl in the debug image; wget and bash tell less.',
  examples: [
    { about: 'A Service', words: 'http web-0 svc/api:80' },
    {
      about: 'An ingress, past the DNS outside',
      words: 'http web-0 https://shop.example.com/ --resolve shop.example.com:443:10.0.0.7',
    },
  ],
  flags: probeFlags(flags),
  prepare: (words, settings) => {
    const request = parseHttp(words, settings);
    return (environment) => inPod(request, environment, (context, at) => httpFrom(context, at, request));
  },
};

/** Words → request. Throws a usage error. */
export function parseHttp(words: Words, settings: Settings): HttpCommandRequest {
  const { request, others } = parseProbe(words, settings, ['URL']);
  const destination = parseDestination(others[0]);
  const host = wordOf(words, 'host');
  const method = (wordOf(words, 'method') ?? 'GET').toUpperCase();
  if (!/^[A-Z]{1,20}$/.test(method))
    throw usageError(`--method: ${JSON.stringify(method)} is no method`, words.command);
  if (host !== undefined && !/^[a-z0-9._:[\]-]{1,255}$/i.test(host))
    throw usageError(`--host: ${JSON.stringify(host)} is not a host`, words.command);
  const headers = wordsOf(words, 'header');
  const bad = headers.find((header) => !/^[!#$%&'*+.^_`|~\w-]+:[^\r\n\0]*$/.test(header));
  if (bad !== undefined)
    throw usageError(`--header: ${JSON.stringify(bad)} is no header`, words.command, 'expected NAME:VALUE');
  const resolve = wordsOf(words, 'resolve');
  const wrong = resolve.find((one) => {
    const [, address = ''] = /^[a-z0-9._*-]+:\d{1,5}:(.+)$/i.exec(one) ?? [];
    return isIP(address.replace(/^\[(.*)\]$/, '$1')) === 0;
  });
  if (wrong !== undefined)
    throw usageError(`--resolve: ${JSON.stringify(wrong)} is not HOST:PORT:ADDRESS`, words.command);
  const version = versions.find((one) => one === wordOf(words, 'http-version'));
  const timeoutMs = parseTimeout(words, 10_000);
  const ask = { method, headers, host, resolve, version, follow: switchOf(words, 'follow'), timeoutMs };
  return { ...request, destination, ask };
}

async function httpFrom(
  context: SessionContext,
  at: PodAddress,
  request: HttpCommandRequest,
): Promise<number> {
  const { environment, output } = context;
  const [{ http, curlArgv }, { httpEventText, httpText }] = await Promise.all([
    import('../../src/tools/http.js'),
    import('../print/http.js'),
  ]);
  const url = await unlessStopped(environment.signal, urlOf(context, at, request.destination));
  const asked = { ...request.ask, url };
  const colours = coloursFor('stdout', output.color, environment);
  return probeIn(context, at, {
    argv: () => curlArgv(asked),
    doing: `asking ${url}`,
    probe: (run, options, show) => {
      show(`${asked.method} ${sanitizeLine(url)}\n`);
      return http(run, asked, { ...options, onEvent: (event) => show(httpEventText(event, colours)) });
    },
    print: (result) => httpText(result, colours),
    exit: exitOf,
  });
}

function exitOf({ responses, failure }: HttpResult): ExitCode {
  const status = responses.at(-1)?.status;
  return failure === undefined && status !== undefined && status < 400 ? ExitCode.ok : ExitCode.found;
}

/** A URL as it is; a Service by its name in the cluster; anything else by its address. */
async function urlOf(
  { api, status }: SessionContext,
  at: PodAddress,
  destination: Reference,
): Promise<string> {
  if (destination.type === 'url') return destination.url;
  if (destination.type === 'object' && destination.kind === 'service') {
    const { serviceEndpoints } = await import('../../src/target/endpoints.js');
    const { port } = await serviceEndpoints(api, destination, at.namespace);
    const name = `${destination.name}.${destination.namespace ?? at.namespace}.svc`;
    return `${port === 443 ? 'https' : 'http'}://${name}:${port}/`;
  }
  const { resolveDestination } = await import('../../src/target/destination.js');
  const { host, port, choice } = await resolveDestination(api, destination, { namespace: at.namespace });
  if (choice !== undefined) status.note(choice);
  if (port === undefined) {
    const shown = formatReference(destination);
    throw usageError(`${shown} needs a port or a scheme, as in ${shown}:80 or http://${shown}/`, 'http');
  }
  return `${port === 443 ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${port}/`;
}
