import { findLease, shellFunctions } from '../../debugger/lease.js';

/**
 * The spool: a tcpdump that writes into files of the debug container, by itself, so that it never waits for whoever reads.
 *
 * Its folder is `spool.NAME` in the lease's directory (lease.ts), so that the lease removes it, too. Where that one is in memory
 * (/dev/shm), it is a symbolic link to a folder in $TMPDIR.
 *
 * | file             | written by     | holds                                                                            |
 * |------------------|----------------|----------------------------------------------------------------------------------|
 * | `p`, `p1`, `p2`  | tcpdump        | packets, each a pcap file; numbers only grow, so a file never changes its meaning |
 * | `base`           | the supervisor | number of the oldest file that is kept, bytes of all before it                   |
 * | `tcpdump.words`  | tcpdump        | its stderr                                                                       |
 * | `tcpdump.pid`, `tcpdump.end` | its parent | its process id; its exit code and when it ended, seconds since 1970      |
 * | `trigger`        | the supervisor | nothing: there is one, a tcpdump that waits for one packet                       |
 * | `trigger.*`      |                | what `tcpdump.*` holds, of that one                                              |
 * | `pid`            | the supervisor | its process id and start time                                                    |
 * | `reader`         | the reader     | the same; while such a process lives, somebody is there                          |
 * | `about`          | start          | one line for who takes it up again                                               |
 * | `stop`, `over`   | a client       | nothing: tcpdump is to end; all is fetched, remove everything                    |
 *
 * `base` is replaced, never written over: a reader that met it empty would take the spool for gone.
 *
 * tcpdump's own ring (-W) opens the oldest file again and cuts it to nothing under whoever reads it. So it is told only to begin a
 * new file now and then (-C), and the supervisor removes the oldest: a reader that has one open reads it to its end.
 */
export const spoolExit = {
  /** The file that is to be read was removed before it was. */
  gone: 91,
  /** There is no such spool. */
  absent: 92,
  /** No directory of the container can be written. */
  nowhere: 93,
  /** Not enough room; the KiB that are free are on stdout. */
  full: 94,
  /** Whoever kept the files was killed. */
  orphan: 95,
} as const;

/** What tcpdump is told to write to, in the spool's folder: `p`, then `p1`, `p2`, ... */
export const spoolFile = 'p';

/**
 * Makes the folder and starts the supervisor, which lives on when this exec has ended. The supervisor says to the lease that it and
 * tcpdump are alive; it ends when nobody reads for too long, when a client says so, or with the lease; and it removes its folder.
 *
 * $1 name, $2 KiB that must be free, $3 files kept, $4 the lease's ttl, $5 seconds without a reader while it captures (0: any),
 * $6 seconds to capture (0: any), $7 seconds without a reader after the end, $8 about, $9 words of the trigger's argv; then
 * these words, then tcpdump's.
 */
