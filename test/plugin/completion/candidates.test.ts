/** Command lines and what they are completed with, from names that are made up. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Answer, answer, directive } from '../../../plugin/completion/candidates.js';
import { readLine } from '../../../plugin/completion/place.js';
import type { Sources } from '../../../plugin/completion/sources.js';
import type { Candidate } from '../../../plugin/options/completes.js';
import { commands } from '../../../plugin/run.js';

const { files, noSpace, noFiles, folders } = directive;

const names: Readonly<Record<string, readonly string[]>> = {
  pods: ['web-0', 'web-1', 'db-0'],
  'other/pods': ['far-0'],
  deployments: ['web', 'api'],
  'other/deployments': ['far'],
  services: ['api', 'db'],
  nodes: ['worker-1'],
  namespaces: ['other', 'shop'],
};

const sources: Sources = {
  ofKubeconfig: (what) =>
    Promise.resolve([{ word: `${what}-1` }, { word: 'user@arn:aws:eks/x', about: 'current' }]),
  names: ({ plural }, namespace) =>
    Promise.resolve(candidates(names[namespace === undefined ? plural : `${namespace}/${plural}`] ?? [])),
  ports: ({ kind, name }) =>
    Promise.resolve(candidates(kind.kind === 'service' && name === 'api' ? ['80', '53/udp'] : [])),
  containers: ({ kind, name, namespace }) =>
    Promise.resolve([{ word: ['c-of', kind.kind, name, namespace ?? ''].join('.').replace(/\.$/, '') }]),
};

function candidates(words: readonly string[]): Candidate[] {
  return words.map((word) => ({ word }));
}

function complete(typed: readonly string[], from: Sources = sources): Promise<Answer> {
  return answer(readLine(commands, typed), commands, from);
}

/** What is typed, as a person sees it: words with single blanks, the last one under the cursor. */
async function offered(line: string): Promise<string> {
  const { candidates: found, directive: bits } = await complete(line.split(' '));
  return `${found.map(({ word }) => word).join(' ')} :${bits}`;
}

describe('commands and flags', () => {
  test.each([
    ['cap', `capture :${noFiles}`],
    ['sock', `sockets :${noFiles}`],
    ['-n other cap', `capture :${noFiles}`],
    ['--context=x --color never pol', `policy :${noFiles}`],
    ['help ver', `version :${noFiles}`],
    ['--kubec', `--kubeconfig :${noFiles}`],
    ['nonsense ', ` :${noFiles}`],
    ['capture --wri', `--write :${noFiles}`],
    ['capture -w', `-w :${noFiles}`],
    ['capture --nothing-like-it', ` :${noFiles}`],
    ['capture -- -', ` :${noFiles}`],
    ['version now ', ` :${noFiles}`],
  ])('%s', async (line, expected) => {
    expect(await offered(line)).toBe(expected);
  });

  test('both spellings of a flag after a dash, the long ones after two, with what they do', async () => {
    const { candidates: all } = await complete(['ping', '-']);
    expect(all).toContainEqual({ word: '-c', about: expect.stringContaining('packets to send') });
    expect(all).toContainEqual({ word: '--count', about: expect.stringContaining('packets to send') });
    const { candidates: long } = await complete(['ping', '--']);
    expect(long.every(({ word }) => word.startsWith('--'))).toBe(true);
  });

  test('a flag that was given is not offered again, unless it may be given again', async () => {
    const { candidates: left } = await complete(['logs', '-n', 'other', '--follow', '--pattern', 'x', '--']);
    const words = left.map(({ word }) => word);
    expect(words).toContain('--pattern');
    expect(words).not.toContain('--namespace');
    expect(words).not.toContain('--follow');
  });
});

describe('words of flags', () => {
  test.each([
    ['list -o ', `table wide json yaml name :${noFiles}`],
    ['ping --color=a', `auto always :${noFiles}`],
    ['list -oj', `-ojson :${noFiles}`],
    ['list -o=j', `json :${noFiles}`],
    ['list -qoj', `-qojson :${noFiles}`],
    ['ping --live=', `true false :${noFiles}`],
    ['ping --count ', ` :${noFiles}`],
    ['ping --image-pull-policy If', `IfNotPresent :${noFiles}`],
    ['ping --profile b', `baseline :${files}`],
    ['ping --profile ./x', ` :${files}`],
    ['capture --write ', ` :${files}`],
    ['wireshark install --path ', ` :${folders}`],
    ['--kubeconfig ', ` :${files}`],
    ['ping -n s', `shop :${noFiles}`],
    ['ping --context c', `contexts-1 :${noFiles}`],
    ['ping --context user@arn:', `user@arn:aws:eks/x :${noFiles}`],
    ['ping --user u', `users-1 user@arn:aws:eks/x :${noFiles}`],
    ['logs --pattern connection-ref', `connection-refused :${noFiles}`],
    ['capture web-0 -i e', `eth0 :${noFiles}`],
    ['capture web-0 -i eth0,', `eth0,any eth0,eth0 eth0,lo :${noFiles}`],
    ['ping web-0 --target ', `c-of.pod.web-0 :${noFiles}`],
    ['logs deploy/api -c ', `c-of.deployment.api :${noFiles}`],
    ['logs -n other web-0 -c ', `c-of.pod.web-0.other :${noFiles}`],
    ['logs other/deploy/far -c ', `c-of.deployment.far.other :${noFiles}`],
    ['logs -c ', ` :${noFiles}`],
    ['capture web-0 --peer svc/', `svc/api svc/db :${noFiles}`],
  ])('%s', async (line, expected) => {
    expect(await offered(line)).toBe(expected);
  });
});

