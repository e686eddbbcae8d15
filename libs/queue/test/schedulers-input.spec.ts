// What a job scheduler cannot be.
import type { Queue } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const HOUR = 3_600_000;

/** BullMQ's queue writes its version when it starts. */
const ready = (stand: Stand) =>
  waitFor(() => stand.queue && stand.redis.hexists(stand.key('meta'), 'version'), {
    what: 'the queue to start',
  });

describe('bad input', () => {
  const DAY = { every: 24 * HOUR };
  type Repeat = Parameters<Queue['upsertJobScheduler']>[1];
  it.each<[string, string, Repeat, RegExp]>([
    ['an empty id', '', DAY, /scheduler id cannot be empty/],
    ['an id with a control character', 'a\nb', DAY, /control characters/],
    ['an id that is too long', 'x'.repeat(600), DAY, /longer than 512 bytes/],
    ['no schedule', 's', {}, /Either .pattern or .every/],
    ['both schedules', 's', { every: 1, pattern: '* * * * *' }, /Both .pattern and .every/],
    ['every 0', 's', { every: 0 }, /Either .pattern or .every/],
    ['every NaN', 's', { every: Number.NaN }, /Either .pattern or .every/],
    ['a negative every', 's', { every: -5 }, /every of scheduler s must be at least 1 millisecond, not -5/],
    [
      'every without end',
      's',
      { every: Number.POSITIVE_INFINITY },
      /every of scheduler s must be at least 1/,
    ],
    ['a bad pattern', 's', { pattern: 'every day' }, /Validation error/],
    ['a pattern out of range', 's', { pattern: '99 * * * *' }, /Constraint error, got value 99/],
    ['an unknown time zone', 's', { pattern: '* * * * *', tz: 'Moon/Base' }, /CronDate|[Zz]one/],
    ['a limit of half a run', 's', { ...DAY, limit: 1.5 }, /limit of scheduler s must be a whole number/],
    ['a negative offset', 's', { ...DAY, offset: -1 }, /offset of scheduler s/],
    ['a start that is no date', 's', { ...DAY, startDate: 'soon' }, /startDate of scheduler s/],
    ['an end that is no date', 's', { ...DAY, endDate: 'later' }, /endDate of scheduler s/],
  ])('%s is refused by an error that says so; nothing is written', async (_, id, repeat, text) => {
    const stand = open();
    await ready(stand);
    const before = await stand.keyspace();
    await expect(stand.queue.upsertJobScheduler(id, repeat)).rejects.toThrow(text);
    expect(await stand.keyspace()).toEqual(before);
  });

  it.each(['schedulers', 'scheduler:s'])('a list at <p>%s is named; nothing is written', async (name) => {
    const stand = open();
    await ready(stand);
    await stand.redis.rpush(stand.key(name), 'x');
    const before = await stand.everything();
    await expect(stand.queue.upsertJobScheduler('s', DAY)).rejects.toMatchObject({
      code: 'WRONG_KEY_TYPE',
      key: stand.key(name),
    });
    expect(await stand.everything()).toEqual(before);
  });
});
