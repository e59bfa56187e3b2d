import type { CaptureDestination } from '../src/capture/capture.js';
import { countConversations, type ConversationCounter } from '../src/capture/conversations.js';
import type { Sink } from '../src/capture/sink.js';
import type { CaptureSource } from '../src/capture/source.js';
import type { PacketStream } from '../src/capture/stream.js';
import { pcapStream } from '../src/capture/stream-pcap.js';
import { pcapngStream } from '../src/capture/stream-pcapng.js';
import { tappedSink } from '../src/capture/tapped.js';
import { createMerger } from '../src/pcap/merge.js';
import type { CaptureCommandRequest } from './capturerequest.js';
import type { Environment } from './environment.js';
import { prepareSink } from './sinks/open.js';
import { prepareSplit } from './sinks/split.js';
import { programVersion } from './version.js';

/** What waits for a silent source; with what else is on its way, twenty busy pods stay well under 200 MB. */
const heldLimitBytes = 8 * 1024 * 1024;

/** What is known of a capture when the cluster is. */
export interface CaptureFacts {
  readonly server: string;
  readonly filter: string | undefined;
}

/** Where the packets go, made sure of before the cluster is asked anything. */
export interface CaptureOutput {
  /** For the summary. */
  readonly name: string;
  /** True when packets go to stdout, so that nothing else may. */
  readonly takesStdout: boolean;
  /** With `--stats`: who talked to whom in what was written. */
  readonly conversations: ConversationCounter | undefined;
  /** For {@link CaptureOptions.to}. */
  readonly to: (facts: CaptureFacts) => CaptureDestination | ((source: CaptureSource) => CaptureDestination);
  /** Leaves nothing behind if it was never opened. */
  readonly discard: () => Promise<void>;
}

/** Finds the destination. Throws a usage error when it cannot take packets. */
export async function prepareOutput(
  request: CaptureCommandRequest,
  environment: Environment,
): Promise<CaptureOutput> {
  const { destination, files, format, capture, wireshark } = request;
  const conversations = request.stats ? countConversations() : undefined;
  /** Shows what a sink takes to the counter as well. */
  const counted = (sink: Sink): Sink =>
    conversations === undefined ? sink : tappedSink(sink, conversations.tap());
  const stream = (facts: CaptureFacts): PacketStream => streamOf(request, facts, environment);
  if (files.split && destination.kind === 'file') {
    const split = await prepareSplit(destination.path, format, files.rotation, environment);
    return {
      name: split.name,
      takesStdout: false,
      conversations,
      to: (facts) => (source) => ({
        stream: stream(facts),
        openSink: async () => counted((await split.open(source.place, source.interface)).sink),
      }),
      discard: split.discard,
    };
  }
  const any = (capture.interfaces ?? ['any']).includes('any');
  const ready = await prepareSink(destination, wireshark, environment, any, files.rotation);
  return {
    name: ready.name,
    takesStdout: ready.takesStdout,
    conversations,
    to: (facts) => ({ stream: stream(facts), openSink: async () => counted(await ready.open()) }),
    discard: ready.discard,
  };
}

function streamOf(
  { capture, format, shown }: CaptureCommandRequest,
  { server, filter }: CaptureFacts,
  { platform, arch }: Environment,
): PacketStream {
  const limits = { maxBytes: capture.maxBytes, maxPackets: capture.packetCount };
  if (format === 'pcap') return pcapStream(limits);
  const comments = [shown, `cluster ${server}`, ...(filter === undefined ? [] : [`filter ${filter}`])];
  const section = { application: `kubectl-netdebug ${programVersion}`, os: `${platform}/${arch}`, comments };
  return pcapngStream(createMerger(section, { heldLimitBytes }), limits);
}
