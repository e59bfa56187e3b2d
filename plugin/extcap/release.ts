import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Clock } from '../environment.js';

const tries = 25;
const pauseMs = 200;

/**
 * Lets go of whoever waits for a writer of this pipe: opens and closes it, for up to 5 s until the reader is there. Without it Wireshark
 * would wait for ever for a capture that failed before it began. Never rejects.
 */
export async function releaseReader(pipe: string, clock: Pick<Clock, 'sleep'>): Promise<void> {
  for (let tried = 0; tried < tries; tried++) {
    try {
      const handle = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
      await handle.close();
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENXIO') return;
    }
    await clock.sleep(pauseMs);
  }
}
