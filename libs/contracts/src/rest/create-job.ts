import { z } from 'zod';
import { REST_LIMITS } from './limits.js';
import { queueNameSchema } from '../queue-name.js';
import { payload, priorityName, tags } from './job-fields.js';
import { printableText } from './text.js';

/** Ids that have no address of their own under `/api/jobs/`. */
const UNADDRESSABLE = new Set(['.', '..', 'stats']);

/** Ids of runs of schedules, of what idempotency keys stand for, and of callbacks of batches: these are made, never chosen. */
const MADE = /^(repeat:|once-|flow-once-|batch-.*-callback$)/;

const jobId = printableText(REST_LIMITS.idLength)
  .refine((id) => !UNADDRESSABLE.has(id), 'is reserved: a job of this id would have no address')
  .refine(
    (id) => !MADE.test(id),
    'is reserved: "repeat:", "once-", "flow-once-" and "batch-...-callback" are made by the service alone',
  );

/** Body of `POST /api/jobs`. A field it does not know is an error, so that a typing slip is not lost. */
export const createJobSchema = z
  .strictObject({
    type: printableText(REST_LIMITS.typeLength).meta({
      description: 'What kind of job: the name its handler is registered for.',
      example: 'example.echo',
    }),
    queue: queueNameSchema.optional().meta({
      description:
        'Queue it goes to. Without it: as `QUEUE_ROUTES` says, else as the handler of the type, else `QUEUE_NAME`. Then the ' +
        '`Location` of the answer names the queue.',
      example: 'jobs',
    }),
    payload: payload.optional().meta({
      description:
        'What the handler gets: any JSON, up to 256 KiB and 100 levels. Without it: `{}`. ' +
        'A number that JavaScript cannot hold exactly is refused, not rounded: send it as a string.',
      example: { hello: 'world' },
    }),
    priority: priorityName.optional().meta({
      description:
        "`high` runs before `normal`, `normal` before `low`. Without it: the type's, which is `normal` where it does not say, and " +
        'where no live worker has the type yet.',
    }),
    delay: z.number().int().min(0).max(REST_LIMITS.delayMs).default(0).meta({
      description: 'Milliseconds to wait before the job may run; up to 30 days.',
    }),
    attempts: z
      .number()
      .int()
      .min(1)
      .max(REST_LIMITS.attempts)
      .optional()
      .meta({
        description:
          "How often it is tried in all. Without it: the type's when a worker claims it, 3 where it does not say. Between tries it " +
          'waits as the type says, else 2 s, 4 s, 8 s and so on.',
      }),
    tags: tags.optional(),
    timeout: z.number().int().min(1).max(REST_LIMITS.timeoutMs).optional().meta({
      description: "Milliseconds one try may take, up to 7 days. Without it: the worker's default.",
    }),
    id: jobId.optional().meta({
      description:
        'Id of your choice; a taken one is refused (409), which makes adding idempotent. Without it: one is made.',
      example: 'order-1042',
    }),
  })
  .meta({ id: 'CreateJob' });

/** What a caller of `POST /api/jobs` may send. */
export type CreateJobRequest = z.input<typeof createJobSchema>;
/** The same after validation: defaults are filled in. */
export type ValidCreateJobRequest = z.output<typeof createJobSchema>;
