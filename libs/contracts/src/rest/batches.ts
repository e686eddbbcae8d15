import { z } from 'zod';
import { JOB_STATUSES, type JobStatus } from '../job-status.js';
import type { JobView } from '../job-view.js';
import { PRIORITIES, type PriorityName } from '../priority.js';
import { queueNameSchema } from '../queue-name.js';
import { createJobSchema } from './create-job.js';
import { isDeeperThan } from './depth.js';
import { jobQueueParameter } from './job-queue.js';
import { REST_LIMITS } from './limits.js';
import { cursorParameters, pageOf } from './page.js';
import { printableText } from './text.js';

/** What a batch is at. `failed`: it ended, and at least one of its jobs failed. */
export const BATCH_STATUSES = [
  'pending',
  'running',
  'cancelling',
  'completed',
  'failed',
  'cancelled',
] as const;
export type BatchStatus = (typeof BATCH_STATUSES)[number];

/** A batch as people and other programs read it. Times are ISO 8601, UTC. */
export interface BatchView {
  id: string;
  queue: string;
  name?: string | undefined;
  status: BatchStatus;
  total: number;
  counts: Record<JobStatus | 'removed', number>;
  /** Jobs that have ended, of a hundred. */
  percent: number;
  /** Most jobs at a time; absent = all. */
  limit?: number | undefined;
  creator?: string | undefined;
  /** The job that follows when all have ended. */
  callback?: { type: string; jobId: string; addedAt?: string | undefined } | undefined;
  createdAt: string;
  startedAt?: string | undefined;
  finishedAt?: string | undefined;
  cancelledAt?: string | undefined;
  estimatedFinishAt?: string | undefined;
}

/** A job of a batch, and where it stands. */
export interface BatchItemView {
  /** Place in the request that made the batch, from 0. */
  index: number;
  id: string;
  /** `removed`: it was removed before it ended. */
  status: JobStatus | 'removed';
  /** 1 = next of its batch. Only for one that waits. */
  position?: number | undefined;
  /** The same among all jobs of the queue. */
  positionInQueue?: number | undefined;
  estimatedStartAt?: string | undefined;
  estimatedFinishAt?: string | undefined;
  // What follows is absent when Redis has forgotten the job.
  type?: string | undefined;
  priority?: PriorityName | undefined;
  progress?: JobView['progress'] | undefined;
  attempts?: JobView['attempts'] | undefined;
  error?: string | undefined;
  errorCode?: string | undefined;
  createdAt?: string | undefined;
  startedAt?: string | undefined;
  finishedAt?: string | undefined;
  delayedUntil?: string | undefined;
}

const jobFields = createJobSchema.shape;

const itemSchema = z
  .strictObject({
    type: jobFields.type,
    payload: jobFields.payload,
    id: jobFields.id,
    priority: jobFields.priority,
    attempts: jobFields.attempts,
    timeout: jobFields.timeout,
  })
  .meta({ id: 'BatchJob' });

const callbackSchema = z
  .strictObject({
    type: jobFields.type,
    payload: z
      .record(z.string(), z.unknown())
      .refine((payload) => !Object.hasOwn(payload, 'batch'), {
        path: ['batch'],
        message: 'is set by the batch: the counts will stand there',
      })
      .refine(
        (payload) => !isDeeperThan(payload, REST_LIMITS.payloadDepth),
        `must not be nested deeper than ${REST_LIMITS.payloadDepth} levels`,
      )
      .optional()
      .meta({
        description: 'An object; its handler gets it with the field `batch` added: id, name, counts, times.',
        example: { report: 'orders' },
      }),
    priority: jobFields.priority,
    attempts: jobFields.attempts,
    timeout: jobFields.timeout,
  })
  .meta({
    id: 'BatchCallback',
    description: 'Job that is added, once, when all jobs of the batch have ended.',
  });

/** Body of `POST /api/batches`. */
export const createBatchSchema = z
  .strictObject({
    name: printableText(REST_LIMITS.nameLength)
      .optional()
      .meta({ description: 'What people call it.', example: 'Orders of 1 March' }),
    queue: queueNameSchema.optional().meta({
      description:
        'Queue of all its jobs. Without it: where jobs of their types go, which must be one queue.',
      example: 'jobs',
    }),
    limit: z.number().int().min(1).max(REST_LIMITS.bulkJobs).optional().meta({
      description:
        'Most jobs at a time, over all workers and Go services; one that waits for a retry counts. Without it: all.',
      example: 3,
    }),
    items: z
      .array(itemSchema)
      .min(1, 'must have at least one job')
      .max(REST_LIMITS.bulkJobs, `must have at most ${REST_LIMITS.bulkJobs} jobs`)
      .meta({ description: 'Its jobs, 1 to 10,000; those of one priority run in this order.' }),
    callback: callbackSchema.optional(),
  })
  .meta({ id: 'CreateBatch' });

