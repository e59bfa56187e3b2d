import type { AttachRequest } from '../attach.js';
import type { Start } from '../command.js';
import { detachFlag } from '../options/attach.js';
import { containerFlag, debugFlags, parseDebug } from '../options/debug.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { type PodTarget, selectorFlags } from '../options/pod.js';
import type { Settings } from '../options/setting.js';
import type { Words } from '../options/words.js';
import { inPod } from '../target.js';

const formats: readonly OutputFormat[] = ['table'];

/** The flags of a command that is tied to our own stdin or terminal: its own, then those that all of them have. */
export function attachedFlags(own: Flags): Flags {
  return {
    ...own,
    ...detachFlag,
    ...selectorFlags,
    container: { ...containerFlag, short: 'c' },
    ...debugFlags,
    ...outputFlags(formats),
    ...kubeFlags,
  };
}

/** Runs it in the pod that is meant. Throws a usage error for the flags of {@link attachedFlags}. */
export function startAttached(
  words: Words,
  settings: Settings,
  target: PodTarget,
  attach: AttachRequest,
): Start {
  const request = {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    target,
  };
  return (environment) =>
    inPod(request, environment, async (context, at) =>
      (await import('../attach.js')).attachIn(context, at, attach),
    );
}
