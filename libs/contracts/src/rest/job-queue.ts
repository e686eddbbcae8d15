import { z } from 'zod';
import { queueNameSchema } from '../queue-name.js';

/** Which queue a request about jobs means. */
export const jobQueueParameter = queueNameSchema
  .optional()
  .meta({ description: 'Queue of the same prefix. Without it: `QUEUE_NAME`.' });

/** Query of requests about jobs of one queue. */
export const jobQueueSchema = z.strictObject({ queue: jobQueueParameter });

export type JobQueueQuery = z.output<typeof jobQueueSchema>;
