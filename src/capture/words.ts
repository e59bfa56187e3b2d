import type { Readable } from 'node:stream';
import { parseTcpdumpLine, type TcpdumpCounters } from '../tools/tcpdump.js';
import { eachLine } from '../tools/text.js';

/** Words of tcpdump that are kept for an error message; what comes after is not. */
const MOST_WORDS = 50;

/** What tcpdump has said on stderr so far. */
export interface TcpdumpWords {
  readonly listening: boolean;
  /** The counters at the end, as far as they came. */
  readonly counters: Partial<TcpdumpCounters>;
  /** The last answer to SIGUSR1. */
  readonly progress: TcpdumpCounters | undefined;
  /** Warnings and errors. */
  readonly words: readonly string[];
  /** Resolves when stderr has ended. */
  readonly ended: Promise<void>;
}

/**
 * Reads tcpdump's stderr to its end. `onListening` is called once, when the capture has begun, `onProgress` at each answer to SIGUSR1.
 */
export function listenToWords(
  stderr: Readable,
  onListening: () => void,
  onProgress: (counters: TcpdumpCounters) => void = () => undefined,
): TcpdumpWords {
  const words: string[] = [];
  const counters: Partial<Record<keyof TcpdumpCounters, number>> = {};
  const state = { listening: false, progress: undefined as TcpdumpCounters | undefined };
  const ended = eachLine(stderr, (line) => {
    const parsed = parseTcpdumpLine(line);
    switch (parsed.kind) {
      case 'listening':
        state.listening = true;
        onListening();
        break;
      case 'progress':
        state.progress = parsed;
        onProgress(parsed);
        break;
      case 'counter':
        counters[parsed.name] = parsed.value;
        break;
      case 'words':
        if (words.length < MOST_WORDS) words.push(parsed.text);
        break;
      case 'chatter':
        break;
    }
  });
  return {
    get listening() {
      return state.listening;
    },
    get progress() {
      return state.progress;
    },
    counters,
    words,
    ended,
  };
}
