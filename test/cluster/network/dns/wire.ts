/** A DNS server on UDP and TCP, and questions to another one. */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import packet, { type Answer, type DecodedPacket, type Packet } from 'dns-packet';

/** One question as it came. */
export interface Asked {
  readonly query: DecodedPacket;
  readonly protocol: 'udp' | 'tcp';
  readonly from: { readonly address: string; readonly port: number };
  /** Bytes of the question, and how many an answer over UDP may have. */
  readonly size: number;
  readonly bufferSize: number;
  readonly dnssecOk: boolean;
  /** It came with an OPT record, which the answer then has as well. */
  readonly edns: boolean;
}

/** Numbers of the response codes; they are the low bits of the flags. */
export const rcodes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

function asked(message: Buffer, protocol: 'udp' | 'tcp', from: Asked['from']): Asked {
  const query = packet.decode(message);
  const opt = query.additionals?.find((item) => item.type === 'OPT');
  return {
    query,
    protocol,
    from,
    size: message.length,
    bufferSize: Math.max(512, opt?.type === 'OPT' ? opt.udpPayloadSize : 512),
    dnssecOk: opt?.type === 'OPT' && opt.flag_do,
    edns: opt !== undefined,
  };
}

/** The OPT record of one who takes answers of so many bytes. */
export function edns(udpPayloadSize: number): Answer {
  return {
    name: '.',
    type: 'OPT',
    udpPayloadSize,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

/** The bytes of an answer; over UDP what does not fit is left out, and TC says so. */
export function encodeReply(question: Asked, reply: Packet): Buffer {
  const opt = question.edns ? [edns(question.bufferSize)] : [];
  const whole = packet.encode({ ...reply, additionals: [...(reply.additionals ?? []), ...opt] });
  if (question.protocol === 'tcp' || whole.length <= question.bufferSize) return whole;
  const answers = [...(reply.answers ?? [])];
  for (;;) {
    answers.pop();
    const cut = packet.encode({
      ...reply,
      flags: (reply.flags ?? 0) | packet.TRUNCATED_RESPONSE,
      answers,
      additionals: opt,
    });
    if (cut.length <= question.bufferSize || answers.length === 0) return cut;
  }
}

function serveTcp(socket: Socket, answer: (question: Asked) => Promise<Buffer | undefined>): void {
  let held = Buffer.alloc(0);
  const from = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
  socket.setTimeout(10_000, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const message = held.subarray(2, 2 + held.readUInt16BE(0));
      held = held.subarray(2 + message.length);
      let question: Asked;
      try {
        question = asked(message, 'tcp', from);
      } catch {
        socket.destroy();
        return;
      }
      void answer(question).then((reply) => {
        if (reply === undefined) return;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      });
    }
  });
}

/** Listens on both protocols of a port; `undefined` stands for no answer. What cannot be read is not answered. */
export async function serveDns(
  address: string,
  port: number,
  answer: (question: Asked) => Promise<Buffer | undefined>,
): Promise<() => void> {
  const udp = createSocket('udp4');
  udp.on('message', (message, from) => {
    let question: Asked;
    try {
      question = asked(message, 'udp', from);
    } catch {
      return;
    }
    void answer(question).then((reply) => {
      if (reply !== undefined) udp.send(reply, from.port, from.address);
    });
  });
  const tcp = createServer((socket) => serveTcp(socket, answer));
  await Promise.all([
    new Promise<void>((resolve, reject) => {
      udp.once('error', reject).bind(port, address, resolve);
    }),
    new Promise<void>((resolve, reject) => {
      tcp.once('error', reject).listen(port, address, resolve);
    }),
  ]);
  return () => {
    udp.close();
    tcp.close();
  };
}

/** Asks another server over UDP. Rejects with what Go would say after `timeoutMs`. */
export function askUdp(server: string, query: Packet, timeoutMs: number): Promise<DecodedPacket> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    const end = (act: () => void): void => {
      clearTimeout(timer);
      socket.close();
      act();
    };
    const fail = (why: string): void => {
      let from = '';
      try {
        const { address, port } = socket.address();
        from = `${address}:${port}->`;
      } catch {
        // It has no address yet.
      }
      end(() => reject(new Error(`read udp ${from}${server}:53: ${why}`)));
    };
    const timer = setTimeout(() => fail('i/o timeout'), timeoutMs);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      fail(error.code === 'ECONNREFUSED' ? 'read: connection refused' : error.message);
    });
    socket.on('message', (message) => {
      const reply = packet.decode(message);
      if (reply.id === query.id) end(() => resolve(reply));
    });
    // A connected socket hears of ports that are closed, as Go's does.
    socket.connect(53, server, () => socket.send(packet.encode(query)));
  });
}
