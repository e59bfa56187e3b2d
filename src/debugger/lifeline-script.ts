import { findLease, shellFunctions } from './lease.js';

/** Exit code of the lifeline when the program is not in the image; chosen from those that nothing else uses. */
export const NOT_IN_IMAGE = 218;

/**
 * The shell that stands around every tool and ends it when its client is gone.
 *
 * The tool runs in the background; beside it a reader of the exec's stdin. Over v5 the end of the client is an end of file
 * there, at once, whatever the client died of; over v4 a cut connection kills only this shell, and the reader meets the end of
 * file ten seconds later: it lives on, without holding the tool's output, and does the same (measured: exec-client-gone.json).
 *
 * At the end of file nobody reads any more: the tool is interrupted, and killed a second later. As long as there is a client
 * it is the client who decides, one letter a line:
 * `h` I am there · `i` interrupt · `t` SIGTERM · `k` SIGKILL · `u` SIGUSR1, only when the tool catches it (it would die otherwise).
 *
 * When the tool ends by itself, its reader is ended and reaped here, so that no zombie is left to a foreign process 1 in a
 * shared process namespace. This shell lets go of stdout and stderr first: the exec ends with the tool, with its exit code.
 */
const script = `${shellFunctions}ttl=$1
shift
command -v "$1" >/dev/null 2>&1 || exit ${NOT_IN_IMAGE}
${findLease}
exec 3<&0
"$@" 3<&- </dev/null &
p=$!
exec >/dev/null 2>&1
started $p
s=$st
if [ -n "$d" ]; then
  printf '%s\\n' "$*" >$d/argv.$p
  echo "0 $ttl $s" >$d/beat.$p
fi
(
  ours() { started $p && [ "$st" = "$s" ]; }
  while read -r word <&3; do
    ours || exit
    case $word in
      h) [ -z "$d" ] || echo "0 $ttl $s" >$d/beat.$p ;;
      i) poke $p ;;
      t) kill -TERM $p ;;
      k) kill -KILL $p ;;
      u) while read -r key mask; do
        case $key$mask in SigCgt:*[2367abef]??) kill -USR1 $p ;; esac
      done </proc/$p/status ;;
    esac
  done
  trap '' TERM
  ours && poke $p
  n=0
  while [ $n -lt 10 ] && ours; do
    sleep 0.1 || { sleep 1; n=10; }
    n=$((n + 1))
  done
  ours && kill -KILL $p
) &
reader=$!
exec 3<&-
wait $p
code=$?
kill $reader
wait $reader
exit $code`;

/**
 * argv of an exec that runs a tool under the lifeline.
 * @param argv Passed on word by word as positional parameters; no part of it is ever read as shell text.
 * @param ttlSeconds What the lease is set to by this use.
 */
export function lifelineCommand(argv: readonly string[], ttlSeconds: number): readonly string[] {
  return ['sh', '-c', script, 'netdebug', String(ttlSeconds), ...argv];
}
