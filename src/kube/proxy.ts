import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { ProxyError } from './connection-error.js';
import { configError } from './kubeconfig.js';
import { systemRoots } from './trust.js';

/** Idle connections are closed after this long, before load balancers cut them silently. */
const IDLE_MS = 30_000;

/**
 * Which proxy leads to `url`: proxy-url of the kubeconfig, else the environment as Go's httpproxy.FromEnvironment reads it
 * (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, upper case first; localhost never goes through a proxy of the environment).
 */
export function chooseProxy(
  url: URL,
  proxyUrl: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): URL | undefined {
  if (proxyUrl !== undefined) return parseProxy(proxyUrl, 'proxy-url of the kubeconfig');
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const value = env[name] || env[name.toLowerCase()];
  if (!value) return undefined;
  const host = hostOf(url);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (isLoopback(host) || isExcepted(host, port, env.NO_PROXY || env.no_proxy || '')) return undefined;
  return parseProxy(value, name);
}

/** A keep-alive agent for the API server, through the proxy if there is one. The proxy packages are loaded only then. */
export async function makeAgent(
  url: URL,
  proxy: URL | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<http.Agent> {
  const options = { keepAlive: true, timeout: IDLE_MS };
  if (proxy?.protocol.startsWith('socks')) return (await import('./socks.js')).socksAgent(proxy, options);
  if (proxy) {
    const { HttpProxyAgent, HttpsProxyAgent } = await import('hpagent');
    // The proxy's own certificate has nothing to do with the cluster's authority.
    const ca = proxy.protocol === 'https:' ? await systemRoots(env) : undefined;
    const through = { ...options, proxy: proxy.href, ...(ca && { proxyRequestOptions: { ca } }) };
    const agent = url.protocol === 'https:' ? new HttpsProxyAgent(through) : new HttpProxyAgent(through);
    return namingProxy(agent, proxy);
  }
  return url.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
}

/** What hpagent gives back instead of a connection happened at the proxy; behind the tunnel errors come from the connection itself. */
function namingProxy(agent: http.Agent, proxy: URL): http.Agent {
  const create = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) =>
    create(options, (error, stream) => callback?.(error && new ProxyError(proxy.host, error), stream));
  return agent;
}

/** The host of a URL without the brackets of IPv6, as node:net wants it. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function parseProxy(value: string, where: string): URL {
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:', 'socks5:', 'socks5h:'].includes(url.protocol)) {
    // The value may carry a password, so it is not repeated.
    throw configError(
      `The ${where} is not a proxy URL.`,
      'It must be http://, https:// or socks5://HOST:PORT.',
    );
  }
  // The runtimes cannot be told to check a certificate for an address here: they take it for a server name, which cannot be one.
  if (url.protocol === 'https:' && net.isIP(hostOf(url)) !== 0) {
    throw configError(`The ${where} is an https proxy given by its address.`, 'Give it by its name.');
  }
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (net.isIPv4(host) && host.startsWith('127.'));
}

/** NO_PROXY: `*`, addresses, CIDR blocks, names (with their subdomains), `.name` (subdomains only), each with `:port` if wanted. */
function isExcepted(host: string, port: string, noProxy: string): boolean {
  return noProxy
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '')
    .some((item) => item === '*' || matches(item, host.toLowerCase(), port));
}

function matches(item: string, host: string, port: string): boolean {
  if (item.includes('/')) return inBlock(host, item);
  const withPort = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(item);
  if (withPort && withPort[3] !== port) return false;
  const name = (withPort?.[1] ?? withPort?.[2] ?? item).replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
  if (net.isIP(name) !== 0 || net.isIP(host) !== 0) return name === host;
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function inBlock(host: string, cidr: string): boolean {
  const [address = '', prefix = ''] = cidr.split('/');
  const family = net.isIPv6(address) ? 'ipv6' : 'ipv4';
  const length = Number(prefix);
  if (net.isIP(host) === 0 || net.isIP(address) === 0 || !/^\d{1,3}$/.test(prefix)) return false;
  if (length > (family === 'ipv6' ? 128 : 32) || net.isIPv6(host) !== net.isIPv6(address)) return false;
  const block = new net.BlockList();
  block.addSubnet(address, length, family);
  return block.check(host, family);
}
