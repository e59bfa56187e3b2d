import { describe, expect, test } from '@jest/globals';
import type { Command } from '../../../plugin/command.js';
import { listCommand, parseList } from '../../../plugin/commands/list.js';
import { netstatCommand, parseNetstat } from '../../../plugin/commands/netstat.js';
import { parsePing, pingCommand } from '../../../plugin/commands/ping.js';
import { parseStop, stopCommand } from '../../../plugin/commands/stop.js';
import { parseTcpdump, tcpdumpCommand } from '../../../plugin/commands/tcpdump.js';
import { parseVersion, versionCommand } from '../../../plugin/commands/version.js';
import { parseWords } from '../../../plugin/options/parse.js';
import type { Words } from '../../../plugin/options/words.js';
import type { Settings } from '../../../plugin/options/setting.js';

const reading =
  <T>(command: Command, parse: (words: Words, settings: Settings) => T) =>
  (line: string, settings: Settings = {}): T =>
    parse(
      parseWords(
        command.name,
        line.split(' ').filter((word) => word !== ''),
        command.flags,
      ),
      settings,
    );

const ping = reading(pingCommand, parsePing);
const netstat = reading(netstatCommand, parseNetstat);
const tcpdump = reading(tcpdumpCommand, parseTcpdump);
const list = reading(listCommand, parseList);
const stop = reading(stopCommand, parseStop);
const version = reading(versionCommand, parseVersion);

const usage = (message: string) =>
  expect.objectContaining({ message: expect.stringContaining(message) as unknown, exitCode: 2 });

describe('ping', () => {
  test('a pod, a destination, and the defaults', () => {
    expect(ping('web-0 svc/api')).toMatchObject({
      target: { kind: 'reference', reference: { type: 'object', kind: 'pod', name: 'web-0' } },
      destinations: [{ type: 'object', kind: 'service', name: 'api' }],
      count: 4,
      intervalSeconds: undefined,
      waitSeconds: undefined,
      sizeBytes: undefined,
      family: undefined,
      output: { format: 'table', quiet: false, verbose: false, color: 'auto' },
      debug: { profile: 'auto', dryRun: false, ttlSeconds: 900 },
      kube: { namespace: undefined, asGroup: [], requestTimeoutMs: undefined },
    });
  });

  test('every flag', () => {
    expect(
      ping(
        'shop/deploy/web example.com -c 10 -i 0.2 --wait 1500ms --size 1000 -6 -n shop -ojson -qv --target app --fresh --ttl 5m --start-timeout 2m --profile restricted --image-pull-policy Always --as me --as-group a --as-group b --request-timeout 10s --dry-run',
      ),
    ).toMatchObject({
      target: { reference: { kind: 'deployment', namespace: 'shop', name: 'web' } },
      destinations: [{ type: 'host', host: 'example.com' }],
      count: 10,
      intervalSeconds: 0.2,
      waitSeconds: 2,
      sizeBytes: 1000,
      family: 6,
      output: { format: 'json', quiet: true, verbose: true },
      debug: {
        target: 'app',
        fresh: true,
        ttlSeconds: 300,
        startTimeoutMs: 120_000,
        profile: 'restricted',
        imagePullPolicy: 'Always',
        dryRun: true,
      },
      kube: { namespace: 'shop', as: 'me', asGroup: ['a', 'b'], requestTimeoutMs: 10_000 },
    });
  });

  test('-c 0 goes on until Ctrl-C; --container is another word for --target; a pod by its labels', () => {
    expect(ping('web ::1 -c 0').count).toBeUndefined();
    expect(ping('web 10.0.0.1 --container app').debug.target).toBe('app');
    expect(ping('-l app=web -A 10.0.0.1')).toMatchObject({
      target: { kind: 'labels', selector: 'app=web', allNamespaces: true },
      destinations: [{ type: 'ip', ip: '10.0.0.1' }],
    });
  });

  test.each([
    ['', 'ping needs POD and DEST: POD and DEST is missing'],
    ['web', 'DEST is missing'],
    ['web 1 2 3 4 5 6 7 8 9 10 11', 'at most 10 destinations'],
    ['web a -c many', '--count: "many" is not a whole number'],
    ['web a -i 0', '--interval: 0 is out of range'],
    ['web a --size 70000', '--size: "70000" is not a whole number from 0 to 65507'],
    ['web a -4 -6', '--ipv4 and --ipv6 exclude each other'],
    ['web a -A', '-A goes with -l'],
    ['web a -o name', 'ping cannot print "name"'],
    ['web a --request-timeout soon', '--request-timeout: "soon" is not a duration'],
    ['web a --target x --container y', 'name different containers'],
    ['web a -s 1400', '--server: "1400" is not the address of an API server'],
    ['web a -n Shop', '--namespace: "Shop" is not the name of a namespace'],
    ['frob/web a', 'is not a kind'],
    ['10.0.0.1 a', 'is an address'],
    ['web http://', 'is not a URL'],
  ])('%p is refused', (line, message) => expect(() => ping(line)).toThrow(usage(message)));
});

