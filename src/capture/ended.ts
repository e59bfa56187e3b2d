/**
 * Why a capture, or one source of it, ended. `limit`: packets, time or size as asked. `trigger`: what was
 * waited for came. `interrupt`: Ctrl-C. `reader`: whoever read
 * the packets went away (Wireshark, a pipe). `tool`: tcpdump ended by itself. `lost`: the connection went away. `gone`: the pod
 * went away. `sink`: the bytes could not be written.
 */
export type EndedBy = 'limit' | 'trigger' | 'interrupt' | 'reader' | 'tool' | 'lost' | 'gone' | 'sink';

/** Why everything is told to stop. */
export type StopReason = Exclude<EndedBy, 'lost' | 'gone'>;
