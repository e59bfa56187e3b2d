/**
 * Root filesystems. The machine's /usr (read-only) and a small skeleton are the lower layers of an overlay; what a
 * container writes goes to a tmpfs that dies with the cluster. Where the kernel has no overlay for us, /usr is bound
 * read-only and the skeleton is copied.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Image, RootKind } from './image-table.js';
import { mount, MS, type Step } from './steps.js';

/** Links of a merged /usr, as the machine has them. */
const usrLinks = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/** Files of /etc that tools read and that say nothing about the machine. */
const etcFiles = [
  'services',
  'protocols',
  'ethertypes',
  'ld.so.cache',
  'ld.so.conf',
  'debian_version',
  'bash.bashrc',
];
const etcFolders = ['alternatives', 'iproute2', 'ld.so.conf.d', 'ssl/certs', 'terminfo'];

/** Programs that carry file capabilities: without them in the bounding set the kernel refuses to exec them. Copies carry none. */
const withFileCapabilities = [
  'ping',
  'mtr-packet',
  'arping',
  'clockdiff',
  'traceroute',
  'traceroute6.iputils',
];

function systemUsers(path: string): string {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => {
      const id = Number(line.split(':')[2]);
      return line !== '' && (id < 1000 || id === 65_534);
    });
  return lines.map((line) => `${line}\n`).join('');
}

function base(root: string): void {
  for (const dir of [
    'dev',
    'proc',
    'sys',
    'etc',
    'run',
    'srv',
    'root',
    'home',
    'var/tmp',
    'var/log',
    'tmp',
  ]) {
    mkdirSync(join(root, dir), { recursive: true });
  }
  chmodSync(join(root, 'tmp'), 0o1777);
  chmodSync(join(root, 'var/tmp'), 0o1777);
  chmodSync(join(root, 'root'), 0o700);
  writeFileSync(join(root, 'srv/index.html'), 'ok\n');
  for (const file of ['hosts', 'hostname', 'resolv.conf']) {
    writeFileSync(join(root, 'etc', file), '');
  }
}

function users(root: string): void {
  writeFileSync(
    join(root, 'etc/passwd'),
    `${systemUsers('/etc/passwd')}nonroot:x:65532:65532:nonroot:/home/nonroot:/bin/sh\n`,
  );
  writeFileSync(join(root, 'etc/group'), `${systemUsers('/etc/group')}nonroot:x:65532:\n`);
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
}

function toolbox(root: string, usr: string): void {
  base(root);
  users(root);
  for (const link of usrLinks.filter((name) => existsSync(`/${name}`))) {
    if (!lstatSync(`/${link}`).isSymbolicLink()) {
      throw new Error(`/${link} is not a link into /usr: the local cluster needs a merged /usr (Debian 12)`);
    }
    symlinkSync(readlinkSync(`/${link}`), join(root, link));
  }
  mkdirSync(join(root, 'usr'));
  for (const file of etcFiles.filter((name) => existsSync(`/etc/${name}`))) {
    copyFileSync(`/etc/${file}`, join(root, 'etc', file));
  }
  for (const folder of etcFolders.filter((name) => existsSync(`/etc/${name}`))) {
    mkdirSync(join(root, 'etc', folder), { recursive: true });
  }
  symlinkSync('../usr/lib/os-release', join(root, 'etc/os-release'));
  mkdirSync(join(usr, 'bin'), { recursive: true });
  for (const file of withFileCapabilities.filter((name) => existsSync(`/usr/bin/${name}`))) {
    copyFileSync(`/usr/bin/${file}`, join(usr, 'bin', file));
  }
}

/** busybox-static, under every name that it answers to. */
function busybox(root: string): void {
  base(root);
  users(root);
  mkdirSync(join(root, 'bin'));
  copyFileSync(busyboxPath(), join(root, 'bin/busybox'));
  const applets = execFileSync(busyboxPath(), ['--list'], { encoding: 'utf8' }).trim().split('\n');
  for (const applet of applets) {
    if (applet !== 'busybox') {
      symlinkSync('busybox', join(root, 'bin', applet));
    }
  }
}

