import { execFile } from 'node:child_process';

/**
 * What libpcap says against a capture filter, by this machine's tcpdump; undefined when it takes it, or when nobody here can tell
 * (then the pod's tcpdump will). Wireshark asks at every letter that is typed, so the cluster is not asked.
 */
export function filterProblem(filter: string): Promise<string | undefined> {
  if (filter.trim() === '' || filter.includes('\0')) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    // Compiled for no device at all: it takes no rights. A filter that begins with a dash is no flag.
    const argv = ['-y', 'EN10MB', '-d', '--', filter];
    execFile(
      'tcpdump',
      argv,
      { timeout: 5_000, maxBuffer: 1 << 20, windowsHide: true },
      (error, _, stderr) => {
        const said = stderr
          .split('\n')
          .map((line) => line.replace(/^tcpdump: /, '').trim())
          .find((line) => /filter|syntax|unknown|illegal|expression/i.test(line));
        resolve(typeof error?.code === 'number' && error.code === 1 ? said : undefined);
      },
    );
  });
}
