import { findLease, shellFunctions } from './lease.js';
import { NOT_IN_IMAGE } from './lifeline-script.js';

/**
 * A command that reads its own stdin, or a terminal, leaves no channel for a lifeline: it gets one by a second exec, the guard. The
 * command is registered with the lease before it starts, so that it is ended there when no guard ever comes.
 */
const commandScript = `${shellFunctions}ttl=$1 token=$2 label=$3 term=$4
shift 4
command -v "$1" >/dev/null 2>&1 || exit ${NOT_IN_IMAGE}
[ -z "$term" ] || { TERM=$term; export TERM; }
${findLease}
started $$
if [ -n "$d" ]; then
  printf '%s\\n' "$label" >$d/argv.$$
  echo "0 $ttl $st" >$d/beat.$$
  echo $$ >$d/run.$token
fi
exec "$@"`;

/**
 * The guard: ends the command when the guard's stdin ends, which is when its client is gone, for whatever reason; a terminal's shell
 * is hung up, as when a line is cut, anything else interrupted. Both are killed a second later.
 * As long as there is a client it decides, one letter a line: `h` I am there · `i` interrupt · `t` SIGTERM · `k` SIGKILL ·
 * `d` let it live until the lease ends, which is set to its full time once more; `list` still finds it.
 */
const guardScript = `${shellFunctions}ttl=$1 token=$2 tty=$3 p=
${findLease}
[ -n "$d" ] || exit 219
n=0
while [ $n -lt 50 ]; do
  { read -r p <$d/run.$token; } 2>/dev/null && break
  sleep 0.1 || { sleep 1; n=$((n + 9)); }
  n=$((n + 1))
done
rm -f $d/run.$token
case $p in ''|*[!0-9]*) exit 219 ;; esac
started $p
s=$st
[ -n "$s" ] || exit 0
ours() { started $p && [ "$st" = "$s" ]; }
while read -r word; do
  ours || exit 0
  case $word in
    h) echo "0 $ttl $s" >$d/beat.$p ;;
    i) poke $p ;;
    t) kill -TERM $p ;;
    k) kill -KILL $p ;;
    d) { read -r line <$d/argv.$p; echo "$s $line" >$d/kept.$p; } 2>/dev/null
      echo "0 $ttl 0" >$d/beat.$p
      exit 0 ;;
  esac
done
trap '' TERM HUP
if ours; then
  if [ "$tty" = 1 ]; then kill -HUP $p; else poke $p; fi
fi
n=0
while [ $n -lt 10 ] && ours; do
  sleep 0.1 || { sleep 1; n=10; }
  n=$((n + 1))
done
ours && kill -KILL $p
exit 0`;

/** Ties a command and its guard together. */
export interface AttachedCommand {
  readonly ttlSeconds: number;
  /** Letters and digits, unguessed by others who share the directory. */
  readonly token: string;
  /** How `list` shows it. */
  readonly label: string;
  /** `TERM` of the terminal here; empty: none. */
  readonly term: string;
  readonly tty: boolean;
}

/** argv of the exec that runs the command. Every word is passed as a positional parameter; none is read as shell text. */
export function attachedCommand(command: AttachedCommand, argv: readonly string[]): readonly string[] {
  const { ttlSeconds, token, label, term } = command;
  return ['sh', '-c', commandScript, 'netdebug', String(ttlSeconds), token, label, term, ...argv];
}

/** argv of the exec that guards it. */
export function guardCommand({ ttlSeconds, token, tty }: AttachedCommand): readonly string[] {
  return ['sh', '-c', guardScript, 'netdebug', String(ttlSeconds), token, tty ? '1' : '0'];
}
