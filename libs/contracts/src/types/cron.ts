import { CronExpressionParser } from 'cron-parser';

/** Words for times that every reader would choose anew: runs must not depend on who looks. */
const RANDOM = /(^|[\s,/-])H/i;

/** Whether a text is the name of a time zone that this process knows. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** What is wrong with a cron expression of five or six fields; `undefined` when it can be used and has a run to come. */
export function problemOfCron(cron: string, timeZone = 'UTC'): string | undefined {
  const parts = cron.trim().split(/\s+/);
  if (parts.length < 5 || parts.length > 6) return 'must have five fields, or six with seconds first';
  if (RANDOM.test(cron)) return 'must not hold "H": its times would be others each time it is read';
  try {
    CronExpressionParser.parse(cron, { tz: timeZone });
  } catch (error) {
    return `is no cron expression: ${(error as Error).message}`;
  }
  return cronRuns({ cron, timeZone, from: Date.now() }, 1).length === 0 ? 'never comes' : undefined;
}

/** Which runs of a cron expression are asked for: those after `from` and not after `until`, Unix ms. */
export interface CronRange {
  cron: string;
  timeZone?: string | undefined;
  from: number;
  until?: number | undefined;
}

/** The next runs of a cron expression, Unix ms; fewer where no more come, none for what is no expression. */
export function cronRuns(
  { cron, timeZone = 'UTC', from, until = Infinity }: CronRange,
  most: number,
): number[] {
  const times: number[] = [];
  try {
    const runs = CronExpressionParser.parse(cron, { tz: timeZone, currentDate: new Date(from) });
    while (times.length < most) {
      const time = runs.next().getTime();
      if (time > until) break;
      times.push(time);
    }
  } catch {
    // Nothing more comes: what came counts.
  }
  return times;
}
