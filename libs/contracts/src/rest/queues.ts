import { z } from 'zod';
import { queueNameSchema } from '../queue-name.js';
import { duration } from '../types/duration.js';
import { jobStatsSchema } from './job-stats.js';
import { REST_DEFAULTS, REST_LIMITS } from './limits.js';

const DAY_MS = 86_400_000;
const TEN_YEARS_MS = 3650 * DAY_MS;
const count = z.number().int().min(0);
const ms = z.number().min(0);
const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' });

/** Path parameters of a queue. */
export const queuePathSchema = z.strictObject({
  queue: queueNameSchema
    .max(REST_LIMITS.queueLength)
    .meta({ description: 'Name of the queue.', example: 'jobs' }),
});

export type QueuePath = z.output<typeof queuePathSchema>;

const most = z.number().int().min(1).max(1_000_000);
const rate = z.strictObject({
  max: most.meta({ description: 'Most jobs that start within `duration`.', example: 100 }),
  duration: duration(1, DAY_MS).meta({
    description: 'Milliseconds, or a text like "1s", "1m"; up to a day.',
    example: '1s',
  }),
});

/** Body of `PUT /api/queues/:queue/limits`: all limits, in place of those before. */
export const queueLimitsBodySchema = z
  .strictObject({
    concurrency: most.nullable().default(null).meta({
      description: 'Most jobs of the queue that run at once, over all workers; null = no limit.',
      example: 20,
    }),
    rate: rate
      .nullable()
      .default(null)
      .meta({ description: 'How many jobs may start in a length of time; null = no limit.' }),
  })
  .meta({ id: 'QueueLimitsBody' });

export type QueueLimits = z.output<typeof queueLimitsBodySchema>;

const limitsSchema = z
  .object({
    concurrency: z.number().nullable(),
    rate: z.object({ max: z.number(), duration: z.number() }).nullable(),
  })
  .meta({
    description:
      'Limits over all workers of Drover, `duration` in milliseconds. Legacy workers do not know them.',
  });

/** A queue as it stands. */
export const queueViewSchema = z
  .object({
    name: z.string().meta({ example: 'jobs' }),
    paused: z.boolean().meta({ description: 'No worker of Drover claims jobs of a paused queue.' }),
    counts: jobStatsSchema.omit({ byState: true }),
    limits: limitsSchema,
    oldestWaitingMs: ms.nullable().meta({
      description:
        'How long the job has waited that has done so for longest, in milliseconds: since it was added, was due, or began its ' +
        'last run, whichever was later; null when none waits. Up to ten priorities are looked at.',
      example: 1250,
    }),
    workers: count.meta({ description: 'Live workers of Drover that serve it.' }),
  })
  .meta({ id: 'Queue' });

export type QueueView = z.output<typeof queueViewSchema>;

/** Answer of `GET /api/queues`. */
export const queueListSchema = z.object({ items: z.array(queueViewSchema) }).meta({ id: 'Queues' });

export interface QueueList {
  items: QueueView[];
}

const limit = z
  .number()
  .int()
  .min(1)
  .max(REST_LIMITS.removals)
  .default(REST_DEFAULTS.removals)
  .meta({ description: 'Most jobs to remove; `more` in the answer says whether there are others.' });

/** Body of `POST /api/queues/:queue/drain`. */
export const drainQueueSchema = z
  .strictObject({
    delayed: z.boolean().default(false).meta({ description: 'Whether delayed jobs are removed too.' }),
    limit,
  })
  .meta({ id: 'DrainQueue' });

export type DrainQueue = z.output<typeof drainQueueSchema>;

/** Answer of `POST /api/queues/:queue/drain`. */
export const drainedQueueSchema = z
  .object({
    removed: count.meta({ example: 120 }),
    more: z.boolean().meta({ description: 'Whether there may be more than `limit`: ask again.' }),
  })
  .meta({ id: 'DrainedQueue' });

export type DrainedQueue = z.output<typeof drainedQueueSchema>;

/** What can be cleaned. */
export const CLEANABLE = ['completed', 'failed', 'cancelled', 'waiting', 'delayed'] as const;

export type CleanableStatus = (typeof CLEANABLE)[number];

/** Body of `POST /api/queues/:queue/clean`. */
export const cleanQueueSchema = z
  .strictObject({
    status: z.enum(CLEANABLE).meta({
      description:
        'Jobs of this status. `failed` leaves dead letters: they have a purge of their own. The next run of a schedule stays.',
      example: 'completed',
    }),
    olderThan: duration(0, TEN_YEARS_MS).meta({
      description:
        'Those that finished, or else were added, so long ago: milliseconds, or a text like "7d"; 0 = all.',
      example: '7d',
    }),
    limit,
    dryRun: z
      .boolean()
      .default(false)
      .meta({ description: 'Only count those that would be removed. Nothing is changed.' }),
    cursor: z
      .string()
      .regex(/^[\w-]{1,200}$/, 'is none that an answer gave as nextCursor')
      .optional()
      .meta({ description: 'Where to go on: `nextCursor` of the answer before.' }),
  })
  .meta({ id: 'CleanQueue' });

export type CleanQueue = z.output<typeof cleanQueueSchema>;

/** Answer of `POST /api/queues/:queue/clean`. */
export const cleanedQueueSchema = z
  .object({
    removed: count.meta({ description: 'How many were removed, or with `dryRun` would be.', example: 120 }),
    dryRun: z.boolean(),
    nextCursor: z.string().optional().meta({
      description: 'There is more to look at: give it as `cursor`. One request looks at up to 100,000 jobs.',
    }),
  })
  .meta({ id: 'CleanedQueue' });

export type CleanedQueue = z.output<typeof cleanedQueueSchema>;

/** Answer of `GET /api/queues/:queue/statistics`. */
export const queueStatisticsSchema = z
  .object({
    queue: z.string().meta({ example: 'jobs' }),
    completed: count.meta({ description: 'Jobs that completed within these minutes.' }),
    failed: count.meta({ description: 'Jobs that failed for good or were cancelled within them.' }),
    minutes: z
      .array(z.object({ at: time, completed: count, failed: count }))
      .meta({ description: 'The last 60 minutes, the oldest first; the last one is not over yet.' }),
  })
  .meta({ id: 'QueueStatistics' });

export type QueueStatistics = z.output<typeof queueStatisticsSchema>;

/** Answer of `GET /api/queues/:queue/latency`. */
export const queueLatencySchema = z
  .object({
    queue: z.string().meta({ example: 'jobs' }),
    waiting: count.meta({ description: 'Jobs that could start now.' }),
    oldestWaitingMs: ms.nullable().meta({ description: 'See the queue.' }),
    started: z
      .object({ jobs: count, p50: ms, p95: ms, max: ms })
      .nullable()
      .meta({
        description:
          'Milliseconds from when jobs were ready to when their first run began, of up to 200 that run now or finished last; ' +
          'null when there are none.',
      }),
  })
  .meta({ id: 'QueueLatency' });

export type QueueLatency = z.output<typeof queueLatencySchema>;
