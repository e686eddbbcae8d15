import { z } from 'zod';
import { queueNameSchema } from '../queue-name.js';

const DAY_MS = 86_400_000;
const MOST_BUCKETS = 800;
const BUCKET_MS = { hour: DAY_MS / 24, day: DAY_MS } as const;

const count = z.number().int().min(0);
const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:00:00.000Z' });
const moment = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-03-01T09:30:00Z' })
  .refine((text) => {
    const year = new Date(text).getUTCFullYear();
    return year >= 1970 && year < 10_000;
  }, 'must be a time from 1970 to 9999');

/** Query of `GET /api/statistics`. */
export const statisticsQuerySchema = z
  .strictObject({
    from: moment.optional().meta({ description: 'Begin of the range. Default: 24 hours before its end.' }),
    to: moment.optional().meta({ description: 'End of the range, not counted in. Default: now.' }),
    bucket: z.enum(['hour', 'day']).default('hour').meta({ description: 'Length of a bucket, in UTC.' }),
    queue: queueNameSchema.optional().meta({ description: 'Only jobs of this queue. Without it: of all.' }),
  })
  .refine((query) => statisticsRange(query).from < statisticsRange(query).to, {
    path: ['from'],
    message: 'must be before to',
  })
  .refine((query) => bucketsOf(query) <= MOST_BUCKETS, {
    path: ['bucket'],
    message: `the range may have at most ${MOST_BUCKETS} buckets`,
  });
export type StatisticsQuery = z.output<typeof statisticsQuerySchema>;

/** The range that is asked for, in ms since 1970. */
export function statisticsRange({ from, to }: { from?: string | undefined; to?: string | undefined }) {
  const end = to === undefined ? Date.now() : Date.parse(to);
  return { from: from === undefined ? end - DAY_MS : Date.parse(from), to: end };
}

function bucketsOf(query: {
  from?: string | undefined;
  to?: string | undefined;
  bucket: 'hour' | 'day';
}): number {
  const { from, to } = statisticsRange(query);
  return (to - from) / BUCKET_MS[query.bucket];
}

const durationSchema = z.object({
  count,
  mean: z.number().min(0).optional(),
  p50: z.number().min(0).optional(),
  p95: z.number().min(0).optional(),
  p99: z.number().min(0).optional(),
  max: z.number().min(0).optional(),
});

const byStatus = z.object({
  pending: count,
  running: count,
  completed: count,
  failed: count,
  cancelled: count,
});

/** Answer of `GET /api/statistics`. */
export const statisticsSchema = z
  .object({
    from: time,
    to: time,
    total: count.meta({ description: 'Jobs created in the range.' }),
    byStatus: byStatus.meta({ description: 'Of these, by the status they have now.' }),
    byPriority: z.object({ low: count, normal: count, high: count }),
    byType: z
      .array(byStatus.extend({ type: z.string(), total: count }))
      .meta({ description: 'Of these, by type, those with the most jobs first; at most 100.' }),
    durations: z
      .object({ queueMs: durationSchema, runMs: durationSchema })
      .meta({ description: 'Of jobs finished in the range, in ms.' }),
    buckets: z
      .array(z.object({ at: time, created: count, completed: count, failed: count, cancelled: count }))
      .meta({ description: 'Created and ended jobs by time, without gaps.' }),
  })
  .meta({ id: 'Statistics' });
export type Statistics = z.output<typeof statisticsSchema>;
