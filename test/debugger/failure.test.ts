import { describe, expect, test } from '@jest/globals';
import { eventsOf, startFailure, waitingFor } from '../../src/debugger/failure.js';
import { statusOf } from '../../src/debugger/status.js';
import type { NetdebugError } from '../../src/errors.js';
import { flows, type Flow } from './transcripts.js';

const at = (container: string) => ({ namespace: 'rec', pod: 'p', container });

function byEvents(flow: Flow): NetdebugError | undefined {
  return startFailure(
    at(flow.container),
    flow.image,
    undefined,
    eventsOf(flow.events, flow.container, undefined),
  );
}

function byStatus(flow: Flow): readonly (NetdebugError | undefined)[] {
  return flow.pods.map((pod) =>
    startFailure(at(flow.container), flow.image, statusOf(pod, flow.container)?.state, []),
  );
}

const all = [...flows('inject-image-failures'), ...flows('inject-create-failures')];

describe('startFailure on what a real kubelet said', () => {
  test.each(all.map((flow): [string, Flow] => [flow.note, flow]))(
    '%s: known from the events alone, and from the last status alone',
    (_note, flow) => {
      expect(byEvents(flow)?.exitCode).toBe(7);
      expect(byStatus(flow).at(-1)?.exitCode).toBe(7);
      expect(byStatus(flow)[0]).toBeUndefined();
    },
  );

  const named = (note: string) =>
    all.find((flow) => flow.note === note) ??
    (() => {
      throw new Error(note);
    })();

  test('names the reason and the kubelet’s own words', () => {
    expect(byEvents(named('missing image'))?.message).toBe(
      'The debug container noimage in pod rec/p cannot start: ErrImagePull: Failed to pull image "nicolaka/nosuch:1": rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/nicolaka/nosuch:1": failed to resolve image: docker.io/nicolaka/nosuch:1: not found.',
    );
    expect(byEvents(named('image name that cannot be parsed'))?.message).toMatch(
      /cannot start: InvalidImageName: Failed to apply/,
    );
    expect(byEvents(named('missing image, imagePullPolicy Never'))?.message).toMatch(
      /cannot start: ErrImageNeverPull: Container image/,
    );
    expect(byStatus(named('pod demands runAsNonRoot, image runs as root')).at(-1)).toMatchObject({
      message: expect.stringContaining(
        'CreateContainerConfigError: container has runAsNonRoot and image will run as root',
      ),
      hint: 'Use --profile restricted, which names a user that is not root.',
    });
    const noCommand = all.find(({ container }) => container === 'nocmd');
    expect(noCommand && byStatus(noCommand).at(-1)?.hint).toBe(
      'The image busybox has no shell; name one that has with --image.',
    );
    const details = byEvents(named('missing image'))?.details;
    expect(details).toContain('event Failed: Error: ErrImagePull');
    expect(details?.join('\n')).not.toContain('failed to pull');
  });

  test('a second container whose image the node will not pull yet says which image', () => {
    const event = (type: string, reason: string, message: string) => ({
      metadata: { name: reason },
      type,
      reason,
      message,
    });
    const error = startFailure(at('second'), 'x:1', undefined, [
      event('Normal', 'BackOff', 'Back-off pulling image "x:1"'),
      event('Warning', 'Failed', 'Error: ImagePullBackOff'),
    ]);
    expect(error?.message).toMatch(/cannot start: ImagePullBackOff: Back-off pulling image "x:1"\.$/);
  });

  test('an immediate exit tells its code and message', () => {
    const exits = flows('inject-exits').find(({ container }) => container === 'exit3');
    const error = exits && byStatus(exits).at(-1);
    expect(error?.message).toBe(
      'The debug container exit3 in pod rec/p did not stay: it ended with exit code 3 (Error): oops.',
    );
  });

  test('events of another container, or of an earlier pod of the same name, say nothing', () => {
    const { events, container } = named('missing image');
    expect(eventsOf(events, 'other', undefined)).toEqual([]);
    expect(eventsOf(events, container, 'another-uid')).toEqual([]);
  });
});

test('waitingFor follows the events', () => {
  const event = (reason: string) => ({ metadata: { name: 'e' }, reason });
  expect(waitingFor(undefined, [])).toBe('waiting for the kubelet');
  expect(waitingFor(undefined, [event('Pulling')])).toBe('pulling image');
  expect(waitingFor(undefined, [event('Pulling'), event('Pulled')])).toBe('creating container');
  expect(waitingFor({ waiting: { reason: 'PodInitializing' } }, [])).toBe('pod is initializing');
});
