import { cronRuns, problemOfCron } from '#libs/contracts';
import { nextRuns } from './next-runs.js';

const at = (text: string) => Date.parse(text);
const plan = {
  cron: undefined,
  timeZone: undefined,
  every: undefined,
  end: undefined,
  limit: undefined,
  count: 1,
  next: undefined,
};

/** Runs of a cron expression after a time, as ISO without milliseconds. */
const runs = (cron: string, timeZone: string, from: string, most: number) =>
  cronRuns({ cron, timeZone, from: at(from) }, most).map(
    (time) => `${new Date(time).toISOString().slice(0, 16)}Z`,
  );

describe('Runs of a cron expression', () => {
  it('keep their hour on the wall when clocks are set forward and back', () => {
    expect(runs('0 9 * * *', 'Europe/Berlin', '2027-03-27T00:00Z', 3)).toEqual([
      '2027-03-27T08:00Z',
      '2027-03-28T07:00Z',
      '2027-03-29T07:00Z',
    ]);
    expect(runs('0 9 * * *', 'Europe/Berlin', '2027-10-30T00:00Z', 3)).toEqual([
      '2027-10-30T07:00Z',
      '2027-10-31T08:00Z',
      '2027-11-01T08:00Z',
    ]);
  });

  it('come once in each night, also at an hour that there is not, or twice', () => {
    // On 28 March 2027 02:30 is left out; on 31 October it comes twice.
    expect(runs('30 2 * * *', 'Europe/Berlin', '2027-03-26T12:00Z', 3)).toEqual([
      '2027-03-27T01:30Z',
      '2027-03-28T01:30Z',
      '2027-03-29T00:30Z',
    ]);
    expect(runs('30 2 * * *', 'Europe/Berlin', '2027-10-30T12:00Z', 2)).toEqual([
      '2027-10-31T00:30Z',
      '2027-11-01T01:30Z',
    ]);
  });

  it('come on the last day of each month, and on the 31st only where there is one', () => {
    expect(runs('0 0 L * *', 'UTC', '2027-12-15T00:00Z', 4)).toEqual([
      '2027-12-31T00:00Z',
      '2028-01-31T00:00Z',
      '2028-02-29T00:00Z',
      '2028-03-31T00:00Z',
    ]);
    expect(runs('0 0 31 * *', 'UTC', '2027-01-31T12:00Z', 3)).toEqual([
      '2027-03-31T00:00Z',
      '2027-05-31T00:00Z',
      '2027-07-31T00:00Z',
    ]);
  });
});

describe('A cron expression', () => {
  it.each(['* * * * *', '*/5 9-17 * * MON-FRI', '0 0 L * *', '30 0 3 * * *', '0 0 29 2 *', '0 0 * * THU'])(
    '%s can be used',
    (cron) => expect(problemOfCron(cron, 'Europe/Berlin')).toBeUndefined(),
  );

  it.each([
    ['@daily', 'five fields'],
    ['* * * *', 'five fields'],
    ['* * * * * * *', 'five fields'],
    ['', 'five fields'],
    ['61 * * * *', 'no cron expression'],
    ['a b c d e', 'no cron expression'],
    ['*/0 * * * *', 'no cron expression'],
    ['0 0 31 2 *', ''],
    ['H * * * *', '"H"'],
    ['0 H(1-5) * * *', '"H"'],
  ])('%s cannot', (cron, reason) => expect(problemOfCron(cron)).toContain(reason));
});

describe('The next runs of a schedule', () => {
  const now = at('2027-01-01T00:00Z');

  it('are ten, the one that is made already first', () => {
    const times = nextRuns({ ...plan, every: 60_000, next: now + 5 }, now);
    expect(times).toHaveLength(10);
    expect(times.slice(0, 2)).toEqual([now + 5, now + 60_005]);
  });

  it('are no more than its limit leaves, and none after its end', () => {
    const limited = { ...plan, cron: '0 0 * * *', next: now, limit: 5, count: 3 };
    expect(nextRuns(limited, now)).toHaveLength(3);
    expect(nextRuns({ ...limited, limit: 2 }, now)).toEqual([]);
    expect(nextRuns({ ...limited, limit: undefined, end: at('2027-01-02T12:00Z') }, now)).toEqual([
      now,
      at('2027-01-02T00:00Z'),
    ]);
  });

  it('are ten also when the one that is made was due just now, and begin behind those that were missed', () => {
    const due = { ...plan, every: 60_000, next: now - 1 };
    expect(nextRuns(due, now)).toEqual(Array.from({ length: 10 }, (_, at) => now - 1 + (at + 1) * 60_000));
    expect(nextRuns({ ...due, next: now - 150_000 }, now)[0]).toBe(now + 30_000);
    expect(nextRuns({ ...due, next: now - 120_000 }, now)[0]).toBe(now);
    expect(nextRuns({ ...due, limit: 3, count: 1 }, now)).toHaveLength(2);
    const nightly = { ...plan, cron: '0 0 * * *', next: now - 1 };
    expect(nextRuns(nightly, now)).toHaveLength(10);
    expect(nextRuns(nightly, now)[0]).toBe(at('2027-01-02T00:00Z'));
  });

  it('are none when it is paused, or its last run is over', () => {
    expect(nextRuns({ ...plan, every: 60_000 }, now)).toEqual([]);
    expect(nextRuns({ ...plan, every: 60_000, next: now - 1, limit: 5, count: 5 }, now)).toEqual([]);
    expect(nextRuns({ ...plan, every: 60_000, next: now - 1, end: now + 10 }, now)).toEqual([]);
  });
});
