import { z } from 'zod';
import { PRIORITIES, type PriorityName } from '../priority.js';
import { isTimeZone, problemOfCron } from '../types/cron.js';
import { duration } from '../types/duration.js';
import { isDeeperThan } from './depth.js';
import { jobQueueParameter } from './job-queue.js';
import { REST_LIMITS } from './limits.js';
import { cursorParameters, pageOf } from './page.js';
import { printableText } from './text.js';
import { givenTime } from './time.js';

const YEAR_MS = 365 * 86_400_000;
const priorityNames = Object.keys(PRIORITIES) as [PriorityName, ...PriorityName[]];
const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' });
const bound = (description: string) =>
  givenTime.optional().meta({ description, example: '2026-03-01T09:30:00Z' });

/** Schedules of job types have ids that begin with this. */
export const TYPE_SCHEDULE_PREFIX = 'type.';

/** What ids of schedules begin with that are made, not chosen: those of types, of tasks, and of idempotency keys. */
const MADE = [TYPE_SCHEDULE_PREFIX, 'task.', 'once-'];

const scheduleId = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]{0,99}$/,
    'must be 1 to 100 letters, digits, ".", "_" or "-", a letter or digit first',
  )
  .superRefine((id, context) => {
    const prefix = MADE.find((one) => id.startsWith(one));
    if (prefix !== undefined) context.addIssue(`must not begin with "${prefix}"`);
  });

const fields = {
  type: printableText(REST_LIMITS.typeLength).meta({
    description: 'Type of the jobs it adds.',
    example: 'report.generate',
  }),
  cron: z.string().max(200).optional().meta({
    description:
      'Five fields, or six with seconds first; `L` is the last day of a month. Either this or `every`.',
    example: '0 3 * * *',
  }),
  timeZone: z.string().max(100).optional().meta({
    description: 'IANA time zone that `cron` is meant in. Default: `UTC`.',
    example: 'Europe/Berlin',
  }),
  every: duration(1000, YEAR_MS).optional().meta({
    description:
      'Distance of runs: milliseconds, or a text like "5m"; a second to a year. The first run is due at once, or at `start`.',
    example: '15m',
  }),
  start: bound('No run before it.'),
  end: bound('No run after it.'),
  limit: z.number().int().min(1).max(1_000_000_000).optional().meta({ description: 'Most runs in all.' }),
  payload: z
    .unknown()
    .refine(
      (value) => !isDeeperThan(value, REST_LIMITS.payloadDepth),
      `must not be nested deeper than ${REST_LIMITS.payloadDepth} levels`,
    )
    .optional()
    .meta({
      description: 'What each run gets: any JSON, up to 256 KiB. Without it: `{}`.',
      example: { format: 'pdf' },
    }),
  priority: z
    .enum(priorityNames)
    .optional()
    .meta({ description: "Without it: the type's, which is `normal` where it does not say." }),
  attempts: z
    .number()
    .int()
    .min(1)
    .max(REST_LIMITS.attempts)
    .optional()
    .meta({ description: 'How often each run is tried in all. Without it: as the type says.' }),
};

const shape = z.strictObject(fields);
type Timing = Pick<z.output<typeof shape>, 'cron' | 'every' | 'timeZone' | 'start' | 'end'>;

function checkTiming({ value, issues }: { value: Timing; issues: unknown[] }): void {
  const { cron, every, timeZone, start, end } = value;
  const refuse = (path: string, message: string) =>
    issues.push({ code: 'custom', path: [path], message, input: value });
  if ((cron === undefined) === (every === undefined)) {
    refuse(cron === undefined ? 'cron' : 'every', 'give either "cron" or "every"');
  }
  const isZone = timeZone === undefined || isTimeZone(timeZone);
  if (!isZone) refuse('timeZone', 'is no IANA time zone, such as Europe/Berlin');
  if (timeZone !== undefined && cron === undefined) refuse('timeZone', 'is for "cron" only');
  const problem = cron === undefined || !isZone ? undefined : problemOfCron(cron, timeZone);
  if (problem !== undefined) refuse('cron', problem);
  if (start !== undefined && end !== undefined && Date.parse(end) <= Date.parse(start))
    refuse('end', 'must be after start');
  if (end !== undefined && Date.parse(end) <= Date.now()) refuse('end', 'must be in the future');
}

