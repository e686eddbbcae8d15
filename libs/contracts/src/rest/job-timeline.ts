import { z } from 'zod';

const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' });

export const TIMELINE_EVENTS = [
  'created',
  'delayed',
  'waiting',
  'waiting-children',
  'started',
  'attempt-failed',
  'stalled',
  'completed',
  'failed',
  'cancelled',
] as const;

/** One thing that happened to a job, or (`delayed`, `waiting`) that it does now. */
export const timelineEntrySchema = z
  .object({
    event: z.enum(TIMELINE_EVENTS).meta({ example: 'attempt-failed' }),
    at: time.optional().meta({ description: 'When; absent where only the order is known.' }),
    attempt: z
      .number()
      .int()
      .min(1)
      .optional()
      .meta({ description: 'The attempt it belongs to, from 1.', example: 1 }),
    until: time.optional().meta({ description: 'Of `delayed`: when the job becomes ready.' }),
    durationMs: z
      .number()
      .int()
      .min(0)
      .optional()
      .meta({ description: 'How long the attempt took.', example: 812 }),
    error: z.string().optional().meta({ example: 'connect ECONNREFUSED 127.0.0.1:25' }),
    errorCode: z.string().optional().meta({ example: 'SMTP_REFUSED' }),
    stack: z.string().optional().meta({ description: 'Stack of the error.' }),
    worker: z.string().optional().meta({ description: 'Worker that ran the attempt.', example: 'w-1' }),
    count: z.number().int().min(1).optional().meta({ description: 'Of `stalled`: how often.' }),
  })
  .meta({ id: 'TimelineEntry' });

/** Answer of `GET /api/jobs/:id/timeline`. */
export const jobTimelineSchema = z
  .object({
    id: z.string().meta({ example: 'order-1042' }),
    items: z.array(timelineEntrySchema).meta({ description: 'What happened, in order.' }),
    isComplete: z.boolean().meta({ description: 'Whether all that happened is known, with its times.' }),
  })
  .meta({ id: 'JobTimeline' });

export type TimelineEntry = z.output<typeof timelineEntrySchema>;
export type JobTimeline = z.output<typeof jobTimelineSchema>;
