import { describe, expect, test } from '@jest/globals';
import { findWireshark, hasDesktop } from '../../../plugin/sinks/wireshark-find.js';
import { checkWireshark, parseWiresharkVersion } from '../../../plugin/sinks/wireshark.js';

const find = (platform: NodeJS.Platform, env: Record<string, string>, files: string[], setting?: string) =>
  findWireshark({ platform, env, homeDir: '/home/u', exists: (path) => files.includes(path) }, setting);

describe('findWireshark', () => {
  test('Linux: on PATH, empty entries skipped', () => {
    expect(find('linux', { PATH: ':/usr/local/bin:/usr/bin' }, ['/usr/bin/wireshark'])).toEqual({
      how: 'path',
      command: '/usr/bin/wireshark',
      args: [],
      versionCommand: '/usr/bin/wireshark',
    });
  });

  test('Linux: as a flatpak, of the system or of the person', () => {
    for (const folder of ['/var/lib/flatpak/app', '/home/u/.local/share/flatpak/app']) {
      expect(
        find('linux', { PATH: '/usr/bin' }, ['/usr/bin/flatpak', `${folder}/org.wireshark.Wireshark`]),
      ).toMatchObject({
        how: 'flatpak',
        command: '/usr/bin/flatpak',
        args: ['run', 'org.wireshark.Wireshark'],
      });
    }
    expect(find('linux', { PATH: '/usr/bin' }, ['/usr/bin/flatpak'])).toBeUndefined();
  });

  test('WSL: that of Windows, asked for its version through tshark; not on Linux proper', () => {
    const folder = '/mnt/c/Program Files/Wireshark';
    const files = [`${folder}/Wireshark.exe`, `${folder}/tshark.exe`];
    expect(find('linux', { PATH: '/usr/bin', WSL_DISTRO_NAME: 'Debian' }, files)).toEqual({
      how: 'wsl',
      command: `${folder}/Wireshark.exe`,
      args: [],
      versionCommand: `${folder}/tshark.exe`,
    });
    expect(find('linux', { PATH: '/usr/bin' }, files)).toBeUndefined();
  });

  test('macOS: the application, else on PATH', () => {
    const application = '/home/u/Applications/Wireshark.app/Contents/MacOS/Wireshark';
    expect(find('darwin', { PATH: '/opt/homebrew/bin' }, [application])).toMatchObject({
      how: 'application',
      command: application,
    });
    expect(find('darwin', { PATH: '/opt/homebrew/bin' }, ['/opt/homebrew/bin/wireshark'])).toMatchObject({
      how: 'path',
    });
  });

  test('Windows: on Path, else where the installer puts it', () => {
    const installed = 'C:\\Program Files\\Wireshark\\Wireshark.exe';
    expect(find('win32', { Path: 'C:\\Windows;D:\\tools' }, ['D:\\tools\\Wireshark.exe'])).toEqual({
      how: 'path',
      command: 'D:\\tools\\Wireshark.exe',
      args: [],
      versionCommand: undefined,
    });
    expect(
      find('win32', { Path: 'C:\\Windows', ProgramFiles: 'C:\\Program Files' }, [
        installed,
        'C:\\Program Files\\Wireshark\\tshark.exe',
      ]),
    ).toMatchObject({
      how: 'windows',
      command: installed,
      versionCommand: 'C:\\Program Files\\Wireshark\\tshark.exe',
    });
  });

  test('the configured one, and only that one', () => {
    expect(find('linux', { PATH: '/usr/bin' }, ['/opt/ws', '/usr/bin/wireshark'], '/opt/ws')).toMatchObject({
      command: '/opt/ws',
    });
    expect(find('linux', { PATH: '/usr/bin' }, ['/usr/bin/wireshark'], '/opt/ws')).toBeUndefined();
  });
});

describe('hasDesktop', () => {
  test.each([
    ['linux', {}, false],
    ['linux', { DISPLAY: ':0' }, true],
    ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
    ['linux', { WSL_DISTRO_NAME: 'Debian' }, true],
    ['linux', { DISPLAY: 'localhost:10.0', SSH_CONNECTION: 'a' }, true],
    ['darwin', {}, true],
    ['darwin', { SSH_CONNECTION: 'a' }, false],
    ['win32', {}, true],
  ] as const)('%s %p: %p', (platform, env, expected) => expect(hasDesktop({ platform, env })).toBe(expected));
});

describe('version', () => {
  test.each([
    ['Wireshark 4.0.17 (Git v4.0.17 packaged as 4.0.17-0+deb12u1).\n\nCopyright', [4, 0, 17]],
    ['Wireshark 3.2.3 (Git v3.2.3)', [3, 2, 3]],
    ['TShark (Wireshark) 4.4.0 (v4.4.0-0-g009a163470b5).', [4, 4, 0]],
    ['Wireshark 4.2 \n', [4, 2, 0]],
    ['Running as user "root"', undefined],
  ])('%p', (text, version) => expect(parseWiresharkVersion(text)).toEqual(version));

  test('before 3.4, packets of all interfaces are refused', () => {
    expect(() => checkWireshark([3, 2, 3], true)).toThrow(
      expect.objectContaining({ exitCode: 2, hint: expect.stringContaining('-i eth0') as unknown }),
    );
    for (const version of [[3, 4, 0], [4, 0, 0], undefined] as const)
      expect(() => checkWireshark(version, true)).not.toThrow();
    expect(() => checkWireshark([2, 6, 0], false)).not.toThrow();
  });
});
