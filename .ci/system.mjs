// Installs the system programs that the local cluster, the demo and the tests use, where that is possible without asking:
// as root on Debian. Elsewhere it prints the exact line to run and stops.
//   node .ci/system.mjs demo|test|bench
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** program, or the path of a file → Debian package */
const demo = {
  ip: 'iproute2',
  ss: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
  script: 'bsdutils',
  ps: 'procps',
  tar: 'tar',
  tcpdump: 'tcpdump',
  ping: 'iputils-ping',
  netstat: 'net-tools',
  busybox: 'busybox-static',
  perl: 'perl-base',
  curl: 'curl',
  tshark: 'tshark',
};
const test = {
  ...demo,
  capinfos: 'wireshark-common',
  editcap: 'wireshark-common',
  mergecap: 'wireshark-common',
  nft: 'nftables',
  dig: 'dnsutils',
  openssl: 'openssl',
  wget: 'wget',
  iperf3: 'iperf3',
  traceroute: 'traceroute',
  tracepath: 'iputils-tracepath',
  tmux: 'tmux',
  chromium: 'chromium',
  unzip: 'unzip',
  // To run the release for arm64.
  'qemu-aarch64': 'qemu-user',
  '/usr/aarch64-linux-gnu/lib/libc.so.6': 'libc6-arm64-cross',
  zsh: 'zsh',
  fish: 'fish',
};

const bench = { ...test, time: 'time' };

const wanted = { demo, test, bench }[process.argv[2]] ?? test;
const missing = [
  ...new Set(
    Object.entries(wanted)
      .filter(([program]) => !found(program))
      .map(([, name]) => name),
  ),
];

if (missing.length > 0) {
  const line = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const debian = existsSync('/etc/debian_version') && found('apt-get');
  if (!debian || process.getuid?.() !== 0) {
    const how = debian ? `  sudo ${line}` : `  (Debian names) ${missing.join(' ')}`;
    console.error(`error: these system programs are missing; install them and try again:\n${how}`);
    process.exit(1);
  }
  console.error(`installing ${missing.join(' ')}`);
  run('apt-get', ['update', '-qq']);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing]);
  const still = Object.keys(wanted).filter((program) => !found(program));
  if (still.length > 0) {
    console.error(`error: still missing after the installation: ${still.join(', ')}`);
    process.exit(1);
  }
}
if (process.argv[2] !== 'demo' && !found('kubectl')) {
  console.error(
    'error: kubectl is missing; the tests and benchmarks run it, unchanged, against the local cluster\n' +
      'hint: put kubectl 1.30 or newer on PATH (https://kubernetes.io/docs/tasks/tools/) and try again',
  );
  process.exit(1);
}

function found(program) {
  if (isAbsolute(program)) return existsSync(program);
  // The sbin folders are not on everybody's PATH, and the local cluster looks there too.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function run(program, args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const done = spawnSync(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (done.status === 0) return;
  console.error(`error: ${program} ${args.join(' ')} failed\n${done.stderr}`);
  process.exit(1);
}
