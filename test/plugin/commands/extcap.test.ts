/** What Wireshark is answered without a cluster, and which capture it starts. */
import { describe, expect, test } from '@jest/globals';
import { captureArgv, extcapCommand } from '../../../plugin/commands/extcap.js';
import { captureCommand } from '../../../plugin/commands/capture.js';
import { parseInterface } from '../../../plugin/extcap/sentences.js';
import { parseWords } from '../../../plugin/options/parse.js';
import { runWords } from '../environment.js';

const pod = 'netdebug.shop.web-0';

function argvFor(name: string, ...words: readonly string[]): readonly string[] {
  const asked = parseInterface(name);
  if (asked === undefined) throw new Error(`${name} is no interface`);
  return captureArgv(parseWords('extcap', words, extcapCommand.flags), asked, '/tmp/fifo');
}

describe('the capture that Wireshark starts', () => {
  test('is that of the pod, into its pipe, in silence', () => {
    const argv = argvFor(pod, '--extcap-capture-filter', 'tcp port 80', '--snaplen', '96', '--context=c');
    expect(argv).toEqual([
      'shop/pod/web-0',
      '--write=/tmp/fifo',
      '--filter=tcp port 80',
      '--snaplen=96',
      '--quiet',
      '--context=c',
    ]);
  });

  test('is of what was named in the dialog', () => {
    expect(argvFor('netdebug', '--reference', 'deploy/web')[0]).toBe('deploy/web');
    expect(() => argvFor('netdebug')).toThrow('it is not said what to capture');
    // An empty field is none.
    expect(() => argvFor('netdebug', '--reference', ' ')).toThrow('it is not said');
  });

  test('has both filters when there are two', () => {
    expect(argvFor(pod, '--extcap-capture-filter', 'icmp or udp', '--filter', 'host 10.0.0.1')).toContain(
      '--filter=(icmp or udp) and (host 10.0.0.1)',
    );
  });

  test('has words that capture takes, whatever they begin with', () => {
    const words = [
      '--filter=-x',
      '--interface=lo',
      '--container=app',
      '--image=img',
      '--as-group=a',
      '--as-group=b',
    ];
    const argv = argvFor(pod, ...words);
    const { given, positionals } = parseWords('capture', argv, captureCommand.flags);
    expect(positionals).toEqual(['shop/pod/web-0']);
    expect(given.get('filter')).toEqual(['-x']);
    expect(given.get('as-group')).toEqual(['a', 'b']);
  });
});

test('link types and settings are answered without a cluster', async () => {
  const dlts = await runWords(['extcap', '--extcap-dlts', '--extcap-interface', pod]);
  expect(dlts).toMatchObject({ code: 0, out: expect.stringMatching(/^dlt \{number=276\}/) as unknown });
  const config = await runWords(['extcap', '--extcap-config', '--extcap-interface', pod]);
  expect(config).toMatchObject({ code: 0, out: expect.stringContaining('{call=--snaplen}') as unknown });
});

test('the program may be called without the name of the command, as a link in the folder is', async () => {
  const { code, out } = await runWords(['--extcap-config', '--extcap-interface', 'netdebug']);
  expect(code).toBe(0);
  expect(out).toContain('{call=--reference}');
});

test('a cluster that cannot be found leaves one interface, with the reason', async () => {
  const kubeconfig = ['--kubeconfig', '/nonexistent/config'];
  const { code, out, err } = await runWords(['--extcap-interfaces', '--extcap-version=4.0', ...kubeconfig]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.trim().split('\n')).toHaveLength(2);
  expect(out).toMatch(/interface \{value=netdebug\}\{display=Kubernetes: .* \(.*\/nonexistent\/config.*\)\}/);
});

describe('a filter', () => {
  const check = (filter: string) =>
    runWords(['extcap', '--extcap-interface', pod, `--extcap-capture-filter=${filter}`]);

  test.each(['tcp port 80', '', 'host 10.0.0.1 and not arp'])('%j is taken in silence', async (filter) => {
    expect(await check(filter)).toEqual({ code: 0, out: '', err: '' });
  });

  test.each(['tcp porx', '-x', 'port 99999'])('%j is refused in words', async (filter) => {
    const { code, out } = await check(filter);
    expect(code).toBe(0);
    expect(out).toMatch(/filter|syntax|illegal/);
  });
});

test.each([
  [['extcap'], 'called by Wireshark'],
  [['extcap', '--extcap-interface', 'eth0', '--extcap-dlts'], 'no interface of ours'],
  [['extcap', '--extcap-interface', pod, '--capture'], 'needs --fifo'],
  [['extcap', '--extcap-interface', pod], 'nothing is asked'],
])('%j is a usage error', async (words, said) => {
  const { code, err } = await runWords(words);
  expect(code).toBe(2);
  expect(err).toContain(said);
});
