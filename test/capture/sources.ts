import { startCapture, type CaptureOptions, type RunningCapture } from '../../src/capture/capture.js';
import { pcapngStream } from '../../src/capture/stream-pcapng.js';
import type { CaptureSource, PacketSession } from '../../src/capture/source.js';
import type { StreamLimits } from '../../src/capture/stream.js';
import { writePcapHeader } from '../../src/pcap/header.js';
import { createMerger } from '../../src/pcap/merge.js';
import { walkRecords } from '../../src/pcap/walk.js';
import { writePcapRecord } from '../../src/pcap/writer.js';
import { clock, played, type PlayedSession } from '../tools/local.js';
import type { MemorySink } from './sinks.js';
import { place } from './start.js';

const header = { littleEndian: true, precision: 'micro', snaplen: 262144, linktype: 1 } as const;

/** The file header of a played tcpdump. */
const fileHeader = writePcapHeader(header);

/** One packet; its first bytes tell of which pod it is and which number it has. */
function packet(pod: string, number: number, milliseconds: number, length = 60): Uint8Array {
  const data = new Uint8Array(length);
  data.set(new TextEncoder().encode(`${pod}-${number}`.padEnd(20)));
  return writePcapRecord(header, {
    seconds: 1_700_000_000 + Math.floor(milliseconds / 1000),
    nanoseconds: (milliseconds % 1000) * 1_000_000,
    originalLength: length,
    data,
  });
}

/** What tcpdump says when it begins, and when it has ended. */
const listening = 'tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n';
const counters = (captured: number, dropped = 0): string =>
  `${captured} packets captured\n${captured + dropped} packets received by filter\n${dropped} packets dropped by kernel\n`;

/** A tcpdump in a pod that a test plays. */
export interface PlayedSource {
  readonly source: CaptureSource;
  readonly session: PlayedSession;
  /** It listens. */
  listen(): void;
  /** Sends packets of these times; resolves when they were taken. */
  send(...milliseconds: number[]): void;
  readonly sent: number;
  /** Ends in order. */
  finish(): void;
}

/** A source of a pod. When it is stopped it ends in order, unless `stubborn`. */
export function playedSource(pod: string, { stubborn = false } = {}): PlayedSource {
  let sent = 0;
  const finish = (): void => {
    session.stderr.write(counters(sent));
    session.finish({ kind: 'exited', exitCode: 0 });
  };
  const session = played(stubborn ? undefined : finish);
  return {
    source: { place: place(pod), interface: 'eth0', filter: undefined, argv: ['tcpdump', pod] },
    session,
    listen: () => {
      session.stdout.write(fileHeader);
      session.stderr.write(listening);
    },
    send: (...times) => {
      for (const time of times) session.stdout.write(packet(pod, sent++, time));
    },
    get sent() {
      return sent;
    },
    finish,
  };
}

/** A capture of played sources, by name. What is not played cannot be opened. */
export function captureOf(
  sources: readonly PlayedSource[],
  sink: MemorySink,
  { limits = {}, open, ...options }: Partial<CaptureOptions> & { readonly limits?: StreamLimits } = {},
  initial: readonly PlayedSource[] = sources,
): RunningCapture {
  return startCapture(
    initial.map(({ source }) => ({ name: source.argv.join(' '), sources: [source] })),
    {
      open:
        open ??
        (({ argv }): Promise<PacketSession> => {
          const found = sources.find(({ source }) => source.argv[1] === argv[1]);
          return found === undefined
            ? Promise.reject(new Error('not played'))
            : Promise.resolve(found.session);
        }),
      to: { stream: pcapngStream(createMerger({ application: 'test' }), limits), openSink: sink.open },
      clock,
      ...options,
    },
  );
}

/** What the packets of a pcapng say of themselves, in file order, and their times. */
export function packetsIn(bytes: Uint8Array): { readonly text: string; readonly at: number }[] {
  const walker = walkRecords();
  const packets = [];
  for (let at = 0; at < bytes.length;) {
    const end = walker.next(bytes, at);
    if (end === undefined) throw new Error(`no whole block at ${at} of ${bytes.length}`);
    if (walker.kind === 'packet') {
      const { seconds, nanoseconds } = walker.time();
      const text = new TextDecoder().decode(bytes.subarray(walker.dataAt, walker.dataAt + 20)).trim();
      packets.push({ text, at: (seconds - 1_700_000_000) * 1000 + nanoseconds / 1e6 });
    }
    at = end;
  }
  return packets;
}
