import { z } from 'zod';

/**
 * Answer of `GET /api/health` when Redis answers; else it is a problem document with status 503. All but `status` is for
 * callers with a key.
 */
export const healthSchema = z
  .object({
    status: z.literal('ok'),
    redis: z
      .object({
        version: z.string().meta({ example: '7.0.15' }),
        latencyMs: z.number().min(0).meta({ description: 'Milliseconds of one round trip.', example: 0.4 }),
      })
      .optional(),
    queue: z
      .object({
        prefix: z.string().meta({ example: 'botrix' }),
        name: z.string().meta({ example: 'jobs' }),
      })
      .optional(),
    database: z
      .enum(['ok', 'unavailable'])
      .optional()
      .meta({ description: 'Where history, keys and tasks are kept.' }),
    history: z
      .object({
        status: z.enum(['ok', 'waiting', 'filling a gap']).meta({
          description: '`waiting`: Redis or the database does not let it write; it goes on by itself.',
        }),
        lagMs: z
          .number()
          .min(0)
          .meta({ description: 'Age of the oldest event that is not written yet, in ms.' }),
      })
      .optional(),
    uptimeSeconds: z.number().min(0).optional().meta({ example: 42 }),
    warnings: z
      .array(z.string())
      .optional()
      .meta({
        description: 'What endangers jobs or the history: eviction, no persistence, a recorder that is late.',
        example: ['maxmemory-policy is allkeys-lru: Redis may delete jobs'],
      }),
  })
  .meta({ id: 'Health' });

export type Health = z.output<typeof healthSchema>;
