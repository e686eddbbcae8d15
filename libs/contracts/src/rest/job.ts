import { z } from 'zod';
import { JOB_STATUSES } from '../job-status.js';
import type { DeadLetter, JobState, JobView } from '../job-view.js';
import { PRIORITIES, type PriorityName } from '../priority.js';

const JOB_STATES = [
  'waiting',
  'prioritized',
  'delayed',
  'waiting-children',
  'active',
  'completed',
  'failed',
  'cancelled',
] as const satisfies readonly JobState[];

const priorityNames = Object.keys(PRIORITIES) as [PriorityName, ...PriorityName[]];
const count = z.number().int().min(0);
const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' });

export const jobStatusSchema = z.enum(JOB_STATUSES);

const jobObject = z
  .object({
    id: z.string().meta({ example: 'order-1042' }),
    type: z.string().meta({ example: 'example.echo' }),
    status: jobStatusSchema.meta({ description: 'One of five words, the same that Go services see.' }),
    state: z.enum(JOB_STATES).meta({ description: 'Where it stands in the store; finer than `status`.' }),
    priority: z
      .number()
      .int()
      .meta({ description: '0 low, 1 normal, 2 high; more runs sooner.', example: 1 }),
    priorityName: z.enum(priorityNames),
    payload: z.unknown().meta({ description: 'What the handler gets.', example: { hello: 'world' } }),
    result: z.unknown().optional().meta({ description: 'What the handler returned.' }),
    error: z.string().optional().meta({ description: 'Why the last try failed.' }),
    errorCode: z.string().optional().meta({
      description:
        'Why it failed for good, to be matched: the code of the error, or `ERROR`, `STALLED`, `CHILD_FAILED`, `UNREADABLE_DOCUMENT`.',
      example: 'PAYLOAD_MISMATCH',
    }),
    cachedFrom: z
      .string()
      .optional()
      .meta({ description: 'The job whose result it was given instead of running.', example: 'order-1041' }),
    stacktrace: z
      .array(z.string())
      .optional()
      .meta({ description: 'Stack of each failed try, oldest first.' }),
    progress: z
      .union([z.number(), z.string(), z.boolean(), z.looseObject({}), z.array(z.unknown())])
      .meta({ description: '0 to 100, or what the handler reported.', example: 40 }),
    attempts: z.object({
      made: count.meta({ description: 'Tries that ended.' }),
      started: count.meta({ description: 'Tries that began.' }),
      max: count.meta({ description: 'Tries it has in all.' }),
    }),
    createdAt: time,
    startedAt: time.optional(),
    finishedAt: time.optional(),
    delayedUntil: time.meta({ description: 'When a delayed job becomes ready.' }).optional(),
    position: count
      .optional()
      .meta({ description: '1 = next. Only for a pending job that stands in the queue.' }),
    timeout: count
      .optional()
      .meta({ description: "Milliseconds a try may take; absent = the worker's default." }),
    batch: z.string().optional().meta({ description: 'Id of the batch it belongs to.' }),
    task: z.string().optional().meta({ description: 'Id of the task that it was started from.' }),
    worker: z.string().optional().meta({ description: 'Name of the worker that ran it last.' }),
    legacy: z.boolean().meta({ description: 'True when a Go service added it.' }),
    creator: z
      .string()
      .optional()
      .meta({ description: 'Name of the caller that created it through the API.', example: 'shop' }),
    tags: z
      .array(z.string())
      .optional()
      .meta({ description: 'Words that its creator gave it.', example: ['invoice', 'eu'] }),
    replayOf: z
      .string()
      .optional()
      .meta({ description: 'The finished job it is a copy of.', example: 'order-1041' }),
  })
  .meta({ id: 'Job' });

/** {@link JobView} for REST: its fields and what they mean to a client. */
export const jobSchema: z.ZodType<JobView> = jobObject;

/** A dead letter: the failed job, and until when it is kept. */
export const deadLetterSchema: z.ZodType<DeadLetter> = jobObject
  .extend({
    keptUntil: time
      .optional()
      .meta({ description: 'When it ends; absent = not before somebody removes it, or its parent goes on.' }),
  })
  .meta({ id: 'DeadLetter' });
