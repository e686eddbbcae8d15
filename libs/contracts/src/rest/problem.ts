import { z } from 'zod';

/** Media type of {@link Problem}. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** One thing that is wrong with a request. */
export const fieldErrorSchema = z.object({
  path: z
    .string()
    .meta({ description: 'Dotted path of the field; empty = the whole body or query.', example: 'delay' }),
  message: z.string().meta({ example: 'Too big: expected number to be <=2592000000' }),
});

export type FieldError = z.output<typeof fieldErrorSchema>;

/** Every error of the API: a problem document (RFC 9457). */
export const problemSchema = z
  .object({
    type: z
      .string()
      .meta({ description: 'URI of the kind of problem.', example: 'urn:drover:problem:job-not-found' }),
    title: z.string().meta({ description: 'The kind of problem, in words.', example: 'No such job' }),
    status: z.number().int().meta({ description: 'The HTTP status.', example: 404 }),
    detail: z.string().meta({ description: 'What happened this time.', example: 'job 7 does not exist' }),
    instance: z.string().meta({ description: 'The path that was asked for.', example: '/api/jobs/7' }),
    code: z
      .string()
      .meta({ description: 'Stable name of the kind, to be matched.', example: 'JOB_NOT_FOUND' }),
    requestId: z.string().meta({ description: 'The same as in the X-Request-Id header, and in the log.' }),
    errors: z
      .array(fieldErrorSchema)
      .optional()
      .meta({ description: 'What is wrong with the request, field by field.' }),
  })
  .meta({ id: 'Problem' });

export type Problem = z.output<typeof problemSchema>;
