/** Real packets from a place of a cluster: connects, datagrams, questions to DNS. */
import type { TestCluster } from '../../cluster/harness.js';
import type { RunPlace } from '../../cluster/ipc.js';

/** What a connect met: `open`, `refused`, `silent`, or another error by its name. */
export type Met = 'open' | 'refused' | 'silent' | 'unreachable';

/** One attempt: TCP connects, UDP wants its datagram back. */
export interface Attempt {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** How long silence is listened to. */
  readonly waitMs: number;
}

// With what perl-base has. All attempts at once; one line with a word for each. connect() that does not block is told of ICMP errors as well.
const script = `
use strict; use Socket; use IO::Select; use IO::Socket::INET; use Errno;
sub now { open(my $file, '<', '/proc/uptime'); return (split / /, <$file>)[0]; }
my (@met, %open);
my $number = 0;
for my $attempt (@ARGV) {
  my ($protocol, $address, $port, $wait) = split /,/, $attempt;
  my $socket = IO::Socket::INET->new(Proto => $protocol, PeerAddr => $address, PeerPort => $port, Blocking => 0);
  if (!$socket) { $met[$number++] = $!{ECONNREFUSED} ? 'refused' : 'unreachable'; next; }
  send($socket, 'x', 0) if $protocol eq 'udp';
  $open{$number} = [$socket, $protocol, now() + $wait / 1000];
  $met[$number++] = 'silent';
}
while (%open) {
  my ($reads, $writes) = (IO::Select->new, IO::Select->new);
  for my $entry (values %open) { ($entry->[1] eq 'udp' ? $reads : $writes)->add($entry->[0]); }
  my ($r, $w) = IO::Select::select($reads, $writes, undef, 0.05);
  my %ready = map { fileno($_) => 1 } (@{$r // []}, @{$w // []});
  for my $key (keys %open) {
    my ($socket, $protocol, $until) = @{$open{$key}};
    if ($ready{fileno $socket}) {
      my $error;
      if ($protocol eq 'tcp') { $error = unpack('i', getsockopt($socket, SOL_SOCKET, SO_ERROR)); }
      else { $error = defined(recv($socket, my $data, 100, 0)) ? 0 : $! + 0; }
      $met[$key] = $error == 0 ? 'open' : $error == Errno::ECONNREFUSED ? 'refused' : 'unreachable';
      delete $open{$key};
    } elsif (now() > $until) { delete $open{$key}; }
  }
}
print join(' ', @met), "\\n";
`;

/** Makes the attempts from a place, all at once. */
export async function attempts(
  cluster: TestCluster,
  from: RunPlace,
  list: readonly Attempt[],
): Promise<Met[]> {
  const args = list.map((item) => `${item.protocol},${item.address},${item.port},${item.waitMs}`);
  const ran = await cluster.run(['perl', '-e', script, ...args], { in: from });
  if (ran.code !== 0) throw new Error(ran.stderr);
  return ran.stdout.trim().split(' ') as Met[];
}

/** What one TCP connect meets. */
export async function connect(
  cluster: TestCluster,
  from: RunPlace,
  address: string,
  port: number,
  waitMs = 1500,
): Promise<Met> {
  const [met] = await attempts(cluster, from, [{ protocol: 'tcp', address, port, waitMs }]);
  return met ?? 'silent';
}

/** The body of an HTTP answer, or curl's exit code. */
export async function get(
  cluster: TestCluster,
  from: RunPlace,
  url: string,
  seconds = 3,
): Promise<string | number> {
  const { code, stdout } = await cluster.run(['curl', '-sS', '-k', '-m', String(seconds), url], { in: from });
  return code === 0 ? stdout.trim() : code;
}

/** Status and answers of DNS, as dig prints them. */
export async function ask(
  cluster: TestCluster,
  from: RunPlace,
  ...words: readonly string[]
): Promise<{ readonly status: string; readonly answers: string[]; readonly text: string }> {
  const argv = ['dig', '@10.96.0.10', '+tries=1', '+time=5', ...words];
  const { stdout } = await cluster.run(argv, { in: from });
  return {
    status: /status: (\w+)/.exec(stdout)?.[1] ?? 'silent',
    answers: stdout
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(';') && !line.includes('SOA'))
      .map((line) => line.split(/\s+/).slice(4).join(' ')),
    text: stdout,
  };
}

/** A pod as a place. */
export function inPod(pod: string, namespace = 'default'): RunPlace {
  return { namespace, pod };
}

/** The address of a pod. */
export async function podIp(cluster: TestCluster, pod: string, namespace = 'default'): Promise<string> {
  const { status } = await cluster.get('v1', 'Pod', namespace, pod);
  return (status as { podIP: string }).podIP;
}

/** The address of a Service. */
export async function clusterIp(cluster: TestCluster, name: string, namespace = 'default'): Promise<string> {
  const { spec } = await cluster.get('v1', 'Service', namespace, name);
  return (spec as { clusterIP: string }).clusterIP;
}
