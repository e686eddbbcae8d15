import { z } from 'zod';

const count = z.number().int().min(0);
const ms = z.number().min(0);
const time = z.number().int().min(0).nullable();

/** How a type is doing: `failing` most of its last runs failed, `silent` a scheduled run did not come. */
export const TYPE_HEALTH = ['ok', 'failing', 'silent'] as const;

export type TypeHealth = (typeof TYPE_HEALTH)[number];

/** What was counted of a job type over all workers, since counting began. Durations are ms, times Unix ms. */
export const typeMetricsSchema = z
  .object({
    type: z.string().meta({ example: 'report.generate' }),
    total: count.meta({ description: 'Runs that ended: `ok`, `failed` and `retried` together.' }),
    ok: count.meta({ description: 'Runs whose job completed.' }),
    failed: count.meta({ description: 'Runs whose job failed for good.' }),
    retried: count.meta({ description: 'Failed runs whose job is tried again.' }),
    dead: count.meta({
      description: 'Jobs that failed for good and were kept as dead letters; part of `failed`.',
    }),
    running: count.meta({ description: 'Runs that go on now.' }),
    duration: z
      .object({
        count: count.meta({ description: 'Runs that were measured.' }),
        sum: ms,
        min: ms,
        mean: ms,
        max: ms,
        p50: ms.meta({ description: 'At most 5 % off, or half a millisecond; so are the next two.' }),
        p95: ms,
        p99: ms,
      })
      .nullable()
      .meta({ description: 'Milliseconds; null before the first run.' }),
    lastRun: time.meta({ description: 'When the last run ended, Unix ms.' }),
    lastSuccess: time,
    lastFailure: time,
    recent: z
      .object({ runs: count, failed: count })
      .meta({ description: 'The last 20 runs at most, and how many of them failed.' }),
  })
  .meta({ id: 'TypeMetrics' });

export type TypeMetricsView = z.output<typeof typeMetricsSchema>;
