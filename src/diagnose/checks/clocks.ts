import { fromApi } from '../finding.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** Clocks that differ by less are as good as clocks are, milliseconds. */
const apartMs = 120_000;

/** Objects from the future: the clock here is behind that of the API server. */
export const clocks: Check = {
  name: 'clocks',
  codes: ['ND008'],
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'pods')],
  concerns: ({ sources, destination }) => sources.length > 0 || destination.endpoints.length > 0,
  find: ({ now, sources, destination }) => {
    const pods = [...sources, ...destination.endpoints].flatMap(({ pod }) => pod ?? []);
    const ahead = pods
      .flatMap(({ metadata, status }) =>
        [
          metadata.creationTimestamp,
          ...(status?.containerStatuses ?? []).map(({ state }) => state?.running?.startedAt),
        ].map((time) => ({ metadata, at: Date.parse(time ?? ''), time: time ?? '' })),
      )
      .filter(({ at }) => at - now > apartMs)
      .toSorted((a, b) => b.at - a.at)[0];
    if (ahead === undefined) return [];
    const { namespace = '', name } = ahead.metadata;
    const minutes = Math.round((ahead.at - now) / 60_000);
    return [
      {
        code: 'ND008',
        severity: 'info',
        confidence: 'likely',
        object: { kind: 'Pod', namespace, name, fieldPath: 'metadata.creationTimestamp', value: ahead.time },
        message: `by the clock here pod ${namespace}/${name} is of a time ${minutes} min from now: the clocks here and there differ, and ages in this report are wrong by as much`,
        evidence: [
          fromApi(`pod ${namespace}/${name}`, ahead.time),
          fromApi('the clock here', new Date(now).toISOString()),
        ],
        fix: { text: 'set the clock by NTP, here or on the nodes', commands: [] },
        hop: 'source',
        touches: ['clock'],
      },
    ];
  },
};