/** Body of `PUT /api/schedules/:id`. */
export const putScheduleSchema = shape.check(checkTiming).meta({ id: 'PutSchedule' });

export type PutSchedule = z.output<typeof putScheduleSchema>;

/** Body of `POST /api/schedules`. */
export const createScheduleSchema = z
  .strictObject({
    id: scheduleId.optional().meta({
      description: 'Id of your choice; a taken one is refused (409). Without it: one is made.',
      example: 'nightly-report',
    }),
    queue: jobQueueParameter.meta({
      description: 'Queue its jobs go to. Without it: as for a job of the type.',
    }),
    ...fields,
  })
  .check(checkTiming)
  .meta({ id: 'CreateSchedule' });

export type CreateSchedule = z.output<typeof createScheduleSchema>;

/** Path of a schedule that may be made by anybody, types' workers too. */
export const schedulePathSchema = z.strictObject({
  id: printableText(500).meta({
    description: "The schedule's id, percent-encoded.",
    example: 'nightly-report',
  }),
});

export type SchedulePath = z.output<typeof schedulePathSchema>;

/** Path of a schedule that is put. */
export const putSchedulePathSchema = z.strictObject({
  id: scheduleId.meta({ description: "The schedule's id.", example: 'nightly-report' }),
});

/** A schedule and its settings. */
export const scheduleSummarySchema = z
  .object({
    id: z.string().meta({ example: 'nightly-report' }),
    queue: z.string().meta({ example: 'jobs' }),
    type: z.string().meta({ example: 'report.generate' }),
    cron: z.string().optional(),
    timeZone: z.string().optional(),
    every: z.number().optional().meta({ description: 'Milliseconds.' }),
    start: time.optional(),
    end: time.optional(),
    limit: z.number().optional(),
    payload: z.unknown().optional(),
    priority: z.enum(priorityNames),
    attempts: z.number().optional().meta({ description: 'Absent = as the type says.' }),
    creator: z.string().optional().meta({ description: 'Who made it, where that is known.' }),
    ofType: z.boolean().meta({
      description:
        'A worker made it for its type; its settings are in code: it can be paused and run, not changed.',
    }),
    paused: z.boolean().meta({ description: 'A paused schedule makes no run.' }),
    runs: z.number().meta({ description: 'Runs it has made, the next one counted in.' }),
    nextRun: time
      .optional()
      .meta({ description: 'When the next run is due; absent when it is paused or has ended.' }),
  })
  .meta({ id: 'ScheduleSummary' });

export type ScheduleSummary = z.output<typeof scheduleSummarySchema>;

/** A schedule with what it will do. */
export const scheduleViewSchema = scheduleSummarySchema
  .extend({
    nextRuns: z
      .array(time)
      .meta({ description: 'The next ten runs, or as many as there will be; none while it is paused.' }),
  })
  .meta({ id: 'Schedule' });

export type ScheduleView = z.output<typeof scheduleViewSchema>;

/** Query of `GET /api/schedules`. */
export const listSchedulesSchema = z.strictObject({
  ...cursorParameters,
  queue: jobQueueParameter.meta({ description: 'Only schedules of this queue. Without it: of all queues.' }),
});

export type ListSchedulesQuery = z.output<typeof listSchedulesSchema>;

/** Answer of `GET /api/schedules`. */
export const schedulePageSchema = pageOf(scheduleSummarySchema)
  .extend({ total: z.number().int().min(0) })
  .meta({ id: 'Schedules' });

export type SchedulePage = z.output<typeof schedulePageSchema>;

/** Answer of `POST /api/schedules/:id/run`. */
export const scheduledRunSchema = z
  .object({
    jobId: z.string().meta({ description: 'Id of the job that was added.', example: '4711' }),
    queue: z.string().meta({ example: 'jobs' }),
  })
  .meta({ id: 'ScheduledRun' });

export type ScheduledRun = z.output<typeof scheduledRunSchema>;
