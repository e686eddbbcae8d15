import { z } from 'zod';
import { jobQueueParameter } from './job-queue.js';
import { jobSchema, jobStatusSchema } from './job.js';
import { REST_DEFAULTS, REST_LIMITS } from './limits.js';
import { printableText } from './text.js';

const page = z.coerce.number().int().min(1).max(REST_LIMITS.page);
const pageSize = z.coerce.number().int().min(1).max(REST_LIMITS.pageSize);

/** Query of `GET /api/jobs`. */
export const listJobsSchema = z.strictObject({
  page: page.default(REST_DEFAULTS.page).meta({ description: 'Counted from 1.' }),
  pageSize: pageSize.default(REST_DEFAULTS.pageSize).meta({ description: 'Jobs on a page.' }),
  status: jobStatusSchema.optional().meta({ description: 'Only jobs of this status.' }),
  type: printableText(REST_LIMITS.typeLength).optional().meta({ description: 'Only jobs of this type.' }),
  queue: jobQueueParameter,
});

export type ListJobsQuery = z.output<typeof listJobsSchema>;

/** Answer of `GET /api/jobs`: one page, and how many jobs fit the filter in all. */
export const jobPageSchema = z
  .object({
    items: z.array(jobSchema),
    page: z.number().int().min(1).meta({ example: 1 }),
    pageSize: z.number().int().min(1).meta({ example: 20 }),
    total: z.number().int().min(0).meta({ description: 'Jobs on all pages together.', example: 1 }),
  })
  .meta({ id: 'JobPage' });

export type JobPage = z.output<typeof jobPageSchema>;
