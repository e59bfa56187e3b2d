/** Port-forward under v4: each port has a data channel 2n and an error channel 2n+1 (`portforward.json`). SPDY is not spoken. */
import type { Duplex } from 'node:stream';
import type { StreamRequest } from '../api/types.js';
import { ChannelSocket } from './channel-socket.js';
import { agree, isRefusal, switchingProtocols, type Refusal } from './protocols.js';

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(port);
  return bytes;
}

async function write(target: Duplex | undefined, data: Buffer): Promise<void> {
  if (target && !target.destroyed && !target.writableEnded && !target.write(data)) {
    await new Promise<void>((resolve) => {
      target
        .once('drain', resolve)
        .once('close', () => resolve())
        .once('error', () => resolve());
    });
  }
}

/** Serves the ports of one request until all their connections have ended. */
export async function serveForward(
  request: StreamRequest,
  refuse: (request: StreamRequest, refusal: Refusal) => void,
): Promise<void> {
  const { metadata, status } = request.pod;
  const { phase } = (status ?? {}) as { readonly phase?: string };
  if (phase === 'Succeeded' || phase === 'Failed') {
    const body = `pod not found ("${metadata.name}_${metadata.namespace ?? ''}")`;
    refuse(request, { status: 500, body });
    return;
  }
  const protocol = agree(request.req, 'portforward');
  if (isRefusal(protocol)) {
    refuse(request, protocol);
    return;
  }
  const ports = request.query.getAll('ports').flatMap((value) => value.split(',').map(Number));
  if (ports.length === 0) {
    refuse(request, { status: 400, body: 'query parameter "port" is required' });
    return;
  }
  request.socket.write(switchingProtocols(request.req, protocol));
  const connections: (Promise<Duplex | undefined> | undefined)[] = [];
  const socket = new ChannelSocket(request.socket, request.head, protocol, {
    data: async (channel, payload) => {
      if (channel % 2 === 0) {
        await write(await connections[channel / 2], payload);
      }
    },
    lost: () => {
      for (const connection of connections) {
        void connection?.then((dialled) => dialled?.destroy());
      }
    },
  });
  ports.forEach((port, index) => {
    socket.send(2 * index, portBytes(port));
    socket.send(2 * index + 1, portBytes(port));
  });
  const uid = request.pod.metadata.uid;
  const ends = ports.map(async (port, index) => {
    const connection = request.kubelet.dial(uid, port).catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      socket.send(2 * index + 1, Buffer.from(`error forwarding port ${port} to pod ${uid}, uid : ${text}`));
      return undefined;
    });
    connections[index] = connection;
    const dialled = await connection;
    if (dialled) {
      await socket.pump(2 * index, dialled);
      dialled.destroy();
    }
  });
  await Promise.all(ends);
  socket.close();
}
