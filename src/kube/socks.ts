import type http from 'node:http';
import { SocksProxyAgent } from 'socks-proxy-agent';
import { ProxyError } from './connection-error.js';

/**
 * An agent through a SOCKS 5 proxy. In a file of its own, because a bundle for Node gives a CommonJS package no names when `import()`
 * loads it.
 */
export function socksAgent(proxy: URL, options: http.AgentOptions): http.Agent {
  // As in Go, and so in kubectl, it is the proxy that looks the name up: behind it names may mean something else.
  return new NamedSocksAgent(proxy.href.replace(/^socks5:/, 'socks5h:'), options);
}

class NamedSocksAgent extends SocksProxyAgent {
  override async connect(...words: Parameters<SocksProxyAgent['connect']>) {
    return super.connect(...words).catch((error: unknown) => {
      throw new ProxyError(`${this.proxy.host ?? ''}:${this.proxy.port}`, error);
    });
  }
}
