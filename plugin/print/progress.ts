import { shortImageName } from '../../src/debugger/image-name.js';
import type { DebugProgress } from '../../src/debugger/types.js';
import { formatDuration } from '../options/duration.js';
import type { StatusLine } from './statusline.js';

/** Shows how a debug container is got: what is waited for, and for how long. `verbose` also tells of reuse and of rungs not taken. */
export function showDebugProgress(status: StatusLine, progress: DebugProgress, verbose: boolean): void {
  switch (progress.kind) {
    case 'reusing':
      if (verbose) status.note(`using the running debug container ${progress.container}`);
      return;
    case 'injecting':
      status.show(
        'injecting',
        `injecting ${progress.container}: profile ${progress.profile}, image ${imageWords(progress)}`,
      );
      return;
    case 'starting-pod':
      status.show(
        'starting-pod',
        `starting pod ${progress.pod} on node ${progress.node}: image ${imageWords(progress)}`,
      );
      return;
    case 'rung-refused':
      status.note(`profile ${progress.profile} is not admitted here: ${progress.why}`);
      return;
    case 'waiting':
      status.show(progress.what, `${progress.what}${elapsed(progress.elapsedMs)}`);
      return;
    case 'running':
      status.clear();
      if (verbose) status.note(`${progress.container} runs after ${formatDuration(progress.elapsedMs)}`);
      return;
    case 'warning':
      status.note(`warning: ${progress.text}`);
      return;
  }
}

function imageWords({
  image,
  imageNote,
}: {
  readonly image: string;
  readonly imageNote?: string | undefined;
}): string {
  const name = shortImageName(image);
  return imageNote === undefined ? name : `${name} (${imageNote})`;
}

/** How long it has been waited for, from the first second on. */
function elapsed(milliseconds: number): string {
  return milliseconds < 1000 ? '' : ` (${formatDuration(milliseconds)})`;
}
