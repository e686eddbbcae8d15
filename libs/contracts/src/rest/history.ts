import { z } from 'zod';
import { queueNameSchema } from '../queue-name.js';
import { PRIORITIES, type PriorityName } from '../priority.js';
import { jobStatusSchema } from './job.js';
import { REST_LIMITS } from './limits.js';
import { cursorParameters, pageOf } from './page.js';
import { printableText } from './text.js';
import { givenTime } from './time.js';

const priorityNames = Object.keys(PRIORITIES) as [PriorityName, ...PriorityName[]];
const count = z.number().int().min(0);
const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' });
const from = (what: string) =>
  givenTime.optional().meta({ description: `Only jobs ${what} at this time or later.` });
const to = (what: string) =>
  givenTime.optional().meta({ description: `Only jobs ${what} before this time.` });

const filters = {
  queue: queueNameSchema.optional().meta({ description: 'Only jobs of this queue. Without it: of all.' }),
  status: jobStatusSchema.optional().meta({ description: 'Only jobs of this status.' }),
  type: printableText(REST_LIMITS.typeLength).optional().meta({ description: 'Only jobs of this type.' }),
  priority: z.enum(priorityNames).optional().meta({
    description: 'Only jobs of this priority; those above high count as high, those below low as low.',
  }),
  creator: printableText(200).optional().meta({ description: 'Only jobs of this creator.' }),
  tag: printableText(200).optional().meta({ description: 'Only jobs with this tag.' }),
  batch: printableText(200).optional().meta({ description: 'Only jobs of this batch.' }),
  createdFrom: from('created'),
  createdTo: to('created'),
  finishedFrom: from('finished'),
  finishedTo: to('finished'),
  error: printableText(200).optional().meta({
    description:
      'Only jobs whose error has all these words; `"two words"` for a phrase, `-word` for one it has not.',
    example: 'timeout -dns',
  }),
};

/** Query of `GET /api/history`. */
export const listHistorySchema = z.strictObject({ ...filters, ...cursorParameters });
export type ListHistoryQuery = z.output<typeof listHistorySchema>;

/** Query of `GET /api/history/count`. */
export const countHistorySchema = z.strictObject(filters);
export type HistoryFilter = z.output<typeof countHistorySchema>;

/** Query of `GET /api/history/export`. */
export const exportHistorySchema = z.strictObject({
  ...filters,
  format: z
    .enum(['csv', 'ndjson'])
    .meta({ description: 'CSV with a header, or one JSON object in each line.' }),
});
export type ExportHistoryQuery = z.output<typeof exportHistorySchema>;

/** Query of `GET /api/history/:id`. */
export const findHistorySchema = z.strictObject({
  queue: queueNameSchema.optional().meta({ description: 'Queue of the job. Without it: `QUEUE_NAME`.' }),
});
export type FindHistoryQuery = z.output<typeof findHistorySchema>;

/** A job as the history lists it. */
export const historyItemSchema = z
  .object({
    queue: z.string().meta({ example: 'jobs' }),
    id: z.string().meta({ example: 'order-1042' }),
    type: z
      .string()
      .optional()
      .meta({ description: 'Absent when nobody could see it.', example: 'example.echo' }),
    status: jobStatusSchema.meta({ description: 'As it was seen last.' }),
    state: z.string().meta({
      description: 'Finer than `status`; `unknown` when Redis forgot the job and nobody saw how it ended.',
      example: 'completed',
    }),
    priority: z.number().int().optional().meta({ example: 1 }),
    priorityName: z.enum(priorityNames).optional(),
    omitted: z
      .array(z.string())
      .optional()
      .meta({
        description: 'Which of `payload` and `result` are not kept: larger than 256 KiB.',
        example: ['payload'],
      }),
    error: z.string().optional(),
    errorCode: z.string().optional(),
    attempts: z.object({ made: count.optional(), started: count.optional(), max: count.optional() }),
    createdAt: time,
    startedAt: time.optional().meta({ description: 'When the last try began.' }),
    finishedAt: time.optional(),
    removedAt: time.optional().meta({ description: 'When it was removed, or noticed to be gone.' }),
    queueMs: count
      .optional()
      .meta({ description: 'From when it could start to its first start, in ms.', example: 12 }),
    runMs: count.optional().meta({ description: 'From its last start to its end, in ms.', example: 340 }),
    creator: z.string().optional(),
    tags: z.array(z.string()).optional(),
    batch: z.string().optional(),
    worker: z.string().optional(),
    language: z
      .enum(['go', 'ts'])
      .optional()
      .meta({ description: '`go` when a legacy service added or ran it.' }),
    legacy: z.boolean().optional(),
    partial: z
      .literal(true)
      .optional()
      .meta({ description: 'Redis had forgotten it before it could be read: known from events only.' }),
  })
  .meta({ id: 'HistoryItem' });
export type HistoryItem = z.output<typeof historyItemSchema>;

/** Answer of `GET /api/history`. */
export const historyPageSchema = pageOf(historyItemSchema).meta({ id: 'HistoryPage' });

const timelineEntrySchema = z.object({
  at: time,
  event: z.string().meta({ example: 'active' }),
  attempt: count
    .optional()
    .meta({ description: 'Of an `active`: which start of the job it is.', example: 1 }),
  detail: z
    .string()
    .optional()
    .meta({ description: 'State before, time until which it is delayed, or reason.' }),
});

/** Answer of `GET /api/history/:id`. */
export const historyJobSchema = historyItemSchema
  .extend({
    payload: z.unknown().optional(),
    result: z.unknown().optional(),
    progress: z.unknown().optional(),
    stacktrace: z.array(z.string()).optional(),
    timeline: z.array(timelineEntrySchema).meta({
      description: 'What happened to it, oldest first; of a job with very many tries, the first of them.',
    }),
  })
  .meta({ id: 'HistoryJob' });
export type HistoryJob = z.output<typeof historyJobSchema>;

/** Answer of `GET /api/history/count`. */
export const historyCountSchema = z.object({ count }).meta({ id: 'HistoryCount' });
