/**
 * The shell that takes a program in, looks whether it runs, and keeps it for as long as its client is there.
 *
 * Words: length of the program, length of the tar that holds it, an id for the folder's name, then the folders to try. It says, a fact a line,
 * parted by tabs: `machine`, `caps` (CapEff), `no WHY FOLDER WORDS` for each folder that will not do, `none`, or `ready HOW FOLDER`;
 * then it takes as many bytes from stdin as it was told, and says `got LENGTH WORDS`, `sum SHA256`, `ran CODE`, what `--version` said, `end`.
 *
 * After that it waits for the word `end` or the end of its stdin, which is the end of its client whatever that died of, and removes the
 * folder. All of this is done by a child of the shell that was started: over v4 a cut connection kills only that one (measured).
 * `head -c` takes exactly what it should, so that stdin can stay open behind it.
 */
const script = `size=$1 packed=$2 id=$3
shift 3
trap '' PIPE HUP
exec 3<&0
umask 077
say() {
  printf '%s' "$1"
  shift
  [ $# -eq 0 ] || printf '\\t%s' "$@"
  printf '\\n'
}
(
  say machine "$(uname -m 2>/dev/null)"
  while read -r key mask; do
    case $key in CapEff:) say caps $mask ;; esac
  done </proc/self/status
  shell=/bin/sh d=
  [ -x $shell ] || shell=$(command -v sh)
  for c in "$@"; do
    [ -d "$c" ] || continue
    t=$c/.netdebug-upload-$id
    why=$(mkdir "$t" 2>&1) || { say no write "$c" "$why"; continue; }
    if ! printf '#!%s\\nexit 0\\n' "$shell" 2>/dev/null >"$t/try"; then
      say no space "$c"
    else
      chmod 700 "$t/try"
      case $shell in /*) ;; *) echo >"$t/try" ;; esac
      why=$("$t/try" 2>&1) || { say no exec "$c" "$why"; rm -rf "$t"; continue; }
      free=$(df -Pk "$t" 2>/dev/null | { read -r line; read -r a b c2 free rest; echo "$free"; })
      case $free in '' | *[!0-9]*) free=$size ;; *) free=$((free * 1024)) ;; esac
      rm -f "$t/try"
      if [ "$free" -ge "$size" ]; then d=$t; break; fi
      say no space "$c"
    fi
    rm -rf "$t"
  done
  [ -n "$d" ] || { say none; exit 1; }
  command -v head >/dev/null 2>&1 || { say no head "$d"; rm -rf "$d"; exit 1; }
  f=$d/tcpdump
  if command -v tar >/dev/null 2>&1; then
    say ready tar "$d"
    head -c "$packed" <&3 | tar xof - -C "$d" 2>"$d/words"
  else
    say ready cat "$d"
    head -c "$size" <&3 2>"$d/words" | cat 2>>"$d/words" >"$f"
  fi
  got=$(wc -c <"$f") 2>/dev/null
  if [ "$((got))" -ne "$size" ]; then
    say got "$((got))" "$(head -c 300 "$d/words")"
    rm -rf "$d"
    exit 1
  fi
  say got "$((got))"
  chmod 700 "$f"
  sum=$(sha256sum <"$f" 2>/dev/null)
  say sum "\${sum%% *}"
  "$f" --version >"$d/said" 2>&1 </dev/null &
  p=$!
  (
    while read -r word; do [ "$word" = end ] && break; done
    [ -e "$d/over" ] || kill -KILL $p
    rm -rf "$d"
  ) <&3 >/dev/null 2>&1 &
  guard=$!
  wait $p
  code=$?
  : >"$d/over"
  say ran $code
  head -c 2000 "$d/said"
  say ''
  say end
  wait $guard
) &
exec 3<&-
wait $!`;

/** argv of the exec that takes a program in and keeps it. */
export function keeperCommand(
  programBytes: number,
  packedBytes: number,
  id: string,
  folders: readonly string[],
): readonly string[] {
  return ['sh', '-c', script, 'netdebug', String(programBytes), String(packedBytes), id, ...folders];
}