describe('arguments', () => {
  test.each([
    ['tcpdump web', `web-0 web-1 :${noFiles}`],
    ['tcpdump -n other f', `far-0 :${noFiles}`],
    ['tcpdump de', `deploy/ :${noFiles | noSpace}`],
    ['tcpdump deployments/', `deployments/web deployments/api :${noFiles}`],
    ['tcpdump deploy/w', `deploy/web :${noFiles}`],
    [
      'tcpdump other/',
      `other/pod/ other/deploy/ other/sts/ other/ds/ other/rs/ other/rc/ other/job/ other/svc/ :${noFiles | noSpace}`,
    ],
    ['tcpdump other/deploy/', `other/deploy/far :${noFiles}`],
    ['tcpdump node/', `node/worker-1 :${noFiles}`],
    ['tcpdump other/node/', ` :${noFiles}`],
    ['tcpdump web-0 ', ` :${noFiles}`],
    ['capture web-0 web', `web-0 web-1 :${noFiles}`],
    ['ping web-0 sv', `svc/ :${noFiles | noSpace}`],
    // A bare name is a host there.
    ['ping web-0 web', ` :${noFiles}`],
    ['ping web-0 svc/api svc/d', `svc/db :${noFiles}`],
    ['ping -l app=web svc/d', `svc/db :${noFiles}`],
    ['dns web-0 a', `api :${noFiles}`],
    ['connect web-0 svc/api:', `svc/api:80 svc/api:53/udp :${noFiles}`],
    ['connect web-0 svc/api:5', `svc/api:53/udp :${noFiles}`],
    ['connect web-0 example.com:', ` :${noFiles}`],
    ['connect web-0 a/b/c/d:', ` :${noFiles}`],
    ['policy web-0 ext', `external :${noFiles}`],
    ['policy --all-pairs ', ` :${noFiles}`],
    ['logs --path web-0 web-', `web-0 web-1 :${noFiles}`],
    ['pull web-0 /etc ', ` :${files}`],
    ['completion z', `zsh :${noFiles}`],
    ['exec web-0 -- ', ` :${noFiles}`],
    ['extcap ', ` :${noFiles}`],
  ])('%s', async (line, expected) => {
    expect(await offered(line)).toBe(expected);
  });
});

test('names that a shell would have to quote are dropped, and what is said of them has no control characters', async () => {
  const hostile = [
    '$(touch x)',
    '`id`',
    'a b',
    'a;b',
    'a\nb',
    'a|b',
    "it's",
    'good',
    '\u001b[31mred',
    '~x',
    '*',
    'é',
  ];
  const { candidates: found } = await complete(['tcpdump', ''], {
    ...sources,
    names: () => Promise.resolve(hostile.map((word) => ({ word, about: '\u001b]0;x\u0007a\tb\nc\u202e' }))),
  });
  expect(found.slice(0, 2)).toEqual([
    { word: 'good', about: expect.stringMatching(/^a b ?c$/) },
    { word: 'pod/', about: 'pod' },
  ]);
});

test('whatever is typed, the answer is made of whole words that begin as typed, and is never a failure', async () => {
  const word = fc.oneof(
    fc.constantFrom(
      '',
      '-',
      '--',
      '-n',
      '-o',
      '--output=',
      'capture',
      'policy',
      'web-0',
      'svc/',
      '--path',
      '-l',
    ),
    fc.string({ maxLength: 8 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 6 }), async (typed) => {
      const { candidates: found } = await complete(typed);
      const last = typed.at(-1) ?? '';
      const begun = /^-[^=]*=/.test(last) ? last.slice(last.indexOf('=') + 1) : last;
      for (const one of found)
        expect([one.word.startsWith(begun), /[\s$`'"\\;&|<>(){}*?!~#]/.test(one.word)]).toEqual([
          true,
          false,
        ]);
    }),
    { numRuns: 300 },
  );
});
