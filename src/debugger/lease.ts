/**
 * The lease: what the debug container itself runs. It does nothing but wait, and ends by itself.
 *
 * One directory, made by the lease and used by every tool that is started beside it (lifeline.ts, inspect.ts):
 *
 * | file        | written by          | holds                                                             |
 * |-------------|---------------------|-------------------------------------------------------------------|
 * | `pid`       | the lease           | its process id, which is not 1 when the process namespace is shared |
 * | `left`      | the lease, each step | seconds until it ends, unless it is used, and its ttl              |
 * | `beat.PID`  | tool and lease      | steps since the client was last heard, ttl, start time of PID      |
 * | `argv.PID`  | the tool            | its command line, for people                                       |
 * | `kept.PID`  | the guard           | start time of PID, command line: left running by its client, no use |
 *
 * A `beat` file is a use: it sets the time left to the ttl that it names, also when its process is gone already; then it is
 * removed. A tool whose client was silent for too many steps is ended here, because a network that is cut without a word
 * is noticed by nobody else.
 *
 * The process id is only trusted together with the start time (field 22 of /proc/PID/stat), so that nobody else's process is
 * ended in a shared process namespace. What is read from the files is checked to be digits before the shell counts with it.
 */

/** Version of the files above; containers with another one are left alone. */
export const LEASE_VERSION = '1';

/** Environment of the debug container: how its own processes and later clients know it. */
export const leaseEnv = {
  version: 'NETDEBUG_LEASE',
  id: 'NETDEBUG_ID',
  image: 'NETDEBUG_IMAGE',
  profile: 'NETDEBUG_PROFILE',
} as const;

/**
 * Shell functions shared by the scripts. `started PID` prints nothing and sets `st` to the start time (empty when gone);
 * `poke PID` interrupts, with SIGTERM where SIGINT is ignored (background jobs of a shell begin so; bit 1 of SigIgn, proc(5)).
 */
export const shellFunctions = `started() {
  st=
  { read -r line </proc/$1/stat; } 2>/dev/null || return 1
  set -- \${line##*) }
  st=\${20}
}
poke() {
  sig=INT
  while read -r key mask; do
    case $key$mask in SigIgn:*[2367abef]) sig=TERM ;; esac
  done 2>/dev/null </proc/$1/status
  kill -$sig $1 2>/dev/null
}
`;

/** Where the directory may be: the first that can be written. /dev/shm is shared by the pod's containers, hence the id. */
export const leaseDirectories = '/tmp /dev/shm';

/** Shell text that sets `d` to the lease's directory; empty when there is none. */
export const findLease = `d=
for c in ${leaseDirectories}; do
  if [ -w $c/.netdebug-$NETDEBUG_ID/pid ]; then d=$c/.netdebug-$NETDEBUG_ID; break; fi
done`;

// The kubelet turns two dollar signs in a container's command into one, so the usual word for the own process id is not used.
const script = `${shellFunctions}ttl=$1 step=$2 limit=$3 d= slept=
exec 2>/dev/null
scan() {
  tools=
  for f in $d/beat.*; do
    p=\${f##*.}
    { read -r n t s <$f; } || continue
    case $p$n$t$s in *[!0-9]*) continue ;; esac
    left=$t
    if started $p && [ "$st" = "$s" ]; then
      tools="$tools $p"
      n=$((n + 1))
      if [ $n -gt $((limit + 1)) ]; then kill -KILL $p; elif [ $n -gt $limit ]; then poke $p; fi
      echo "$n $t $s" >$f
    else
      rm -f $f $d/argv.$p
    fi
  done
}
end() {
  trap '' TERM INT
  [ "$!" = "$slept" ] || kill $!
  scan
  for p in $tools; do poke $p; done
  n=0
  while [ -n "$tools" ]; do
    n=$((n + 1))
    sleep 0.2 || sleep 1
    scan
    if [ $n -gt 4 ]; then for p in $tools; do kill -KILL $p; done; fi
    [ $n -gt 9 ] && break
  done
  [ -z "$d" ] || rm -rf $d
  exit 0
}
trap end TERM INT
for c in ${leaseDirectories}; do
  if mkdir -p -m 700 $c/.netdebug-$NETDEBUG_ID && read -r p line </proc/self/stat && echo $p >$c/.netdebug-$NETDEBUG_ID/pid; then
    d=$c/.netdebug-$NETDEBUG_ID
    break
  fi
done
left=$ttl
while :; do
  before=$left
  left=
  scan
  [ -n "$left" ] || left=$before
  [ $left -gt 0 ] || end
  [ -z "$d" ] || echo $left $ttl >$d/left
  sleep $step &
  wait $!
  slept=$!
  left=$((left - step))
done`;

/** A lease looks at its tools this often, seconds. */
function stepSeconds(ttlSeconds: number): number {
  return ttlSeconds < 60 ? 1 : 5;
}

/** A tool whose client was silent for this long is ended, seconds; clients are heard every {@link heartbeatSeconds}. */
const silenceSeconds = 45;

/** How often a client says that it is there. */
export const heartbeatSeconds = 10;

/**
 * The command of the debug container. The script is always the same; only numbers follow it.
 * @param ttlSeconds The container ends by itself after this long without use.
 */
export function leaseCommand(ttlSeconds: number): readonly string[] {
  const step = stepSeconds(ttlSeconds);
  return [
    'sh',
    '-c',
    script,
    'netdebug',
    String(ttlSeconds),
    String(step),
    String(Math.ceil(silenceSeconds / step)),
  ];
}
