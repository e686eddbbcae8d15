import { z } from 'zod';
import { jobQueueParameter } from './job-queue.js';
import { knownId, priority } from './job-fields.js';
import { REST_LIMITS } from './limits.js';
import { jobFilterShape } from './list-jobs.js';
import { cursorParameters } from './page.js';

export const BULK_ACTIONS = ['retry', 'remove', 'promote', 'cancel'] as const;

const filter = z
  .strictObject({
    ...jobFilterShape,
    priority: priority.optional().meta({ description: 'As in the list of jobs.' }),
  })
  .refine(
    (given) => Object.values(given).some((value) => value !== undefined),
    'must name at least one thing',
  )
  .meta({
    description: 'Jobs to act on, as in the list of jobs; at least one field.',
    example: { status: 'failed', type: 'mail.*' },
  });

// Two steps, as for jobs that are created together.
const ids = z
  .array(z.unknown())
  .min(1)
  .max(REST_LIMITS.actionIds)
  .meta({
    description: `Jobs to act on, 1 to ${REST_LIMITS.actionIds}.`,
    example: ['order-1042'],
    items: { type: 'string', minLength: 1, maxLength: 1000 },
  })
  .pipe(z.array(knownId));

/** Body of `POST /api/jobs/actions`. */
export const bulkActionSchema = z
  .strictObject({
    action: z.enum(BULK_ACTIONS).meta({ description: 'As for a single job.', example: 'retry' }),
    filter: filter.optional(),
    ids: ids.optional(),
    queue: jobQueueParameter,
    dryRun: z
      .boolean()
      .default(false)
      .meta({ description: 'Only count the jobs that are meant, and name some.' }),
    limit: z.number().int().min(1).max(REST_LIMITS.actionJobs).default(REST_LIMITS.actionJobs).meta({
      description: 'Most jobs to act on.',
    }),
    cursor: cursorParameters.cursor.meta({
      description: 'Where to go on: `nextCursor` of the answer before, with the same filter.',
    }),
  })
  .refine(
    ({ filter: byFilter, ids: byIds }) => (byFilter === undefined) !== (byIds === undefined),
    'give either "filter" or "ids"',
  )
  .refine(({ ids: byIds, cursor }) => byIds === undefined || cursor === undefined, {
    path: ['cursor'],
    message: 'goes with a filter only',
  })
  .meta({ id: 'BulkAction' });

export type BulkActionRequest = z.output<typeof bulkActionSchema>;

const count = z.number().int().min(0);

/** Answer of `POST /api/jobs/actions`. */
export const bulkActionDoneSchema = z
  .object({
    action: z.enum(BULK_ACTIONS),
    dryRun: z.boolean(),
    matched: count.meta({ description: 'Jobs that fit; of `ids`, those that there are.', example: 12 }),
    done: count.meta({ description: 'Jobs it was done to; 0 in a dry run.', example: 10 }),
    skipped: count.meta({
      description: 'Jobs left alone, since their state does not allow it (any more).',
      example: 1,
    }),
    missing: count.meta({ description: 'Jobs that do not exist (any more).', example: 0 }),
    failed: count.meta({ description: 'Jobs it could not be done to.', example: 0 }),
    problems: z
      .array(
        z.object({
          id: z.string().meta({ example: 'order-1042' }),
          outcome: z.enum(['skipped', 'missing', 'failed']),
          reason: z
            .string()
            .optional()
            .meta({ description: 'The state that does not allow it, or the error.', example: 'running' }),
        }),
      )
      .meta({ description: 'The first 20 jobs it was not done to.' }),
    sample: z
      .array(z.string())
      .meta({ description: 'In a dry run: the first 20 jobs that fit.', example: [] }),
    more: z
      .boolean()
      .meta({ description: 'Whether there may be more: `limit`, or the time of a request, was reached.' }),
    nextCursor: z
      .string()
      .optional()
      .meta({ description: 'Give it as `cursor`, with the same filter, to go on.' }),
  })
  .meta({ id: 'BulkActionDone' });

export type BulkActionDone = z.output<typeof bulkActionDoneSchema>;
