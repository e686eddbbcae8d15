import { z } from 'zod';
import { duration } from '../types/duration.js';
import { payload, priority } from './job-fields.js';
import { REST_LIMITS } from './limits.js';

/** Body of `PATCH /api/jobs/:id`. */
export const updateJobSchema = z
  .strictObject({
    priority: priority
      .optional()
      .meta({ description: '`low`, `normal`, `high`, or a number: more runs sooner.', example: 'high' }),
    delay: duration(0, REST_LIMITS.delayMs).optional().meta({
      description: 'Time from now until it may run: milliseconds, or a text like "30s", "5m"; 0 = now.',
      example: '5m',
    }),
    payload: payload.optional().meta({
      description:
        'What the handler gets instead. Of a job that a Go service added: its document, an object.',
      example: { hello: 'there' },
    }),
  })
  .refine(
    (body) => Object.values(body).some((value) => value !== undefined),
    'give priority, delay or payload',
  )
  .meta({ id: 'UpdateJob' });

export type UpdateJobRequest = z.output<typeof updateJobSchema>;
