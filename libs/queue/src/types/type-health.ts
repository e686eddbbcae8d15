import { CronExpressionParser } from 'cron-parser';
import type { PublishedType, TypeHealth, TypeMetricsView } from '#libs/contracts';

/** Runs there must have been before a type is called failing. */
const ENOUGH_RUNS = 10;
/** How long a run that was due may be missing before a type is called silent. */
const SILENCE_MS = 2 * 3_600_000;

/** What the health of a type is told from. Times are Unix ms. */
export interface HealthFacts {
  /** What was counted; absent = nothing yet. */
  metrics?: Pick<TypeMetricsView, 'recent' | 'lastRun' | 'running'> | undefined;
  /** When the type runs by itself; absent = only when somebody asks. */
  schedule?: PublishedType['schedule'];
  /** A type that is switched off is not missed. Default: true. */
  enabled?: boolean;
  /** Since when a run could have been seen: counts where none ever was. */
  since: number;
  now: number;
}

/**
 * The verdict on a type: `failing` when more than half of its last 20 runs failed, and there were ten of them; `silent` when its schedule
 * had a run due two hours ago or more and none has ended since, nor goes on; else `ok`.
 */
export function healthOf({ metrics, schedule, enabled = true, since, now }: HealthFacts): TypeHealth {
  const { runs, failed } = metrics?.recent ?? { runs: 0, failed: 0 };
  if (runs >= ENOUGH_RUNS && failed * 2 > runs) return 'failing';
  if (!schedule || !enabled || (metrics?.running ?? 0) > 0) return 'ok';
  const due = nextAfter(schedule, metrics?.lastRun ?? since);
  return due !== undefined && due + SILENCE_MS <= now ? 'silent' : 'ok';
}

/** When a schedule has its next run after a time; undefined for none. */
function nextAfter(
  { every, cron, timeZone }: NonNullable<PublishedType['schedule']>,
  time: number,
): number | undefined {
  if (every !== undefined) return time + every;
  if (cron === undefined) return undefined;
  try {
    const options = { currentDate: new Date(time), ...(timeZone === undefined ? {} : { tz: timeZone }) };
    return CronExpressionParser.parse(cron, options).next().getTime();
  } catch {
    return undefined; // published by another version, which may know more
  }
}
