import { z } from 'zod';

const count = z.number().int().min(0);

/** Answer of `GET /api/jobs/stats`. All counts are exact, unless it says `isPartial`. */
export const jobStatsSchema = z
  .object({
    byStatus: z.object({
      pending: count,
      running: count,
      completed: count,
      failed: count,
      cancelled: count,
    }),
    byPriority: z.object({ low: count, normal: count, high: count }).meta({
      description: 'Pending jobs that stand in the queue, by priority; those above high count as high.',
    }),
    byState: z.record(z.string(), count).meta({ example: { waiting: 0, delayed: 2 } }),
    total: count.meta({ description: 'Jobs of all statuses together.' }),
    isPartial: z.boolean().optional().meta({
      description:
        'True when a caller that sees only its own jobs has too many beside it to look at all: each count is the least there are.',
    }),
  })
  .meta({ id: 'JobStats' });

export type JobStats = z.output<typeof jobStatsSchema>;