const start = `${shellFunctions}name=$1 need=$2 keep=$3 ttl=$4 idle=$5 most=$6 hold=$7 about=$8 tn=$9
shift 9
umask 077
${findLease}
[ "$d" ] || exit 93
s=$d/spool.$name
real=$s
{
  case $d in
    /tmp/*) mkdir $s ;;
    *) real=$TMPDIR/.netdebug-$NETDEBUG_ID.$name; [ "$TMPDIR" ] && mkdir "$real" && ln -s "$real" $s ;;
  esac && cd $s
} 2>/dev/null || exit 93
free=$(df -Pk . 2>/dev/null | { read -r x; read -r x x x x y; echo "$x"; })
case $free in
  '' | *[!0-9]*) ;;
  *) if [ $free -lt $need ]; then cd /; rm -rf "$real" $s; echo $free; exit 94; fi ;;
esac
now() { read -r up x </proc/uptime; up=\${up%%.*}; }
hit() { [ ! -e $1.end ] && read -r q <$1.pid && kill -$2 $q; }
run() {
  f=$1
  shift
  (
    "$@" </dev/null >/dev/null 2>>$f.words &
    echo $! >$f.pid
    wait $!
    echo $? $(date +%s) >$f.new
    mv $f.new $f.end
  ) &
}
arm() {
  i=0 n=$#
  for w; do [ $i -ge $tn ] || set -- "$@" "$w"; i=$((i + 1)); done
  shift $n
  run trigger "$@"
}
finish() {
  trap '' TERM
  hit tcpdump INT
  hit trigger INT
  i=0
  while [ $i -lt 10 ] && [ ! -e tcpdump.end ]; do
    i=$((i + 1))
    sleep 0.1 || { sleep 1; i=10; }
  done
  hit tcpdump KILL && sleep 0.1
  hit trigger KILL
  read -r q <tcpdump.pid && rm -f $d/beat.$q
  cd /
  rm -rf "$real" $s || rm -rf "$real" $s
  rm -f $d/beat.$me $d/argv.$me
  exit
}
(
  exec 2>/dev/null
  trap '' HUP INT
  trap finish TERM
  read -r me x </proc/self/stat
  started $me
  mine=$st
  now
  seen=$up begun=$up beat=0 oldest=0 newest=0 gone=0 asked= armed= fired= ended=
  printf '%s\\n' "$about" >about
  echo 0 0 >base
  [ $tn = 0 ] || echo >trigger
  (shift $tn; run tcpdump "$@"; printf '%s\\n' "spool $name: $*" >$d/argv.$me)
  echo $me $mine >pid
  while [ -d $d ]; do
    now
    while [ -e p$((newest + 1)) ]; do newest=$((newest + 1)); done
    while [ $((newest - oldest)) -ge $keep ]; do
      f=p\${oldest#0}
      gone=$((gone + $(stat -c %s $f || wc -c <$f)))
      oldest=$((oldest + 1))
      echo $oldest $gone >base.new
      mv base.new base
      rm -f $f
    done
    if [ $up -ge $beat ]; then
      beat=$((up + 5))
      echo 0 $ttl $mine >$d/beat.$me
      if [ ! -e tcpdump.end ] && read -r q <tcpdump.pid && started $q; then echo 0 $ttl $st >$d/beat.$q; fi
    fi
    if [ $tn -gt 0 ] && [ -z "$armed" ] && [ -s tcpdump.words ]; then armed=1; arm "$@"; fi
    if read -r q x <reader && started $q && [ "$st" = "$x" ]; then seen=$up; fi
    quiet=$idle
    if [ -e tcpdump.end ]; then
      quiet=$hold
      [ "$ended" ] || { ended=1 seen=$up; hit trigger INT; }
    elif [ -z "$asked" ]; then
      [ ! -e trigger.end ] || fired=\${fired:-$up}
      if [ -e stop ] || { [ $most -gt 0 ] && [ $((up - begun)) -ge $most ]; } || [ $up -ge $((\${fired:-$up} + 2)) ]; then
        asked=$up
        hit tcpdump INT
      fi
    elif [ $up -ge $((asked + 5)) ]; then hit tcpdump KILL
    elif [ $up -ge $((asked + 3)) ]; then hit tcpdump TERM
    fi
    [ ! -e over ] || break
    [ $quiet = 0 ] || [ $((up - seen)) -le $quiet ] || break
    sleep 0.2 || sleep 1
  done
  finish
) </dev/null >/dev/null 2>&1 &
i=0
while [ ! -e pid ] && [ $i -lt 50 ]; do i=$((i + 1)); sleep 0.1 || sleep 1; done
[ -e pid ]`;

/**
 * Gives out the packets from one place on, following tcpdump from file to file, and tcpdump's words on stderr; exits with 0 when
 * tcpdump has ended and all is given out. With $5 it gives out only the words, until tcpdump has ended. The words wait until the
 * trigger's tcpdump listens as well: who reads "listening on" may send what is to be found.
 * $1 name, $2 number of the file, $3 bytes of it to skip, $4 bytes of the words to skip, $5 1 or nothing.
 */
