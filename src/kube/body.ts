import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ExitCode, NetdebugError } from '../errors.js';

/**
 * Reads a body to its end as text, unpacking gzip. More than `limitBytes` (after unpacking) is an error, or with `cut` the text ends there and
 * the connection is given up. Rejects when the body breaks off.
 */
export async function readBody(
  response: IncomingMessage,
  limitBytes: number,
  over: 'fail' | 'cut',
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of unpacked(response) as AsyncIterable<Buffer>) {
    const room = limitBytes - bytes;
    chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    bytes += chunk.length;
    if (bytes > limitBytes) {
      response.destroy();
      if (over === 'cut') break;
      throw new NetdebugError(
        `The API server's answer is larger than ${Math.floor(limitBytes / 1024 / 1024)} MiB.`,
        {
          exitCode: ExitCode.unreachable,
          hint: 'Ask for less: one namespace (-n) or a label selector (-l).',
        },
      );
    }
  }
  // A character may lie across chunks, so the text is made of all of them at once.
  return Buffer.concat(chunks).toString('utf8');
}

function unpacked(response: IncomingMessage): Readable {
  if (response.headers['content-encoding'] !== 'gzip') return response;
  const gunzip = createGunzip();
  response.on('error', (error) => gunzip.destroy(error));
  return response.pipe(gunzip);
}
