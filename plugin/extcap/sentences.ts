import { cleanText } from '../../src/kube/text.js';

/**
 * The lines that Wireshark reads from an extcap program (doc/extcap.4 and doc/README.extcap of Wireshark):
 * `word {key=value}{key=value}`.
 */
export type Sentence = readonly [word: string, values: Readonly<Record<string, string | number | undefined>>];

/** One line of it. Values come from a cluster: no brace and no line end gets through. */
export function sentence([word, values]: Sentence): string {
  const parts = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`{${key}=${escape(String(value))}}`],
  );
  return `${word} ${parts.join('')}`;
}

/** Lines with an end each. */
export function sentences(all: readonly Sentence[]): string {
  return all.map((one) => `${sentence(one)}\n`).join('');
}

function escape(text: string): string {
  return cleanText(text, 300).replaceAll('{', '(').replaceAll('}', ')').replaceAll('\\', '/');
}

/** What an interface of ours stands for. */
export type ExtcapInterface =
  | { readonly kind: 'pod'; readonly namespace: string; readonly pod: string }
  /** What is meant is asked for in Wireshark's dialog. */
  | { readonly kind: 'any' };

/** The interface that is always there. */
const anyInterface = 'netdebug';

/**
 * `netdebug.NAMESPACE.POD`. A namespace has no dot in it (RFC 1123 label), so that it can be told apart again; neither has a
 * character that Wireshark, which makes names of files and preferences of it, would have to change.
 */
export function interfaceName(namespace: string, pod: string): string {
  return `${anyInterface}.${namespace}.${pod}`;
}

/** The interface of this name; undefined when it is none of ours. */
export function parseInterface(name: string): ExtcapInterface | undefined {
  if (name === anyInterface) return { kind: 'any' };
  const match =
    /^netdebug\.([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\.([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/.exec(name);
  const [, namespace, pod] = match ?? [];
  return namespace === undefined || pod === undefined ? undefined : { kind: 'pod', namespace, pod };
}

/** A pod that can be offered. */
export interface OfferedPod {
  readonly namespace: string;
  readonly pod: string;
  readonly node: string | undefined;
}

/** What `--extcap-interfaces` answers. */
export interface Offer {
  /** Name of the kubeconfig's context; undefined where there is none. */
  readonly context: string | undefined;
  readonly pods: readonly OfferedPod[];
  /** How many more there are. */
  readonly more: number;
  /** Why there are none; undefined when they could be read. */
  readonly problem: string | undefined;
}

const help = 'https://www.wireshark.org/docs/man-pages/extcap.html';

/** The answer to `--extcap-interfaces`: ourselves, the interface for anything by name, and the pods. */
export function interfaceSentences(version: string, offer: Offer): readonly Sentence[] {
  const where = offer.context === undefined ? 'Kubernetes' : `Kubernetes ${offer.context}`;
  const about =
    offer.problem !== undefined
      ? ` (${offer.problem.replace(/\.$/, '')})`
      : offer.more > 0
        ? ` (and ${offer.more} more pods)`
        : '';
  return [
    ['extcap', { version, help, display: 'kubectl netdebug' }],
    ['interface', { value: anyInterface, display: `${where}: pod, workload or node by name${about}` }],
    ...offer.pods.map(({ namespace, pod, node }): Sentence => [
      'interface',
      {
        value: interfaceName(namespace, pod),
        display: `${where}: ${namespace}/${pod}${node === undefined ? '' : ` on ${node}`}`,
      },
    ]),
  ];
}

/** The answer to `--extcap-dlts`: what `-i any` gives; the file header says what it is where one interface is chosen. */
export function dltSentences(): readonly Sentence[] {
  return [['dlt', { number: 276, name: 'LINUX_SLL2', display: 'Linux cooked-mode capture v2' }]];
}

/** The answer to `--extcap-config`: the fields of Wireshark's dialog, each a flag of ours. */
export function configSentences(
  asked: ExtcapInterface,
  defaults: { readonly image: string },
): readonly Sentence[] {
  const any: readonly Readonly<Record<string, string | undefined>>[] =
    asked.kind === 'pod'
      ? []
      : [
          {
            call: '--reference',
            display: 'What to capture',
            tooltip: 'web-0, deploy/web, shop/svc/api, node/worker-1',
            type: 'string',
            required: 'true',
            placeholder: 'deploy/web',
          },
          { call: '--namespace', display: 'Namespace', tooltip: 'of names that carry none', type: 'string' },
        ];
  const fields: readonly Readonly<Record<string, string | undefined>>[] = [
    ...any,
    {
      call: '--interface',
      display: 'Interface in the pod',
      tooltip: 'eth0, lo, or any: all of them',
      type: 'string',
      default: 'any',
    },
    {
      call: '--filter',
      display: 'Capture filter',
      tooltip: 'e.g. tcp port 80 (pcap-filter)',
      type: 'string',
    },
    {
      call: '--snaplen',
      display: 'Snapshot length',
      tooltip: 'most bytes kept of a packet',
      type: 'unsigned',
      range: '1,262144',
      default: '262144',
    },
    { call: '--container', display: 'Container', tooltip: 'share its process namespace', type: 'string' },
    {
      call: '--context',
      display: 'Context',
      tooltip: 'of the kubeconfig; empty: the current one',
      type: 'string',
    },
    {
      call: '--image',
      display: 'Debug image',
      tooltip: 'image of the debug container',
      type: 'string',
      default: defaults.image,
    },
  ];
  return fields.map((field, number): Sentence => ['arg', { number, ...field }]);
}
