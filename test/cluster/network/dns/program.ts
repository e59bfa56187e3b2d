/**
 * What runs in the DNS pods of the local cluster: CoreDNS as far as tests need it, a program of its own in one file.
 *   node coredns.mjs -conf COREFILE
 */
import { readFileSync, watch } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import packet, { type Answer, type Packet } from 'dns-packet';
import { blockFor, parseCorefile, type Directive, type ServerBlock } from './corefile.js';
import { clusterReply, reverseReply, type Reply } from './records.js';
import { askUdp, edns, encodeReply, rcodes, serveDns, type Asked } from './wire.js';
import type { ZoneState } from './zone-state.js';

const stateFile = '/var/lib/cluster-dns/state.json';
const forwardTimeoutMs = 2000;

let state: ZoneState = { services: [], namespaces: [], corefile: '', delayMs: 0 };
let blocks: readonly ServerBlock[] = [];
let read = '';

function log(text: string): void {
  process.stdout.write(`${text}\n`);
}

function load(): void {
  let text: string;
  try {
    text = readFileSync(stateFile, 'utf8');
  } catch {
    return;
  }
  if (text === read) return;
  read = text;
  const next = JSON.parse(text) as ZoneState;
  const changed = next.corefile !== state.corefile;
  state = next;
  if (!changed) return;
  try {
    const first = blocks.length === 0;
    blocks = parseCorefile(next.corefile);
    log(first ? '.:53' : '[INFO] Reloading complete');
  } catch (error) {
    log(`[ERROR] Restart failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function nameserver(): string {
  const conf = readFileSync('/etc/resolv.conf', 'utf8');
  return /^nameserver\s+(\S+)/m.exec(conf)?.[1] ?? '127.0.0.1';
}

async function forwarded(directive: Directive, asked: Asked): Promise<Reply> {
  const target = directive.args[1] ?? '';
  const server = (target === '/etc/resolv.conf' ? nameserver() : target).replace(/:53$/, '');
  const { questions } = asked.query;
  const [question] = questions ?? [];
  const query: Packet = {
    type: 'query',
    id: asked.query.id ?? 0,
    flags: packet.RECURSION_DESIRED,
    questions,
    // Large answers come whole; whether they fit the one who asked is seen later.
    additionals: [edns(4096)],
  };
  try {
    const reply = await askUdp(server, query, forwardTimeoutMs);
    const rcode = Object.entries(rcodes).find(([, number]) => number === ((reply.flags ?? 0) & 15))?.[0];
    return {
      rcode: (rcode ?? 'SERVFAIL') as Reply['rcode'],
      answers: reply.answers ?? [],
      additionals: [],
      authorities: reply.authorities ?? [],
    };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    log(`[ERROR] plugin/errors: 2 ${question?.name ?? ''}. ${question?.type ?? ''}: ${what}`);
    return { rcode: 'SERVFAIL', answers: [], additionals: [], authorities: [] };
  }
}

function hosts(directive: Directive, name: string, type: string): Reply | undefined {
  const lines = directive.block.filter(([, ...names]) => names.some((item) => item.toLowerCase() === name));
  if (lines.length === 0) return undefined;
  const answers =
    type === 'A' ? lines.map(([ip = '']): Answer => ({ name, type: 'A', ttl: 3600, data: ip })) : [];
  return { rcode: 'NOERROR', answers, additionals: [], authorities: [] };
}

/** `template IN A zone { rcode NXDOMAIN }` and `{ answer "{{ .Name }} 60 IN A 1.2.3.4" }`. */
function template(directive: Directive, name: string, type: string): Reply | undefined {
  const [, wanted = 'ANY', ...zones] = directive.args;
  const inside = zones.some((zone) => {
    const plain = zone.replace(/\.$/, '').toLowerCase();
    return plain === '' || name === plain || name.endsWith(`.${plain}`);
  });
  const line = (word: string): readonly string[] | undefined =>
    directive.block.find(([first]) => first === word);
  const match = line('match')?.[1];
  if ((wanted !== 'ANY' && wanted !== type) || (!inside && zones.length > 0)) return undefined;
  if (match !== undefined && !new RegExp(match).test(`${name}.`)) return undefined;
  const ip = line('answer')
    ?.join(' ')
    .match(/IN A (\d+\.\d+\.\d+\.\d+)/)?.[1];
  const rcode = (line('rcode')?.[1] ?? 'NOERROR') as Reply['rcode'];
  const answers: Answer[] = ip === undefined ? [] : [{ name, type: 'A', ttl: 60, data: ip }];
  return { rcode, answers, additionals: [], authorities: [] };
}

/** `rewrite name FROM TO` */
function rewritten(block: ServerBlock, name: string): string {
  const rule = block.directives.find(
    ({ name: word, args }) =>
      word === 'rewrite' && args[0] === 'name' && args.at(-2)?.replace(/\.$/, '').toLowerCase() === name,
  );
  return rule?.args.at(-1)?.replace(/\.$/, '').toLowerCase() ?? name;
}

async function kubernetes(
  directive: Directive,
  asked: Asked,
  name: string,
  type: string,
): Promise<Reply | undefined> {
  const zones = directive.args.map((zone) => zone.replace(/\.$/, '').toLowerCase());
  const zone = zones.find((item) => name === item || name.endsWith(`.${item}`));
  if (zone === undefined) return undefined;
  const main = zones.find((item) => !item.endsWith('.arpa')) ?? 'cluster.local';
  if (zone.endsWith('.arpa')) return reverseReply(state, name, type, main);
  const reply = clusterReply(state, name, type, main);
  const [alias] = reply.answers;
  if (alias?.type !== 'CNAME' || type === 'CNAME') return reply;
  const target = alias.data.replace(/\.$/, '').toLowerCase();
  const questions = [{ name: target, type: type as 'A' }];
  const behind = await resolve({ ...asked, query: { ...asked.query, questions } }, target, type);
  return { ...behind, rcode: behind.rcode, answers: [alias, ...behind.answers] };
}

async function resolve(asked: Asked, name: string, type: string): Promise<Reply> {
  const refused: Reply = { rcode: 'REFUSED', answers: [], additionals: [], authorities: [] };
  const block = blockFor(blocks, name);
  if (block === undefined) return refused;
  const inner = rewritten(block, name);
  const of = (word: string): Directive[] => block.directives.filter((item) => item.name === word);
  // The order of plugins is CoreDNS's own, not the file's.
  for (const directive of of('template')) {
    const reply = template(directive, inner, type);
    if (reply !== undefined) return reply;
  }
  for (const directive of of('hosts')) {
    const reply = hosts(directive, inner, type);
    if (reply !== undefined) return reply;
  }
  for (const directive of of('kubernetes')) {
    const reply = await kubernetes(directive, asked, inner, type);
    if (reply !== undefined) return renamed(reply, inner, name);
  }
  const [forward] = of('forward');
  return forward === undefined ? refused : forwarded(forward, asked);
}

function renamed(reply: Reply, from: string, to: string): Reply {
  if (from === to) return reply;
  return {
    ...reply,
    answers: reply.answers.map((item) => (item.name === from ? { ...item, name: to } : item)),
  };
}

async function answer(asked: Asked): Promise<Buffer | undefined> {
  const began = performance.now();
  const [question] = asked.query.questions ?? [];
  if (question === undefined) return undefined;
  if (state.delayMs > 0) await new Promise((done) => setTimeout(done, state.delayMs));
  const name = question.name.replace(/\.$/, '').toLowerCase();
  const reply = await resolve(asked, name, question.type);
  const own = reply.rcode !== 'SERVFAIL' && reply.rcode !== 'REFUSED';
  const authoritative =
    own &&
    blockFor(blocks, name)?.directives.some(
      (item) =>
        item.name === 'kubernetes' && item.args.some((zone) => name.endsWith(zone.replace(/\.$/, ''))),
    );
  const desired = asked.query.flag_rd;
  const flags =
    rcodes[reply.rcode] |
    (authoritative === true ? packet.AUTHORITATIVE_ANSWER : 0) |
    (desired ? packet.RECURSION_DESIRED : 0) |
    (own && authoritative !== true ? packet.RECURSION_AVAILABLE : 0);
  const answers = reply.answers.map((item) => (item.name === name ? { ...item, name: question.name } : item));
  const bytes = encodeReply(asked, {
    type: 'response',
    id: asked.query.id ?? 0,
    flags,
    questions: [question],
    answers,
    additionals: [...reply.additionals],
    authorities: [...reply.authorities],
  });
  if (blockFor(blocks, name)?.directives.some((item) => item.name === 'log') === true) {
    const words = ['qr', ...(authoritative === true ? ['aa'] : []), ...(desired ? ['rd'] : [])].join(',');
    const seconds = ((performance.now() - began) / 1000).toFixed(9);
    const { address, port } = asked.from;
    log(
      `[INFO] ${address}:${port} - ${asked.query.id ?? 0} "${question.type} IN ${name}. ${asked.protocol} ` +
        `${asked.size} ${String(asked.dnssecOk)} ${asked.bufferSize}" ${reply.rcode} ${words} ${bytes.length} ${seconds}s`,
    );
  }
  return bytes;
}

function serveHealth(port: number): void {
  createServer((_, response) => response.end('OK')).listen(port);
}

process.on('SIGTERM', () => process.exit(0));
load();
watch(dirname(stateFile), load);
await serveDns('0.0.0.0', 53, answer);
serveHealth(8080);
serveHealth(8181);
log(`CoreDNS-1.12.1\nlinux/${process.arch === 'x64' ? 'amd64' : process.arch}, go1.24.2, 707c7c1`);
