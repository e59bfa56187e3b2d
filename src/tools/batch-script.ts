import { datagramFor } from './connect-script.js';
import { nowFunction } from './probe.js';

/** One connection to try. */
export interface BatchProbe {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

/**
 * Tries many connections, some at once: each of the workers takes every so manieth of them. A probe is one line, written at once,
 * so that lines of workers do not mix: its place, when it began and ended, the exit code, and what the program said, by tabs.
 * bash comes first: it has the exact errno and a clock of microseconds. A signal that ends the shell ends all that came of it: the
 * workers wait for programs whose numbers nobody knows, so that they are looked for by their parents.
 * Parameters: seconds to wait, workers, then HOST/PORT/t or HOST/PORT/u/DATAGRAM for each.
 */
const script = `${nowFunction}wait=$1 workers=$2
shift 2
stop() {
  trap '' TERM INT HUP
  set +f
  all=" $$ " more=1
  while [ -n "$more" ]; do
    more=
    for f in /proc/[0-9]*/stat; do
      { read -r line <$f; } 2>/dev/null || continue
      p=\${f#/proc/} p=\${p%/stat}
      case $all in *" $p "*) continue ;; esac
      set -- \${line##*) }
      case $all in *" $2 "*) all="$all$p " more=1 ;; esac
    done
  done
  kill \${all#" $$ "} 2>/dev/null
  exit 143
}
trap stop TERM INT HUP
tcp='echo "start $EPOCHREALTIME"; exec 3<>"/dev/tcp/$1/$2"; r=$?; echo "end $EPOCHREALTIME $r"'
udp='exec 3<>"/dev/udp/$1/$2" || exit 3
echo "start $EPOCHREALTIME"; printf "$4" >&3; read -r -t "$3" -N 1 -u 3 x; r=$?; echo "end $EPOCHREALTIME $r"'
if command -v bash >/dev/null && command -v timeout >/dev/null; then via=bash
elif command -v nc >/dev/null; then
  via=nc
  case $(nc -h 2>&1) in *BusyBox*) via='busybox nc' ;; esac
else echo 'via none'; exit; fi
echo "via $via"
set -f
tab=$(printf '\\t')
probe() {
  rest=$2
  host=\${rest%%/*} rest=\${rest#*/}
  port=\${rest%%/*} rest=\${rest#*/}
  how=\${rest%%/*} data=\${rest#*/}
  now; begin=$n out= r=
  case $how-$via in
    t-bash) out=$(timeout $wait bash -c "$tcp" bash "$host" "$port" 2>&1 </dev/null); r=$? ;;
    t-nc) out=$(nc -zv -w $wait "$host" "$port" 2>&1 </dev/null); r=$? ;;
    t-*) out=$(nc -w $wait "$host" "$port" -e true 2>&1 </dev/null); r=$? ;;
    u-bash) out=$(bash -c "$udp" bash "$host" "$port" $wait "$data" 2>&1 </dev/null); r=$? ;;
  esac
  now
  IFS='
'
  set -- "$1" $out
  at=$1
  shift
  IFS=$tab
  printf '%s\\t%s\\t%s\\t%s\\t%.900s\\n' "$at" "$begin" "$n" "$r" "$*"
  unset IFS
}
work() {
  mine=$1 at=0
  shift
  for word in "$@"; do
    if [ $((at % workers)) -eq $mine ]; then
      kill -0 $$ 2>/dev/null || exit
      probe $at "$word"
    fi
    at=$((at + 1))
  done
}
k=0
while [ $k -lt $workers ]; do
  work $k "$@" &
  k=$((k + 1))
done
wait`;

export interface BatchOptions {
  /** For each attempt; rounded up to whole seconds, as busybox knows no parts. */
  readonly timeoutMs: number;
  readonly connectionsAtOnce: number;
}

/** argv of a batch. Addresses are words of their own: no part of them is ever read as shell text. */
export function batchArgv(
  probes: readonly BatchProbe[],
  { timeoutMs, connectionsAtOnce }: BatchOptions,
): string[] {
  const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
  const workers = String(Math.max(1, Math.min(connectionsAtOnce, probes.length)));
  return ['sh', '-c', script, 'netdebug', seconds, workers, ...probes.map(wordOf)];
}

function wordOf({ host, port, protocol }: BatchProbe): string {
  return protocol === 'tcp' ? `${host}/${port}/t` : `${host}/${port}/u/${datagramFor(port)}`;
}

/** An exec carries its argv in the URL, of which proxies take 8 kB and little more: the scripts take three quarters of that. */
const mostWordBytes = 1_500;

/** Places in `probes` that go into one exec together. */
export function inBatches(probes: readonly BatchProbe[]): number[][] {
  const batches: number[][] = [];
  let room = 0;
  for (const [at, probe] of probes.entries()) {
    // Besides the word itself, `&command=`.
    const bytes = encodeURIComponent(wordOf(probe)).length + 9;
    if (bytes > room) {
      batches.push([]);
      room = mostWordBytes;
    }
    batches.at(-1)?.push(at);
    room -= bytes;
  }
  return batches;
}
