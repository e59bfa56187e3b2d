import { type Socket, type SocketProcess } from '../../src/tools/sockets-parse.js';
import { table } from './table.js';

/** The sockets of a pod as a table; `wide` adds what is seldom asked for. Processes have a column when any can be seen. */
export function socketsTable(sockets: readonly Socket[], wide: boolean): string {
  const processes = sockets.some((socket) => socket.processes.length > 0);
  const headings = [
    'PROTO',
    'STATE',
    'RECV-Q',
    'SEND-Q',
    'LOCAL',
    'PEER',
    ...(processes ? ['PROCESS'] : []),
    ...(wide ? ['BACKLOG', 'DEVICE', 'UID', 'INODE'] : []),
  ];
  const rows = sockets.map((socket) => [
    `${socket.protocol}${socket.family === 'ipv6' ? '6' : ''}`,
    socket.state,
    String(socket.recvQ),
    String(socket.sendQ),
    endpoint(socket.localAddress, socket.localPort),
    socket.remotePort === 0 ? '*' : endpoint(socket.remoteAddress, socket.remotePort),
    ...(processes ? [socket.processes.map(processText).join(', ')] : []),
    ...(wide ? [text(socket.backlog), socket.device, text(socket.uid), text(socket.inode)] : []),
  ]);
  return table(headings, rows);
}

function endpoint(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port === 0 ? '*' : port}`;
}

function processText({ pid, name }: SocketProcess): string {
  return `${name}/${pid}`;
}

function text(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
