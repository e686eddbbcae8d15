import { z } from 'zod';
import { cursorParameters, pageOf } from './page.js';
import { printableText } from './text.js';
import { givenTime } from './time.js';

/** How an action ended: done; refused (4xx); failed (5xx); aborted = the caller left before the answer. */
export const AUDIT_OUTCOMES = ['done', 'refused', 'failed', 'aborted'] as const;

export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Query of `GET /api/audit`. */
export const listAuditSchema = z
  .strictObject({
    ...cursorParameters,
    who: printableText(100).optional().meta({ description: 'Only actions of this caller.', example: 'ci' }),
    action: printableText(100).optional().meta({
      description: 'Only this action: an operationId of this API, or `board.<action>`.',
      example: 'actOnJob',
    }),
    outcome: z.enum(AUDIT_OUTCOMES).optional().meta({ description: 'Only those that ended so.' }),
    from: givenTime
      .optional()
      .meta({ description: 'Not before this time.', example: '2026-11-22T00:00:00Z' }),
    to: givenTime.optional().meta({ description: 'Before this time.', example: '2026-11-23T00:00:00Z' }),
  })
  .refine(({ from, to }) => !from || !to || Date.parse(from) < Date.parse(to), {
    path: ['to'],
    message: 'must be after from',
  });

export type ListAuditQuery = z.output<typeof listAuditSchema>;

/** One row of the audit log. */
export const auditEntrySchema = z
  .object({
    id: z.string().meta({ description: 'Number of the row.', example: '1042' }),
    at: z.iso.datetime().meta({ description: 'When the request came.', example: '2026-11-22T21:40:00.000Z' }),
    who: z.string().meta({ description: 'Name of the caller.', example: 'ci' }),
    role: z.string().optional().meta({ description: 'The role of the caller then.', example: 'operator' }),
    via: z.string().optional().meta({ description: '`key` or `session`.', example: 'key' }),
    action: z.string().meta({ description: 'operationId, or `board.<action>`.', example: 'actOnJob' }),
    method: z.string().meta({ example: 'POST' }),
    path: z.string().meta({ description: 'Without the query.', example: '/api/jobs/7/action' }),
    target: z.record(z.string(), z.string()).meta({
      description: 'What was acted on: parameters of the path, the queue, the address of what was created.',
      example: { id: '7' },
    }),
    what: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({
        description:
          'What was asked for: fields of the body, shortened; of a list how many entries and the first ten. `omitted` names those that ' +
          'were given and are not kept, such as payloads.',
        example: { action: 'retry' },
      }),
    outcome: z.enum(AUDIT_OUTCOMES).meta({ example: 'done' }),
    status: z.number().int().meta({ description: 'The HTTP status.', example: 200 }),
    code: z
      .string()
      .optional()
      .meta({ description: '`code` of the problem document.', example: 'JOB_NOT_FOUND' }),
    address: z
      .string()
      .optional()
      .meta({ description: 'Where the request came from.', example: '127.0.0.1' }),
    userAgent: z.string().optional().meta({ example: 'curl/8.5.0' }),
    requestId: z.string().meta({ description: 'The same as in the X-Request-Id header.' }),
  })
  .meta({ id: 'AuditEntry' });

export type AuditEntryView = z.output<typeof auditEntrySchema>;

/** Answer of `GET /api/audit`: the newest first. */
export const auditPageSchema = pageOf(auditEntrySchema).meta({ id: 'AuditPage' });