export type ValidCreateBatchRequest = z.output<typeof createBatchSchema>;

/** Query of `GET /api/batches`. */
export const listBatchesSchema = z.strictObject({ ...cursorParameters, queue: jobQueueParameter });
export type ListBatchesQuery = z.output<typeof listBatchesSchema>;

/** Query of `GET /api/batches/:id/items`. */
export const listBatchItemsSchema = listBatchesSchema;

const count = z.number().int().min(0);
const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' });
const batchId = z.string().meta({ example: 'batch-7b1e4f0c-5a0e-4a57-9f4c-0e6f2c1d9a11' });

export const batchSchema: z.ZodType<BatchView> = z
  .object({
    id: batchId,
    queue: z.string().meta({ example: 'jobs' }),
    name: z.string().optional().meta({ example: 'Orders of 1 March' }),
    status: z.enum(BATCH_STATUSES).meta({
      description:
        '`pending` until the first job starts; `failed` when it ended and a job of it failed; `cancelling` while jobs are being cancelled.',
    }),
    total: count.meta({ example: 250 }),
    counts: z
      .object({
        pending: count,
        running: count,
        completed: count,
        failed: count,
        cancelled: count,
        removed: count.meta({ description: 'Removed before they ended.' }),
      })
      .meta({ description: 'Each job is counted once.' }),
    percent: z
      .number()
      .min(0)
      .max(100)
      .meta({ description: 'Jobs that have ended, of a hundred.', example: 42.4 }),
    limit: count.optional().meta({ description: 'Most jobs at a time; absent = all.', example: 3 }),
    creator: z.string().optional().meta({ description: 'Who created it.' }),
    callback: z
      .object({
        type: z.string(),
        jobId: z.string().meta({ description: 'Its id; there is such a job once `addedAt` is set.' }),
        addedAt: time.optional(),
      })
      .optional(),
    createdAt: time,
    startedAt: time.optional().meta({ description: 'When the first job started.' }),
    finishedAt: time.optional().meta({ description: 'When the last job ended.' }),
    cancelledAt: time.optional(),
    estimatedFinishAt: time.optional().meta({
      description:
        'When the last job is expected to end; absent when nothing is known of how long jobs take, and in lists.',
    }),
  })
  .meta({ id: 'Batch' });

export const batchPageSchema = pageOf(batchSchema).meta({ id: 'BatchPage' });

export const batchItemSchema: z.ZodType<BatchItemView> = z
  .object({
    index: count.meta({ description: 'Place in the request, from 0.' }),
    id: z.string().meta({ example: '1042' }),
    status: z.enum([...JOB_STATUSES, 'removed']),
    position: count.optional().meta({ description: '1 = next of its batch. Only for a job that waits.' }),
    positionInQueue: count.optional().meta({ description: 'The same among all jobs of the queue.' }),
    estimatedStartAt: time.optional(),
    estimatedFinishAt: time.optional(),
    type: z.string().optional(),
    priority: z.enum(Object.keys(PRIORITIES) as [PriorityName, ...PriorityName[]]).optional(),
    progress: z
      .union([z.number(), z.string(), z.boolean(), z.looseObject({}), z.array(z.unknown())])
      .optional(),
    attempts: z.object({ made: count, started: count, max: count }).optional(),
    error: z.string().optional(),
    errorCode: z.string().optional(),
    createdAt: time.optional(),
    startedAt: time.optional(),
    finishedAt: time.optional(),
    delayedUntil: time.optional().meta({ description: 'When a job that waits for a retry is ready.' }),
  })
  .meta({
    id: 'BatchItem',
    description: 'Without `type` and what follows when Redis has forgotten the job.',
  });

export const batchItemPageSchema = pageOf(batchItemSchema)
  .extend({ total: count.meta({ description: 'Jobs of the batch.' }) })
  .meta({ id: 'BatchItemPage' });
