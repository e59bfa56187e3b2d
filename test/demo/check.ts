import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Reads a capture with tshark and checks that it holds exactly `count` echo requests with the sequence numbers 1 to
 * `count`, each answered. Returns tshark's own listing; throws a sentence when a packet is missing or tshark warns.
 */
export async function checkEchoes(file: string, count: number): Promise<string> {
  const fields = ['-T', 'fields', '-e', 'icmp.type', '-e', 'icmp.seq', '-e', 'ip.src', '-e', 'ip.dst'];
  const { stdout, stderr } = await tshark(['-r', file, ...fields]);
  const complaints = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'));
  if (complaints.length > 0) throw new Error(`tshark: ${complaints.join('; ')}`);
  const seen = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  if (seen.length !== 2 * count)
    throw new Error(`${seen.length} packets in the file, ${2 * count} were sent`);
  for (let sequence = 1; sequence <= count; sequence++) {
    const request = seen.filter(([type, seq]) => type === '8' && seq === `${sequence}`);
    const reply = seen.filter(([type, seq]) => type === '0' && seq === `${sequence}`);
    const [from, to] = [request[0]?.[2], request[0]?.[3]];
    const answered = reply.length === 1 && reply[0]?.[2] === to && reply[0]?.[3] === from;
    if (request.length !== 1 || !answered)
      throw new Error(`echo ${sequence} is not in the file with its answer`);
  }
  return (await tshark(['-r', file])).stdout.trimEnd();
}

async function tshark(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  // Name resolution off: nothing is to be asked of a network.
  return await run('tshark', ['-n', ...args], { maxBuffer: 16 * 2 ** 20 });
}
