import { z } from 'zod';
import { jobQueueParameter } from './job-queue.js';
import { priorityParameter, tag } from './job-fields.js';
import { jobSchema, jobStatusSchema } from './job.js';
import { REST_DEFAULTS, REST_LIMITS } from './limits.js';
import { cursorParameters } from './page.js';
import { printableText } from './text.js';
import { givenTime } from './time.js';

const page = z.coerce.number().int().min(1).max(REST_LIMITS.page);
const pageSize = z.coerce.number().int().min(1).max(REST_LIMITS.pageSize);

/** Which jobs are meant: all that is given must fit. */
export const jobFilterShape = {
  status: jobStatusSchema.optional().meta({ description: 'Only jobs of this status.' }),
  type: printableText(REST_LIMITS.typeLength)
    .refine((text) => text.split('*').length <= 6, 'may have at most 5 asterisks')
    .optional()
    .meta({ description: 'Only jobs of this type; `*` stands for anything: `mail.*`.', example: 'mail.*' }),
  creator: printableText(REST_LIMITS.idLength)
    .optional()
    .meta({ description: 'Only jobs that this caller created through the API.', example: 'shop' }),
  tag: tag.optional().meta({ description: 'Only jobs with this tag.', example: 'invoice' }),
  createdAfter: givenTime
    .optional()
    .meta({ description: 'Only jobs created then or later.', example: '2026-03-01T00:00:00Z' }),
  createdBefore: givenTime
    .optional()
    .meta({ description: 'Only jobs created before then.', example: '2026-03-02T00:00:00Z' }),
  error: printableText(REST_LIMITS.errorText).optional().meta({
    description: 'Only jobs whose last failure says this somewhere; upper and lower case are the same.',
    example: 'ECONNREFUSED',
  }),
};

/** Query of `GET /api/jobs`. */
export const listJobsSchema = z
  .strictObject({
    page: page.optional().meta({ description: `Counted from 1; without it ${REST_DEFAULTS.page}.` }),
    pageSize: pageSize.optional().meta({
      description: `Jobs on a page; without it ${REST_DEFAULTS.pageSize}. Not with \`cursor\` or \`limit\`.`,
    }),
    cursor: cursorParameters.cursor,
    limit: cursorParameters.limit
      .unwrap()
      .optional()
      .meta({
        description: `Most jobs of a page; asks for pages with cursors. Without it ${REST_DEFAULTS.pageSize}.`,
      }),
    ...jobFilterShape,
    priority: priorityParameter.optional().meta({
      description:
        'Only jobs of this priority: a name stands for its band (`high` for 2 and more, `low` for 0 and less).',
      example: 'high',
    }),
    queue: jobQueueParameter,
  })
  .refine(
    ({ cursor, limit, page: number, pageSize: size }) =>
      (cursor ?? limit) === undefined || (number ?? size) === undefined,
    {
      path: ['page'],
      message: 'pages are counted either by page and pageSize, or by cursor and limit',
    },
  );

export type ListJobsQuery = z.output<typeof listJobsSchema>;

/** Answer of `GET /api/jobs`: one page, by number or by cursor. */
export const jobPageSchema = z
  .object({
    items: z.array(jobSchema),
    page: z.number().int().min(1).optional().meta({ description: 'Only of pages by number.', example: 1 }),
    pageSize: z
      .number()
      .int()
      .min(1)
      .optional()
      .meta({ description: 'Only of pages by number.', example: 20 }),
    total: z
      .number()
      .int()
      .min(0)
      .optional()
      .meta({ description: 'Jobs on all pages together; only of pages by number.', example: 1 }),
    nextCursor: z
      .string()
      .optional()
      .meta({ description: 'Give it as `cursor` to get the next page; absent at the end.' }),
    isPartial: z
      .boolean()
      .optional()
      .meta({
        description:
          'True when the request had looked at as many jobs as one may before the page was full: there may be more behind `nextCursor`, ' +
          'and `total` counts only what was found.',
      }),
  })
  .meta({ id: 'JobPage' });

export type JobPage = z.output<typeof jobPageSchema>;
