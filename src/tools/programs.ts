/**
 * What the commands run in a debug container: for each command groups of programs, of which one each must be there. The first of a
 * group is the best, the others are taken when it is missing. docs/images.md shows the same.
 */
export const programsOf: Readonly<Record<string, readonly (readonly string[])[]>> = {
  ping: [['ping']],
  netstat: [['ss', 'netstat', 'cat']],
  tcpdump: [['tcpdump']],
  capture: [['tcpdump']],
  extcap: [['tcpdump']],
  pull: [['tar']],
  connect: [['bash', 'nc'], ['timeout']],
  dns: [['dig', 'nslookup', 'getent']],
  http: [['curl', 'wget', 'bash']],
  interfaces: [['ip', 'cat']],
  // busybox's ping cannot forbid fragments, its traceroute can.
  mtu: [['ping of iputils', 'traceroute', 'tracepath']],
  trace: [['traceroute', 'tracepath', 'ping']],
  throughput: [['iperf3', 'nc of busybox']],
  matrix: [['ping'], ['bash', 'nc']],
  diagnose: [['bash', 'nc'], ['timeout'], ['dig', 'nslookup', 'getent']],
};

/** What every command needs of an image, to be started and ended in it. */
export const alwaysNeeded = ['sh', 'sleep', 'mkdir', 'rm'];
