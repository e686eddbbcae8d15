import { z } from 'zod';
import { jobQueueParameter } from './job-queue.js';
import { REST_LIMITS } from './limits.js';
import { cursorParameters, pageOf } from './page.js';
import { printableText } from './text.js';

const count = z.number().min(0);
const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' });

/** Path parameters of a worker. */
export const workerPathSchema = z.strictObject({
  id: printableText(REST_LIMITS.workerIdLength).meta({
    description: "The worker's id, percent-encoded.",
    example: 'host-7:4711:c0ffee',
  }),
});

export type WorkerPath = z.output<typeof workerPathSchema>;

/** A worker as its last heartbeat tells. */
export const workerViewSchema = z
  .object({
    id: z.string().meta({ example: 'host-7:4711:c0ffee' }),
    legacy: z.boolean().meta({ description: 'True for one that is none of Drover: it cannot be drained.' }),
    language: z.string().meta({ description: '`unknown` where it does not say.', example: 'typescript' }),
    version: z.string().optional().meta({ example: '0.1.0' }),
    status: z.string().meta({ description: '`idle`, `busy`, `stopping`, or what it says.', example: 'busy' }),
    queue: z.string().optional().meta({ description: 'Queue it serves, where it says.', example: 'jobs' }),
    types: z.array(z.string()).meta({ description: 'Job types it runs.', example: ['example.echo'] }),
    slots: count.optional().meta({ description: 'Jobs it runs at once at most.', example: 10 }),
    currentJobs: z.array(z.string()).meta({ description: 'Ids of jobs it runs, up to 100 of them.' }),
    running: count.meta({ description: 'How many jobs it runs.' }),
    processed: count.meta({ description: 'Runs that ended since it started.' }),
    succeeded: count,
    failed: count,
    uptimeSeconds: count,
    lastHeartbeat: time.optional(),
    draining: z.boolean().meta({
      description: 'It has acknowledged that it is to be drained: it finishes what runs and claims no more.',
    }),
    drainRequested: z
      .boolean()
      .meta({ description: 'Somebody asked for it to be drained, and nobody undid it.' }),
  })
  .meta({ id: 'Worker' });

export type WorkerView = z.output<typeof workerViewSchema>;

/** Query of `GET /api/workers`. */
export const listWorkersSchema = z.strictObject({
  ...cursorParameters,
  queue: jobQueueParameter.meta({ description: 'Only workers that say they serve this queue.' }),
});

export type ListWorkersQuery = z.output<typeof listWorkersSchema>;

/** Answer of `GET /api/workers`. */
export const workerPageSchema = pageOf(workerViewSchema)
  .extend({
    total: z.number().int().min(0).meta({ description: 'Workers that fit, as far as they are known.' }),
    complete: z.boolean().meta({
      description:
        'False while legacy workers are still being looked for among the keys of Redis: ask again in a second. ' +
        "Drover's own are always all there.",
    }),
  })
  .meta({ id: 'Workers' });

export type WorkerPage = z.output<typeof workerPageSchema>;
