import type { TestCluster } from '../cluster/harness.js';

/** Of each packet on the wire, Ethernet to payload. */
const frameBytes = 1400;

/** UDP packets to the gateway, at a steady rate, as many as make up the time; prints how many, and how many seconds it took. */
const script = `use Socket; use Time::HiRes qw(time sleep);
my ($rate, $seconds) = @ARGV;
my ($to) = \`ip route\` =~ /default via (\\S+)/ or die "no gateway";
socket(my $socket, PF_INET, SOCK_DGRAM, 17) or die $!;
connect($socket, sockaddr_in(9, inet_aton($to))) or die $!;
my ($body, $total, $sent) = ("x" x ${frameBytes - 42}, int($rate * $seconds / ${frameBytes}), 0);
# Packets that wait for the first answer of ARP are dropped here, not by a capture. A refusal by ICMP fails one send.
send($socket, $body, 0); $sent++; sleep 0.3;
my $start = time;
while ($sent < $total) {
  my $due = (time - $start) * $rate / ${frameBytes};
  $due = $total if $due > $total;
  if ($sent >= $due) { sleep 0.001; next }
  while ($sent < $due) { send($socket, $body, 0) and $sent++ }
}
printf "%d %.3f", $sent, time - $start`;

/** What a sender did. */
export interface Sent {
  readonly packets: number;
  /** What it reached. */
  readonly bytesPerSecond: number;
}

/** The filter that its packets match, and nothing else does. */
export const sentFilter = 'udp port 9';

/** Sends from a pod of namespace default until the time is over. Throws when it could not. */
export async function send(
  cluster: TestCluster,
  pod: string,
  rate: { readonly bytesPerSecond: number; readonly seconds: number },
): Promise<Sent> {
  const argv = ['perl', '-e', script, String(rate.bytesPerSecond), String(rate.seconds)];
  const { code, stdout, stderr } = await cluster.run(argv, {
    in: { namespace: 'default', pod },
    timeoutMs: 120_000,
  });
  if (code !== 0) throw new Error(`the sender in ${pod} failed: ${stderr}`);
  const [packets = 0, seconds = 1] = stdout.trim().split(' ').map(Number);
  return { packets, bytesPerSecond: (packets * frameBytes) / seconds };
}
