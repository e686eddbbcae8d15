import { z } from 'zod';
import { jobQueueParameter } from './job-queue.js';
import { REST_DEFAULTS, REST_LIMITS } from './limits.js';

const row = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Query of `GET /api/jobs/:id/logs`. */
export const jobLogsQuerySchema = z
  .strictObject({
    queue: jobQueueParameter,
    start: row.default(0).meta({ description: 'First row, counted from 0 (the oldest).' }),
    end: row.optional().meta({
      description: `Last row, counted in. Without it: ${REST_DEFAULTS.logRows} rows. At most ${REST_LIMITS.logRows} rows.`,
    }),
  })
  .refine(({ start, end = start }) => end >= start, { path: ['end'], message: 'must not be before start' })
  .refine(({ start, end = start }) => end - start < REST_LIMITS.logRows, {
    path: ['end'],
    message: `must ask for at most ${REST_LIMITS.logRows} rows`,
  });

export type JobLogsQuery = z.output<typeof jobLogsQuerySchema>;

/** Answer of `GET /api/jobs/:id/logs`. */
export const jobLogsSchema = z
  .object({
    logs: z
      .array(z.string())
      .meta({ description: 'The rows asked for, oldest first.', example: ['step 1 of 5'] }),
    count: z.number().int().min(0).meta({ description: 'Rows there are in all.', example: 1 }),
  })
  .meta({ id: 'JobLogs' });

export type JobLogs = z.output<typeof jobLogsSchema>;
