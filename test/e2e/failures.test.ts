import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { makeHome, type ProgramOptions, programs, runProgram, startProgram } from './program.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 1, objects: [pod({ name: 'web' })] });
}, 60_000);
afterAll(() => cluster.stop());

describe.each([
  ['executable', programs.executable],
  ['node', programs['on Node']],
] as const)('%s', (name, program) => {
  const { home, remove } = makeHome();
  afterAll(remove);

  const netdebug = (args: readonly string[], options: ProgramOptions = {}) =>
    runProgram(args, {
      program,
      kubeconfig: cluster.kubeconfig,
      ...options,
      env: { HOME: home, ...options.env },
    });

  /** Words → the sentence on stderr, its hint, and the exit code. Nothing may be on stdout, and no stack trace anywhere. */
  async function refusal(args: readonly string[], options: ProgramOptions = {}) {
    const { code, stdout, stderr } = await netdebug(args, options);
    expect(stdout.toString()).toBe('');
    expect(stderr).not.toMatch(/^ *at .*:\d+/m);
    return {
      code,
      sentence: /^error: (.*)$/m.exec(stderr)?.[1] ?? stderr,
      hint: /^hint: (.*)$/m.exec(stderr)?.[1],
    };
  }

  describe('usage (2)', () => {
    test.each([
      [['pong'], 'unknown command "pong" for "kubectl netdebug"', 'did you mean ping?'],
      [['ping', 'web', '10.0.0.1', '--cuont', '3'], 'unknown flag: --cuont', 'did you mean --count?'],
      [['netstat', 'frob/web'], 'frob/web: "frob" is not a kind.', undefined],
      [
        ['capture', 'web', '-w', '/nonexistent/x.pcap'],
        'cannot write to /nonexistent/x.pcap: there is no such directory',
        undefined,
      ],
      [
        ['capture', 'web'],
        'it is not said where the packets are to go, and there is no Wireshark to show them',
        'give -w FILE, -w - for stdout, or --wireshark',
      ],
    ])('%p', async (args, sentence, hint) => {
      expect(await refusal(args)).toMatchObject({
        code: 2,
        sentence,
        ...(hint === undefined ? {} : { hint }),
      });
    });

    test('a bad filter, in the words of tcpdump, and no file is left', async () => {
      const file = join(home, 'bad-filter.pcap');
      const { code, sentence } = await refusal(['capture', 'web', '-f', 'tcp prot 80', '-w', file]);
      expect(code).toBe(2);
      expect(sentence).toContain('tcpdump does not accept the filter "tcp prot 80"');
      expect(existsSync(file)).toBe(false);
    });

    test('a named pipe that nobody reads is waited for, and Ctrl-C ends that', async () => {
      const pipe = join(home, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const waiting = startProgram(['capture', 'web', '-w', pipe], {
        program,
        kubeconfig: cluster.kubeconfig,
        env: { HOME: home },
      });
      await waiting.says(/waiting for a reader of .*pipe/);
      waiting.child.kill('SIGINT');
      expect((await waiting.ended).code).toBe(130);
    });

    test('a bad configuration file, by its name and key', async () => {
      const file = join(home, 'kubectl-netdebug/config.yaml');
      mkdirSync(join(home, 'kubectl-netdebug'));
      writeFileSync(file, 'ttl: soon\n');
      expect(await refusal(['version'], { env: { XDG_CONFIG_HOME: home } })).toEqual({
        code: 2,
        sentence: `${file}: ttl: "soon" is not a duration`,
        hint: 'expected a number with a unit, such as 90s, 15m or 1h30m',
      });
    });
  });

  describe('the cluster (4)', () => {
    test.each(['http', 'socks5'])('behind a %s proxy that is not there', async (scheme) => {
      const HTTPS_PROXY = `${scheme}://127.0.0.1:1`;
      expect(await refusal(['list', '-s', 'https://api.test'], { env: { HTTPS_PROXY } })).toEqual({
        code: 4,
        sentence:
          'Cannot reach the API server https://api.test through the proxy 127.0.0.1:1: nothing listens there (connection refused).',
        hint: 'Check HTTPS_PROXY, NO_PROXY or the proxy-url of the kubeconfig.',
      });
    });

    test('gone', async () => {
      const server = net.createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      await new Promise((resolve) => server.close(resolve));
      const { code, sentence } = await refusal([
        'netstat',
        'web',
        '-s',
        `https://127.0.0.1:${port}`,
        '--request-timeout',
        '3s',
      ]);
      expect(code).toBe(4);
      expect(sentence).toContain(`127.0.0.1:${port}`);
    });

    test('does not know us', async () => {
      const { code, sentence } = await refusal([
        ...['netstat', 'web', '-s', cluster.server, '--certificate-authority', cluster.caFile],
        ...['--token', 'nonsense', '--kubeconfig', '/dev/null'],
      ]);
      expect(code).toBe(4);
      expect(sentence).not.toContain('nonsense');
    });

    test('no kubeconfig at all', async () => {
      const { code, hint } = await refusal(['list'], { kubeconfig: join(home, 'none') });
      expect(code).toBe(4);
      expect(hint).toContain('kubeconfig');
    });

    test('says nothing: Ctrl-C ends the wait at once', async () => {
      const silent = net.createServer(() => undefined).listen(0, '127.0.0.1');
      const connected = new Promise((resolve) => silent.once('connection', resolve));
      await new Promise((resolve) => silent.once('listening', resolve));
      const { port } = silent.address() as AddressInfo;
      const waiting = startProgram(['netstat', 'web', '-s', `https://127.0.0.1:${port}`], {
        program,
        kubeconfig: cluster.kubeconfig,
        env: { HOME: home },
      });
      await connected;
      waiting.child.kill('SIGINT');
      const { code, stderr } = await waiting.ended;
      silent.close();
      expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    });
  });

  describe('rights (5)', () => {
    test('which verb, which resource, and the Role to ask for', async () => {
      const kubeconfig = await cluster.user('viewer', {
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
      });
      const { code, stderr } = await netdebug(['ping', 'web', '10.0.0.1', '--fresh'], { kubeconfig });
      expect(code).toBe(5);
      expect(stderr).toContain('pods/ephemeralcontainers');
      expect(stderr).toContain('patch');
    });
  });

  describe('the target (6)', () => {
    test.each([
      [['ping', 'webb', '10.0.0.1'], 'There is no pod webb in namespace default.', 'Did you mean web?'],
      [
        ['netstat', 'deploy/web'],
        'There is no deployment web in namespace default.',
        'There is no deployment in namespace default at all.',
      ],
      [['tcpdump', 'nowhere/pod/web'], 'There is no namespace nowhere.', undefined],
      [['ping', 'web', 'svc/api'], 'There is no service api in namespace default.', undefined],
      [
        ['netstat', 'web', '--target', 'sidecar'],
        'Pod default/web has no container sidecar.',
        'It has main.',
      ],
      [['netstat', '-l', 'app=none'], 'No pod in namespace default has the labels app=none.', undefined],
    ])('%p', async (args, sentence, hint) => {
      expect(await refusal(args)).toMatchObject({
        code: 6,
        sentence,
        ...(hint === undefined ? {} : { hint }),
      });
    });
  });

  describe('the debug container (7)', () => {
    /** A pod of its own: after one failure the kubelet takes its time with a pod. */
    async function own(purpose: string): Promise<string> {
      await cluster.apply(pod({ name: `${purpose}-${name}` }));
      await cluster.ready('default', `${purpose}-${name}`);
      return `${purpose}-${name}`;
    }

    test('an image that does not exist', async () => {
      const image = ['--image', 'registry.example/nosuch:1'];
      const { code, stderr } = await netdebug(['netstat', await own('absent'), ...image]);
      expect(code).toBe(7);
      expect(stderr).toContain('registry.example/nosuch:1');
      expect(stderr).toContain('not found');
    });

    test('an image without tcpdump', async () => {
      const file = join(home, 'no-tcpdump.pcap');
      const args = ['capture', 'web', '--image', 'registry.example/toolbox-no-tcpdump:1', '-w', file];
      const { code, stderr } = await netdebug(args);
      expect(code).toBe(7);
      expect(stderr).toContain('tcpdump could not be started');
      expect(existsSync(file)).toBe(false);
    });

    test('Ctrl-C while the image is pulled: what stays is said', async () => {
      const target = await own('pulling');
      const image = ['--image', 'registry.example/slow:1', '--image-pull-policy', 'Always'];
      const pulling = startProgram(['netstat', target, ...image], {
        program,
        kubeconfig: cluster.kubeconfig,
        env: { HOME: home },
      });
      await pulling.says(/^pulling image/m);
      pulling.child.kill('SIGINT');
      const { code, stderr } = await pulling.ended;
      expect(code).toBe(130);
      expect(stderr).toMatch(/was starting\.\nhint: .*\n$/);
      expect(stderr).toContain(`kubectl netdebug stop default/pod/${target}\n`);
    });

    test('--start-timeout', async () => {
      const slow = ['--image', 'registry.example/slow:1', '--image-pull-policy', 'Always'];
      const { code, stderr } = await netdebug([
        'netstat',
        await own('slow'),
        ...slow,
        '--start-timeout',
        '1s',
      ]);
      expect(code).toBe(7);
      expect(stderr).toMatch(/^(pulling image|waiting for the kubelet)/m);
    });
  });

  describe('incomplete (8)', () => {
    test('a full disk: the sentence, and what is written opens', async () => {
      const image = join(home, 'small');
      mkdirSync(image);
      // A file system of 64 KiB of its own, which goes with the process.
      const script = `mount -t tmpfs -o size=64k none ${image} && cd ${image} && "$@"; code=$?; capinfos -Tmc x.pcap >&2; exit $code`;
      const unshare = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-Urm'];
      const full = startProgram(['capture', 'web', '-i', 'lo', '-w', 'x.pcap'], {
        program,
        kubeconfig: cluster.kubeconfig,
        env: { HOME: home },
        wrapper: [...unshare, 'sh', '-c', script, 'sh'],
      });
      await full.says(/listening on/);
      await cluster.run(['ping', '-q', '-c', '40', '-i', '0.01', '-s', '4000', '127.0.0.1'], {
        in: { namespace: 'default', pod: 'web' },
      });
      const { code, stderr } = await full.ended;
      expect(stderr).toContain('error: cannot write to x.pcap: no space left on the disk');
      expect(stderr).toMatch(/the packets could not be written/);
      expect(stderr).not.toMatch(/cut short|damaged/);
      expect(code).toBe(8);
    });

    test('a pod that is deleted under a ping: it is said, and no success', async () => {
      const target = pod({ name: `goner-${name}` });
      await cluster.apply(target);
      await cluster.ready('default', `goner-${name}`);
      const ping = startProgram(['ping', `goner-${name}`, '127.0.0.1', '-c', '0', '-i', '0.1'], {
        program,
        kubeconfig: cluster.kubeconfig,
        env: { HOME: home },
      });
      await ping.says(/icmp_seq=2/, 'stdout');
      await cluster.remove(target);
      const { code, stderr } = await ping.ended;
      expect(code).toBe(8);
      expect(stderr).toMatch(/^error: .*\n {2}pod default\/goner-\w+ (is being|was) deleted$/m);
    });

    test('a connection that is cut: what came is kept', async () => {
      const file = join(home, 'cut.pcap');
      const capture = startProgram(['capture', 'web', '-w', file], {
        program,
        kubeconfig: cluster.kubeconfig,
        env: { HOME: home },
      });
      await capture.says(/listening on/);
      await cluster.restartApiServer({ downMs: 200 });
      const { code, stderr } = await capture.ended;
      expect(code).toBe(8);
      expect(stderr).toMatch(/the connection was lost/);
      expect(existsSync(file)).toBe(true);
    });
  });
});
