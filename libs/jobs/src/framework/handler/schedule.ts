import { duration, problemsOf } from '#libs/contracts';
import { z } from 'zod';
import { CronExpressionParser } from 'cron-parser';
import type { ScheduleOptions } from './job-options.js';
import type { Refuse } from './refusal.js';

const SHORTEST_MS = 1000;
const LONGEST_MS = 365 * 86_400_000;

/** A value of cron-parser that is another one whenever the expression is read; not the letter in THU. */
const RANDOM = /(?<![a-z])h(?![a-z])/i;

const schema = z
  .strictObject({
    every: duration(SHORTEST_MS, LONGEST_MS).optional(),
    cron: z.string().trim().optional(),
    timeZone: z.string().optional(),
    overlap: z.enum(['skip', 'queue']).default('skip'),
    payload: z.unknown().optional(),
  })
  .refine(({ every, cron }) => (every === undefined) !== (cron === undefined), 'needs either every or cron')
  .refine(({ cron }) => cron === undefined || isCron(cron), {
    path: ['cron'],
    message:
      'must be a cron expression of five fields, or six with seconds first, of days that there are, without H',
  })
  .refine(({ timeZone }) => timeZone === undefined || isTimeZone(timeZone), {
    path: ['timeZone'],
    message: 'must be an IANA time zone such as Europe/Berlin',
  })
  .refine(({ every, timeZone }) => every === undefined || timeZone === undefined, {
    path: ['timeZone'],
    message: 'goes with cron: an interval has no time zone',
  })
  .refine(({ cron, timeZone }) => cron === undefined || !isCron(cron) || comes(cron, timeZone), {
    path: ['cron'],
    message: 'never comes: no date fits it',
  })
  .transform(({ timeZone = 'UTC', ...rest }) => ({ ...rest, timeZone }));

/** A schedule with its defaults; `every` in ms. */
export type Schedule = z.output<typeof schema>;

/** @throws {InvalidJobHandlerError} for a schedule that could never run. */
export function scheduleOf(options: ScheduleOptions, refuse: Refuse): Schedule {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw refuse(`has a schedule that cannot be used: ${problemsOf(parsed.error).join('; ')}`);
}

function isCron(expression: string): boolean {
  const fields = expression.split(/\s+/).length;
  if (fields < 5 || fields > 6 || RANDOM.test(expression)) return false;
  try {
    CronExpressionParser.parse(expression);
    return true;
  } catch {
    return false;
  }
}

/** Whether there is a time that fits: there is no 30 February. In a time zone that is none, it is said of that. */
function comes(expression: string, tz = 'UTC'): boolean {
  try {
    CronExpressionParser.parse(expression, { tz }).next();
    return true;
  } catch {
    return !isTimeZone(tz);
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
