import { z } from 'zod';
import { queueNameSchema } from '../queue-name.js';
import { createJobSchema } from './create-job.js';
import { REST_LIMITS } from './limits.js';

const item = createJobSchema.omit({ queue: true });
const itemJson: Record<string, unknown> = z.toJSONSchema(item.meta({ id: undefined }), { io: 'input' });
delete itemJson['$schema'];

// Two steps: how many there are is looked at before what they are, else a body of millions of wrong items would give as many errors.
const jobs = z
  .array(z.unknown())
  .min(1)
  .max(REST_LIMITS.bulkJobs)
  .meta({
    description: `1 to ${REST_LIMITS.bulkJobs} jobs, each as in \`POST /api/jobs\`.`,
    example: [{ type: 'example.echo', payload: { n: 1 } }],
    items: itemJson,
  })
  .pipe(z.array(item))
  .superRefine((all, context) => {
    const seen = new Set<string>();
    all.forEach(({ id }, at) => {
      if (id === undefined) return;
      if (seen.has(id))
        context.addIssue({ code: 'custom', path: [at, 'id'], message: 'stands twice in this request' });
      seen.add(id);
    });
  });

/** Body of `POST /api/jobs/bulk`. */
export const bulkJobsSchema = z
  .strictObject({
    jobs,
    queue: queueNameSchema.optional().meta({
      description: 'Queue that all of them go to. Without it each goes where a single job of its type would.',
      example: 'jobs',
    }),
    onConflict: z.enum(['fail', 'skip']).default('fail').meta({
      description: 'When ids are taken: `fail` adds nothing, `skip` adds all others.',
    }),
  })
  .meta({ id: 'BulkJobs' });

export type BulkJobsRequest = z.output<typeof bulkJobsSchema>;

/** Answer of `POST /api/jobs/bulk`. */
export const bulkJobsAddedSchema = z
  .object({
    ids: z
      .array(z.string())
      .meta({ description: 'Ids in the order of the request.', example: ['order-1042'] }),
    created: z.number().int().min(0).meta({ description: 'Jobs that were added.', example: 1 }),
    skipped: z.array(z.object({ index: z.number().int().min(0), id: z.string() })).meta({
      description: 'Jobs that were left out since their ids are taken; `index` counts from 0.',
      example: [],
    }),
  })
  .meta({ id: 'BulkJobsAdded' });

export type BulkJobsAdded = z.output<typeof bulkJobsAddedSchema>;