/** One static program and nothing else: busybox answers by the name it is called, so as /httpd it is only that. */
function distroless(root: string): void {
  base(root);
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532::/home:/sbin/nologin\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
  copyFileSync(busyboxPath(), join(root, 'httpd'));
}

function busyboxPath(): string {
  const path = ['/usr/bin/busybox', '/bin/busybox'].find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new Error('busybox is not here: apt-get install busybox-static');
  }
  return path;
}

/** The layers that images are made of, built when first used. `dir` is on a file system that dies with the cluster. */
export class Layers {
  readonly #dir: string;
  readonly #overlay: boolean;
  readonly #options: string;
  readonly #built = new Set<RootKind>();

  constructor(dir: string, options: { readonly overlay: boolean; readonly userNamespace: boolean }) {
    this.#dir = dir;
    this.#overlay = options.overlay;
    this.#options = options.userNamespace ? ',userxattr' : '';
  }

  #layer(kind: RootKind): string {
    const layer = join(this.#dir, kind);
    if (!this.#built.has(kind)) {
      mkdirSync(layer, { recursive: true });
      ({
        toolbox: () => toolbox(layer, this.#usr()),
        busybox: () => busybox(layer),
        distroless: () => distroless(layer),
      })[kind]();
      this.#built.add(kind);
    }
    return layer;
  }

  #usr(): string {
    return join(this.#dir, 'toolbox-usr');
  }

  /** Steps that mount this image at `home`/root, in a mount namespace of its own. `home` is the container's directory. */
  mountSteps(image: Image, home: string): Step[] {
    const root = join(home, 'root');
    const layer = this.#layer(image.root);
    mkdirSync(root, { recursive: true });
    const steps: Step[] = [];
    if (this.#overlay) {
      steps.push(this.#overlayStep(layer, home, 'upper', root));
    } else {
      cpSync(layer, root, { recursive: true, verbatimSymlinks: true });
      steps.push(mount(root, root, '', MS.bind));
    }
    if (image.root === 'toolbox') {
      const usr = join(root, 'usr');
      steps.push(
        this.#overlay
          ? this.#overlayStep(`${this.#usr()}:/usr`, home, 'usr', usr)
          : mount('/usr', usr, '', MS.bind + MS.rec),
      );
      for (const folder of etcFolders.filter((name) => existsSync(`/etc/${name}`))) {
        steps.push(mount(`/etc/${folder}`, join(root, 'etc', folder), '', MS.bind));
      }
    }
    steps.push(
      ...(image.files ?? []).map(({ source, target }): Step => ['bind', source, join(root, target)]),
    );
    steps.push(...image.without.map((path): Step => ['unlink', join(root, path)]));
    return steps;
  }

  #overlayStep(lower: string, home: string, name: string, target: string): Step {
    const upper = join(home, `${name}-upper`);
    const work = join(home, `${name}-work`);
    mkdirSync(upper);
    mkdirSync(work);
    const data = `lowerdir=${lower},upperdir=${upper},workdir=${work}${this.#options}`;
    return mount('overlay', target, 'overlay', MS.nodev, data);
  }
}

/** Steps that try an overlay in `dir`; they fail where the kernel does not allow it. */
export function overlayTrial(dir: string, userNamespace: boolean): Step[] {
  for (const name of ['lower', 'upper', 'work', 'root']) {
    mkdirSync(join(dir, name), { recursive: true });
  }
  const layers = ['lower', 'upper', 'work'].map((name) => `${name}dir=${join(dir, name)}`).join(',');
  return [
    mount('overlay', join(dir, 'root'), 'overlay', MS.nodev, `${layers}${userNamespace ? ',userxattr' : ''}`),
  ];
}
