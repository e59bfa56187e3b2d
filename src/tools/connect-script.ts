import { heldFunction, nowFunction } from './probe.js';

/**
 * Opens TCP connections one after the other, and says when each began and ended and what the program said.
 * bash comes first: it has the exact errno and a clock of microseconds; then any nc, of which busybox's has no -z
 * but runs a program once it is connected. Parameters: host, port, seconds to wait, attempts.
 */
const tcp = `${nowFunction}${heldFunction}host=$1 port=$2 wait=$3 count=$4
one='echo "start $EPOCHREALTIME"; exec 3<>"/dev/tcp/$1/$2"; r=$?; echo "end $EPOCHREALTIME $r"'
if command -v bash >/dev/null && command -v timeout >/dev/null; then via=bash
elif command -v nc >/dev/null; then
  via=nc
  case $(nc -h 2>&1) in *BusyBox*) via='busybox nc' ;; esac
else echo 'via none'; exit; fi
echo "via $via"
i=0
while [ $i -lt $count ]; do
  i=$((i + 1))
  echo try
  now; begin=$n
  case $via in
    bash) held timeout $wait bash -c "$one" bash "$host" "$port" 2>&1 </dev/null; r=$? ;;
    nc) echo "start $begin"; held nc -zv -w $wait "$host" "$port" 2>&1 </dev/null; r=$? ;;
    *) echo "start $begin"; held nc -w $wait "$host" "$port" -e true 2>&1 </dev/null; r=$? ;;
  esac
  now
  echo "done $n $r"
done`;

/**
 * Sends a datagram and waits for an answer or an ICMP error. Only the length of the answer is told. Without bash busybox's nslookup asks
 * port 53, and its traceroute sends to the port after the one that it is told: of that only the ICMP error is heard, never an answer.
 * Parameters: host, port, seconds to wait, attempts, the datagram as printf's octal escapes.
 */
const udp = `${nowFunction}${heldFunction}host=$1 port=$2 wait=$3 count=$4 data=$5
one='exec 3<>"/dev/udp/$1/$2" || exit 3
echo "start $EPOCHREALTIME"; printf "$4" >&3; read -r -t "$3" -N 1 -u 3 x; r=$?; echo "end $EPOCHREALTIME $r"'
via=none
if command -v bash >/dev/null; then via=bash
elif [ "$port" = 53 ] && command -v nslookup >/dev/null && command -v timeout >/dev/null; then via=nslookup
else case $(traceroute --help 2>&1 </dev/null) in *BusyBox*) via=traceroute ;; esac; fi
echo "via $via"
if [ $via = none ]; then exit; fi
i=0
while [ $i -lt $count ]; do
  i=$((i + 1))
  echo try
  case $via in
    bash) held bash -c "$one" bash "$host" "$port" $wait "$data" 2>&1 </dev/null; r=$? ;;
    nslookup) now; echo "start $n"; echo 'nslookup:'; held timeout $wait nslookup -type=a localhost. "$host" 2>&1 </dev/null; r=$? ;;
    *)
      now; echo "start $n"
      held traceroute -n -q 1 -w $wait -f 64 -m 64 -p $((port - 1)) "$host" 2>&1 </dev/null; r=$? ;;
  esac
  now
  echo "done $n $r"
done`;

export interface ConnectArgv {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly timeoutMs: number;
  readonly count: number;
}

/** A query for the name servers of the root: what a DNS server answers, whatever it serves. RFC 1035. */
const dnsQuery = [0x4e, 0x44, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];

/** argv of all attempts at one address. Seconds are whole: busybox knows no parts. */
export function connectArgv({ host, port, protocol, timeoutMs, count }: ConnectArgv): string[] {
  const wait = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
  const argv = [
    'sh',
    '-c',
    protocol === 'tcp' ? tcp : udp,
    'netdebug',
    host,
    String(port),
    wait,
    String(count),
  ];
  return protocol === 'tcp' ? argv : [...argv, datagramFor(port)];
}

/** What is sent to a UDP port, as printf's octal escapes: a DNS query to port 53, a line end to others. */
export function datagramFor(port: number): string {
  const bytes = port === 53 ? dnsQuery : [0x0a];
  return bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