const read = `${shellFunctions}${findLease}
n=$2 k=$3 w=$4 hold=$5 open= i=0
exec 7>&2 2>/dev/null
cd $d/spool.$1 || exit 92
read -r me x </proc/self/stat
started $me
echo $me $st >reader
read -r super x <pid || exit 92
trap 'read -r q <tcpdump.pid && kill -USR1 $q' USR1
ready() {
  [ -e trigger ] && [ ! -e trigger.end ] && [ -z "$ended" ] || return 0
  case $(cat trigger.words) in *listening*) return 0 ;; esac
  return 1
}
while :; do
  [ -e tcpdump.end ] && ended=1 || ended=
  if [ ! -e tcpdump.end ] && { ! started $super || [ "$st" != "$x" ]; }; then exit 95; fi
  read -r oldest y <base || exit 92
  if [ -z "$hold" ]; then
    f=p\${n#0}
    if [ -z "$open" ] && [ -e $f ] && command exec 4<$f; then open=1; fi
    [ "$open" ] || [ $oldest -le $n ] || exit 91
    next=
    if [ -e p$((n + 1)) ] || [ $oldest -gt $n ]; then next=1; fi
    if [ "$open" ]; then
      if [ $k -gt 0 ]; then tail -c +$((k + 1)) <&4; k=0; else cat <&4; fi || exit 96
    fi
  fi
  if [ $((i % 5)) = 0 ] || [ "$ended" ] || [ $i -lt 10 ]; then
    if [ -z "$words" ] && [ -e tcpdump.words ] && ready && command exec 6<tcpdump.words; then words=1; fi
    if [ "$words" ]; then
      if [ $w -gt 0 ]; then tail -c +$((w + 1)) <&6; w=0; else cat <&6; fi >&7
    fi
  fi
  if [ -z "$hold" ] && [ "$next" ] && [ "$open" ]; then
    exec 4<&-
    open= n=$((n + 1))
    continue
  fi
  [ -z "$ended" ] || exit 0
  i=$((i + 1))
  sleep 0.1 || sleep 1
done`;

/** What every spool of the container says of itself; $1 one of them, or nothing. Lines: see ring.ts. */
const status = `${findLease}
[ "$d" ] || exit 92
for s in $d/spool.\${1:-*}; do
  cd $s 2>/dev/null || continue
  echo "spool \${s##*/spool.}"
  read -r x <about && printf 'about %s\\n' "$x"
  for f in base pid tcpdump.end trigger.end; do
    { read -r x <$f; } 2>/dev/null && echo "$f $x"
  done
  n=$(ls | sed -n 's/^p\\([0-9]*\\)$/\\1/p' | sort -n | tail -n 1)
  [ ! -e p$n ] || echo "newest \${n:-0} $(wc -c <p$n)"
  [ ! -s trigger.words ] || sed 's/^/words /' trigger.words | head -n 20
  echo "now $(date +%s)"
done`;

/** Says a word to a spool, $2: \`stop\`, or \`over\`, and then waits until it is gone. Harmless twice. */
const tell = `${findLease}
cd $d/spool.$1 2>/dev/null || exit 92
echo >$2
[ $2 = over ] || exit 0
i=0
while [ -e $d/spool.$1 ] && [ $i -lt 50 ]; do i=$((i + 1)); sleep 0.1 || sleep 1; done
[ ! -e $d/spool.$1 ]`;

/** The first 24 bytes of the spool $1: the header of each of its files. */
const header = `${findLease}
cd $d/spool.$1 2>/dev/null || exit 92
read -r n x <base && exec dd if=p\${n#0} bs=24 count=1 2>/dev/null`;

// They are sent in the path of a request, of which some proxies take no more than 8 KiB: so without the indentation.
const scripts = { start, read, status, tell, header };

/** argv of one of the scripts; `words` follow as positional parameters, and no part of them is ever read as shell text. */
export function spoolCommand(script: keyof typeof scripts, ...words: readonly (string | number)[]): string[] {
  return ['sh', '-c', scripts[script].replace(/^ +/gm, ''), 'netdebug', ...words.map(String)];
}
