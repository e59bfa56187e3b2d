import { ExitCode } from '../../src/errors.js';
import type { Command } from '../command.js';
import type { Environment } from '../environment.js';
import { kubeFlags } from '../options/kube.js';
import { outputFlags, type OutputFormat, type OutputOptions, parseOutput } from '../options/output.js';
import type { Settings } from '../options/setting.js';
import { argumentsOf, type Words } from '../options/words.js';
import { jsonDocument } from '../print/json.js';
import { writeOut } from '../print/out.js';
import { programVersion } from '../version.js';

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml'];

/** `kubectl netdebug version`: talks to no cluster. */
export const versionCommand: Command = {
  name: 'version',
  usage: '[FLAGS]',
  summary: 'version of this program',
  about: 'Prints the version of this program. No cluster is asked.',
  examples: [],
  flags: { ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseVersion(words, settings);
    return (environment) => runVersion(request, environment);
  },
};

/** Words → request. */
export function parseVersion(words: Words, settings: Settings): OutputOptions {
  argumentsOf(words, []);
  return parseOutput(words, settings, formats);
}

async function runVersion({ format }: OutputOptions, environment: Environment): Promise<number> {
  const { stdout, platform, arch } = environment;
  const value = { version: programVersion, platform: `${platform}/${arch}` };
  if (format === 'json') await writeOut(stdout, jsonDocument('Version', value));
  else if (format === 'yaml')
    await writeOut(stdout, (await import('../print/yaml.js')).yamlDocument('Version', value));
  else await writeOut(stdout, `kubectl-netdebug ${value.version} (${value.platform})\n`);
  return ExitCode.ok;
}
