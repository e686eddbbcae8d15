import { CronExpressionParser } from 'cron-parser';

/** From when runs are looked at: always the same, so that every process comes to the same answer on every day. */
const FROM = new Date('2024-01-01T00:00:00Z');
const RUNS = 12;

/** When runs come: each `every` ms, or as `cron` says in `timeZone` (default `UTC`). */
export interface Interval {
  readonly every?: number | undefined;
  readonly cron?: string | undefined;
  readonly timeZone?: string | undefined;
}

/** Milliseconds between two runs of a schedule; of a cron expression the fewest between any two of twelve. `undefined`: there are not two. */
export function shortestInterval({ every, cron, timeZone: tz = 'UTC' }: Interval): number | undefined {
  if (cron === undefined) return every;
  const times = runsOf(cron, tz);
  const between = times.slice(1).map((time, at) => time - (times[at] as number));
  return between.length === 0 ? undefined : Math.min(...between);
}

/** Unix ms. Fewer than twelve where no more come; none for what is no expression. */
function runsOf(cron: string, tz: string): number[] {
  const times: number[] = [];
  try {
    const runs = CronExpressionParser.parse(cron, { tz, currentDate: FROM });
    while (times.length < RUNS) times.push(runs.next().getTime());
  } catch {
    // Nothing more comes: what came counts.
  }
  return times;
}
