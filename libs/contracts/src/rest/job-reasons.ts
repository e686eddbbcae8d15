import { z } from 'zod';

export const WAITING_REASONS = [
  'DELAYED',
  'BACKOFF',
  'WAITING_FOR_CHILDREN',
  'QUEUE_PAUSED',
  'QUEUE_AT_LIMIT',
  'RATE_LIMITED',
  'TYPE_DISABLED',
  'TYPE_AT_LIMIT',
  'TYPE_AT_WORKER_LIMIT',
  'NO_WORKER_FOR_TYPE',
  'NO_WORKER',
  'BEHIND_OTHERS',
  'NEXT',
] as const;

export const waitingReasonSchema = z
  .object({
    code: z.enum(WAITING_REASONS).meta({ description: 'Stable, to be matched.', example: 'TYPE_AT_LIMIT' }),
    message: z.string().meta({ example: '3 jobs of type mail.send run, and at most 3 at once' }),
    data: z
      .looseObject({})
      .meta({ description: 'The same for programs.', example: { type: 'mail.send', limit: 3, running: 3 } }),
  })
  .meta({ id: 'WaitingReason' });

export type WaitingReason = z.output<typeof waitingReasonSchema>;

/** Answer of `GET /api/jobs/:id/why`. */
export const jobReasonsSchema = z
  .object({
    id: z.string().meta({ example: 'order-1042' }),
    status: z.string().meta({ example: 'pending' }),
    state: z.string().meta({ example: 'prioritized' }),
    isWaiting: z.boolean().meta({ description: 'False for a job that runs or has finished.' }),
    position: z
      .number()
      .int()
      .min(1)
      .optional()
      .meta({ description: '1 = next. Only for a job that stands in the queue.', example: 4 }),
    reasons: z.array(waitingReasonSchema).meta({ description: 'Every reason that holds at this moment.' }),
  })
  .meta({ id: 'JobReasons' });

export type JobReasons = z.output<typeof jobReasonsSchema>;