describe('netstat', () => {
  test('reads its flags', () => {
    expect(netstat('web --listening -c app -o wide')).toMatchObject({
      listening: true,
      debug: { target: 'app' },
      output: { format: 'wide' },
      target: { reference: { kind: 'pod', name: 'web' } },
    });
    expect(netstat('web').listening).toBe(false);
    expect(netstatCommand.aliases).toEqual(['sockets']);
  });
  test.each([
    ['', 'POD is missing'],
    ['a b', 'unexpected argument "b"'],
    ['a -- b', 'no arguments after --'],
  ])('%p is refused', (line, message) => expect(() => netstat(line)).toThrow(usage(message)));
});

describe('tcpdump', () => {
  test('what follows -- goes to tcpdump as it stands', () => {
    expect(tcpdump('web -q -- -ni any -c 5 -A tcp port 80').args).toEqual([
      '-ni',
      'any',
      '-c',
      '5',
      '-A',
      'tcp',
      'port',
      '80',
    ]);
    expect(tcpdump('web').args).toEqual([]);
    // The letters of a flag's word are no flags.
    expect(tcpdump('web -- -i wz0 -iwz -T rtcp').args).toHaveLength(5);
    expect(tcpdump('web -- -c 5 -- -w').args).toHaveLength(4);
  });
  test.each([
    ['web -- -w x', 'tcpdump -w writes packets'],
    ['web -- -nnw x', 'tcpdump -w writes packets'],
    ['web -- port 80 -z sh', 'tcpdump -z runs a command in the pod'],
    ['web -- -C 1', 'tcpdump -C rotates files'],
    ['web -- -G 1', 'tcpdump -G rotates files'],
    ['web -- -r /etc/passwd', 'tcpdump -r reads a file'],
    ['web -- -F /etc/passwd', 'tcpdump -F reads the filter'],
    ['web -- -Z nobody', 'tcpdump -Z is set already'],
    ['web -- -i eth0 -nZ nobody', 'tcpdump -Z is set already'],
    ['web port 80', 'unexpected argument "port"'],
    ['web -o json', "unknown shorthand flag: 'o' in -o"],
  ])('%p is refused', (line, message) => expect(() => tcpdump(line)).toThrow(usage(message)));
});

describe('list and stop', () => {
  test('read their flags', () => {
    expect(list('-A -l app=web --ended -oname')).toMatchObject({
      allNamespaces: true,
      labelSelector: 'app=web',
      ended: true,
      output: { format: 'name' },
    });
    expect(stop('')).toMatchObject({ target: undefined, allNamespaces: false, dryRun: false });
    expect(stop('shop/pod/web --dry-run')).toMatchObject({
      target: { namespace: 'shop', name: 'web' },
      dryRun: true,
    });
  });
  test.each([
    ['web -A', 'give either TARGET, or -l and -A'],
    ['web -l a=b', 'give either TARGET, or -l and -A'],
    ['a b', 'unexpected argument "b"'],
    ['--selector=', '--selector is empty'],
    ['-o wide', 'stop cannot print "wide"'],
  ])('stop %p is refused', (line, message) => expect(() => stop(line)).toThrow(usage(message)));
  test('list takes no argument', () => expect(() => list('web')).toThrow(usage('unexpected argument "web"')));
});

describe('version', () => {
  test('understands the flags of every command', () => {
    expect(version('--context x -s https://y --insecure-skip-tls-verify -o yaml').format).toBe('yaml');
  });
});

describe('settings', () => {
  test('fill in what no flag says, and are named when they are wrong', () => {
    const from = (text: string) => ({ text, origin: '/c.yaml: ttl' });
    expect(ping('web a', { ttl: from('1h') }).debug.ttlSeconds).toBe(3600);
    expect(() => ping('web a', { ttl: from('soon') })).toThrow(
      usage('/c.yaml: ttl: "soon" is not a duration'),
    );
    expect(list('', { color: { text: 'never', origin: 'NETDEBUG_COLOR' } }).output.color).toBe('never');
    expect(() => list('', { color: { text: 'pink', origin: 'NETDEBUG_COLOR' } })).toThrow(
      usage('NETDEBUG_COLOR: "pink" is not one of'),
    );
  });
});
